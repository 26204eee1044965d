"""A backup comes back as it was, whatever happens around it."""

import asyncio
import hashlib
import os
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from iotistic.config import Endpoint
from iotistic.database import locks
from iotistic.database.errors import LockNotAvailable
from iotistic.database.pool import connect
from iotistic.operations.backups import (
    BackupRecords,
    BackupStore,
    Manifest,
    Progress,
    Restoration,
    drill,
    drop_aside,
    list_aside,
    restore_tables,
)
from iotistic.operations.backups.aside import AsideNotFound
from iotistic.operations.backups.comparison import compare, count_and_analyze
from iotistic.operations.backups.errors import (
    BackupDamaged,
    BackupDiffers,
    BackupNotFound,
    DatabaseExists,
    RestoreBlocked,
    TableUnknown,
)
from tests.integration.operations.backups.conftest import Saved
from tests.support.databases import Databases


def restored_name(saved: Saved) -> str:
    return f"{saved.database.name}_restored"


async def exists(saved: Saved, name: str) -> bool:
    found = await saved.rows(f"SELECT 1 FROM pg_database WHERE datname = '{name}'", database="postgres")
    return bool(found)


async def test_a_backup_comes_back_with_every_row_as_it_was(saved: Saved) -> None:
    manifest = await saved.backup()
    outcome = await saved.restoration(manifest).into(restored_name(saved))
    assert outcome.rows == manifest.rows
    query = 'SELECT md5(string_agg(t::text, \'|\' ORDER BY id)) FROM "Odd ""Name" AS t'
    assert await saved.rows(query) == await saved.rows(query, database=restored_name(saved))


async def test_a_restore_tells_how_far_it_is(saved: Saved) -> None:
    manifest, told = await saved.backup(digests=False), list[Progress]()
    restoration = Restoration(saved.database.superuser, saved.store, manifest, observe=told.append)
    await restoration.into(restored_name(saved))
    done = [each.bytes_done for each in told]
    assert done == sorted(done)
    assert {each.bytes_total for each in told} == {manifest.database_bytes}


async def test_identity_values_go_on_after_the_last_one(saved: Saved) -> None:
    await saved.restoration(await saved.backup()).into(restored_name(saved))
    added = await saved.rows(
        'INSERT INTO "Odd ""Name" DEFAULT VALUES RETURNING id', database=restored_name(saved)
    )
    assert added == [(201,)]


async def test_the_manifest_names_each_leaf_and_tables_without_rows(saved: Saved) -> None:
    manifest = await saved.backup()
    rows = {table.name: table.rows for table in manifest.tables}
    assert (rows["samples_1"], rows["samples_2"], rows["empty_one"]) == (500, 500, 0)
    assert "samples" not in rows


async def test_rows_written_during_the_dump_change_nothing(saved: Saved) -> None:
    """The counts are taken on the dump's own snapshot: compared with the live database they would differ."""
    stop = asyncio.Event()

    async def write() -> int:
        writer = await connect(
            saved.database.endpoint("owner"), saved.database.name, application_name="test", autocommit=True
        )
        written = 0
        while not stop.is_set():
            await writer.execute(
                "INSERT INTO samples SELECT date '2026-01-01', n FROM generate_series(1, 50) AS n"
            )
            written += 50
        await writer.close()
        return written

    writing = asyncio.create_task(write())
    manifest = await saved.backup()
    stop.set()
    assert await writing > 0
    outcome = await saved.restoration(manifest).into(restored_name(saved))
    assert outcome.rows == manifest.rows


async def test_a_partitioned_table_named_alone_brings_its_leaves(saved: Saved) -> None:
    manifest = await saved.backup("samples")
    assert {table.name: table.rows for table in manifest.tables} == {"samples_1": 500, "samples_2": 500}
    outcome = await saved.restoration(manifest).into(restored_name(saved))
    assert outcome.rows == 1000
    assert await saved.rows("SELECT count(*) FROM samples", database=restored_name(saved)) == [(1000,)]


async def test_a_table_that_does_not_exist_is_named_and_nothing_is_left(saved: Saved) -> None:
    with pytest.raises(TableUnknown, match="nowhere"):
        await saved.backup("samples", "nowhere")
    assert list(saved.store.root.rglob("*.json")) == []
    assert saved.store.list() == []


async def test_everything_is_private(saved: Saved) -> None:
    manifest = await saved.backup()
    folder = saved.store.folder_of(manifest)
    modes = {path.stat().st_mode & 0o077 for path in [folder, *folder.rglob("*")]}
    assert modes == {0}


async def test_no_secret_of_a_role_is_in_the_backup(saved: Saved) -> None:
    folder = saved.store.folder_of(await saved.backup())
    assert "SCRAM" not in (folder / "roles.sql").read_text()


@pytest.mark.parametrize("part", ["dump/toc.dat", "roles.sql", "manifest.json"])
async def test_a_single_flipped_bit_is_found_and_nothing_is_restored(saved: Saved, part: str) -> None:
    manifest = await saved.backup()
    path = saved.store.folder_of(manifest) / part
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BackupDamaged):
        await saved.restoration(saved.store.get(manifest.id)).into(restored_name(saved))
    assert not await exists(saved, restored_name(saved))


async def test_each_data_file_is_checked(saved: Saved) -> None:
    manifest = await saved.backup()
    data = next(file for file in manifest.files if ".dat" in file.path and "toc" not in file.path)
    (saved.store.folder_of(manifest) / data.path).unlink()
    with pytest.raises(BackupDamaged, match="is missing"):
        saved.store.check(manifest)


async def test_a_database_that_differs_from_the_manifest_is_not_kept(saved: Saved) -> None:
    manifest = await saved.backup()
    lying = replace(
        manifest,
        tables=tuple(replace(t, rows=501) if t.name == "samples_1" else t for t in manifest.tables),
    )
    _reseal(saved, lying)
    with pytest.raises(BackupDiffers, match="samples_1 has 500 rows instead of 501"):
        await saved.restoration(saved.store.get(manifest.id)).into(restored_name(saved))
    assert not await exists(saved, restored_name(saved))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("DELETE FROM samples WHERE value = 77", ["samples_2 has 499 rows instead of 500"]),
        ("INSERT INTO empty_one VALUES (1)", ["empty_one has 1 rows instead of 0"]),
        ("UPDATE samples SET value = -1 WHERE value = 77", ["samples_2 has as many rows with other content"]),
        ("TRUNCATE samples", ["samples_1 has 0 rows instead of 500", "samples_2 has 0 rows instead of 500"]),
        ("DROP TABLE empty_one", ["empty_one is missing"]),
    ],
)
async def test_what_is_missing_or_too_much_in_a_loaded_database_is_found(
    saved: Saved, damage: str, told: list[str]
) -> None:
    manifest = await saved.backup()
    await saved.rows(damage)
    found = await count_and_analyze(saved.inside, manifest.tables, jobs=2)
    assert compare(manifest.tables, found) == told


async def test_a_restored_database_has_statistics_of_parents_and_leaves(saved: Saved) -> None:
    """Autovacuum never takes those of a parent, and without them the planner guesses."""
    await saved.restoration(await saved.backup()).into(restored_name(saved))
    known = await saved.rows(
        "SELECT tablename::text, inherited FROM pg_stats WHERE attname = 'value' ORDER BY 1",
        database=restored_name(saved),
    )
    assert known == [("samples", True), ("samples_1", False), ("samples_2", False)]


async def test_the_digest_finds_other_content_in_as_many_rows(saved: Saved) -> None:
    manifest = await saved.backup()
    wrong = replace(
        manifest,
        tables=tuple(replace(t, digest="1") if t.name == "samples_2" else t for t in manifest.tables),
    )
    _reseal(saved, wrong)
    with pytest.raises(BackupDiffers, match="samples_2 has as many rows with other content"):
        await saved.restoration(saved.store.get(manifest.id)).into(restored_name(saved))


def _reseal(saved: Saved, manifest: Manifest) -> None:
    folder = saved.store.folder_of(manifest)
    text = msgspec.json.encode(manifest)
    (folder / "manifest.json").write_bytes(text)
    (folder / "manifest.sha256").write_text(hashlib.sha256(text).hexdigest() + "\n")


async def test_a_restore_writes_into_no_database_that_exists(saved: Saved) -> None:
    manifest = await saved.backup()
    with pytest.raises(DatabaseExists):
        await saved.restoration(manifest).into(saved.database.name)


async def test_a_restore_replaces_a_database_in_use_and_puts_it_aside(saved: Saved) -> None:
    name = saved.database.name
    await saved.rows(f'ALTER DATABASE {name} SET search_path = "$user", public, "Odd One"')
    await saved.rows(f"ALTER ROLE iotistic_app IN DATABASE {name} SET work_mem = '7MB'")
    manifest = await saved.backup()
    await saved.rows("INSERT INTO samples VALUES ('2026-01-01', -1)")
    visitor = await connect(saved.database.superuser, name, application_name="visitor", autocommit=True)

    outcome = await saved.restoration(manifest).replace(name)

    assert await saved.rows("SELECT count(*) FROM samples") == [(1000,)]
    assert await saved.rows("SHOW search_path") == [('"$user", public, "Odd One"',)]
    app = await connect(saved.database.endpoint("app"), name, application_name="test", autocommit=True)
    assert await (await app.execute("SHOW work_mem")).fetchone() == ("7MB",)
    await app.close()
    assert outcome.put_aside is not None
    (aside,) = await list_aside(saved.database.superuser)
    assert aside.name == outcome.put_aside
    with suppress(Exception):
        await visitor.execute("SELECT 1")
    assert visitor.closed
    await drop_aside(saved.database.superuser, outcome.put_aside)
    assert not await exists(saved, outcome.put_aside)


async def test_only_a_database_that_was_put_aside_can_be_dropped(saved: Saved) -> None:
    with pytest.raises(AsideNotFound):
        await drop_aside(saved.database.superuser, saved.database.name)
    assert await exists(saved, saved.database.name)


async def test_a_backup_of_single_tables_replaces_no_database(saved: Saved) -> None:
    manifest = await saved.backup("samples")
    with pytest.raises(RestoreBlocked, match="holds only samples"):
        await saved.restoration(manifest).replace(saved.database.name)


async def test_while_a_migration_holds_the_lock_nothing_is_swapped(saved: Saved) -> None:
    manifest = await saved.backup()
    holder = await connect(
        saved.database.endpoint("owner"), saved.database.name, application_name="test", autocommit=True
    )
    async with locks.hold(holder, locks.LockKey.OPERATIONS):
        with pytest.raises(LockNotAvailable):
            await saved.restoration(manifest).replace(saved.database.name)
        assert (await (await holder.execute("SELECT 1")).fetchone()) == (1,)
    await holder.close()
    assert await saved.rows("SELECT count(*) FROM samples") == [(1000,)]


async def test_a_missing_role_is_named_before_anything_is_made(saved: Saved) -> None:
    manifest = replace(await saved.backup(), roles=("nobody_here",))
    with pytest.raises(RestoreBlocked, match="nobody_here"):
        await saved.restoration(manifest).into(restored_name(saved))
    assert not await exists(saved, restored_name(saved))


async def test_a_backup_of_a_newer_server_is_refused(saved: Saved) -> None:
    manifest = replace(await saved.backup(), server_version=990000)
    with pytest.raises(RestoreBlocked, match="PostgreSQL 99"):
        await saved.restoration(manifest).into(restored_name(saved))


async def test_single_tables_come_back_into_a_schema_of_their_own(saved: Saved) -> None:
    manifest = await saved.backup()
    await saved.rows("TRUNCATE samples")
    schema, copied = await restore_tables(
        saved.restoration(manifest),
        saved.database.superuser,
        manifest,
        saved.database.name,
        ["samples", 'Odd "Name'],
    )
    assert copied == {"samples": 1000, 'Odd "Name': 200}
    assert await saved.rows(f'SELECT count(*) FROM {schema}."Odd ""Name"') == [(200,)]
    assert await saved.rows("SELECT count(*) FROM samples") == [(0,)]


async def test_a_second_look_at_a_backup_gets_a_schema_beside_the_first(saved: Saved) -> None:
    manifest = await saved.backup(digests=False)
    for expected in ("restored", "restored", "restored"):
        schema, _ = await restore_tables(
            saved.restoration(manifest),
            saved.database.superuser,
            manifest,
            saved.database.name,
            ["empty_one"],
        )
        assert schema.startswith(expected)
    found = await saved.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'restored%' ORDER BY 1")
    first = str(found[0][0])
    assert found == [(first,), (f"{first}_2",), (f"{first}_3",)]


async def test_a_table_that_is_not_in_the_backup_is_refused_before_anything_is_loaded(saved: Saved) -> None:
    manifest, told = await saved.backup(digests=False), list[str]()
    restoration = Restoration(saved.database.superuser, saved.store, manifest, narrate=told.append)
    with pytest.raises(TableUnknown, match="no table nowhere, sample in this backup"):
        await restore_tables(
            restoration,
            saved.database.superuser,
            manifest,
            saved.database.name,
            ["samples", "public.empty_one", "nowhere", "sample"],
        )
    assert not [line for line in told if line.startswith("loading")]


async def test_a_damaged_manifest_hides_no_other_backup(saved: Saved) -> None:
    older, newer = await saved.backup(digests=False), await saved.backup(digests=False)
    name = saved.database.name
    (saved.store.folder_of(older) / "manifest.json").write_text("{}")
    assert saved.store.list(name) == [newer]
    assert [each.id for each in saved.store.unreadable(name)] == [older.id]
    assert saved.store.get("latest", name) == newer
    assert (await saved.backup(digests=False)).id in {each.id for each in saved.store.list(name)}
    with pytest.raises(BackupDamaged):
        saved.store.get(older.id)


async def test_latest_is_not_silently_an_older_one_where_the_newest_is_damaged(saved: Saved) -> None:
    older, newer = await saved.backup(digests=False), await saved.backup(digests=False)
    (saved.store.folder_of(newer) / "manifest.json").write_text("{}")
    with pytest.raises(BackupDamaged, match=newer.id) as caught:
        saved.store.get("latest", saved.database.name)
    assert older.id in (caught.value.hint or "")


async def test_a_backup_much_smaller_than_the_one_before_says_so(saved: Saved) -> None:
    first = await saved.backup(digests=False)
    await saved.rows('TRUNCATE samples, "Odd ""Name"')
    second = await saved.backup(digests=False)
    assert first.warnings == ()
    assert first.id in second.warnings[0]


async def test_a_name_that_no_backup_has_is_refused(saved: Saved) -> None:
    with pytest.raises(BackupNotFound):
        saved.store.get("latest", saved.database.name)
    with pytest.raises(BackupNotFound):
        saved.store.get("../../etc", saved.database.name)


_KILLED = """
import asyncio, sys
from pathlib import Path
from iotistic.config import Endpoint
from iotistic.operations.backups import BackupOrder, BackupStore, create_backup
from iotistic.secret import Secret
host, port, user, password, database, folder = sys.argv[1:]
endpoint = Endpoint(hosts=((host, int(port)),), user=user, password=Secret(password))
asyncio.run(create_backup(endpoint, BackupStore(Path(folder)), BackupOrder(database=database)))
"""


async def _start_backup(saved: Saved, endpoint: Endpoint) -> asyncio.subprocess.Process:
    assert endpoint.password is not None
    host, port = endpoint.hosts[0]
    words = [
        host,
        str(port),
        endpoint.user,
        endpoint.password.reveal(),
        saved.database.name,
        str(saved.store.root),
    ]
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", _KILLED, *words, start_new_session=True, stderr=asyncio.subprocess.DEVNULL
    )


def _drafts(saved: Saved) -> list[Path]:
    return list(saved.store.root.glob("*/.*.part"))


async def test_a_killed_backup_never_counts_and_the_next_one_clears_it(saved: Saved) -> None:
    """Killed once its folder is there: whatever was written by then must not look like a backup."""
    process = await _start_backup(saved, saved.database.endpoint("backup"))
    async with asyncio.timeout(60):
        while not _drafts(saved):
            assert process.returncode is None
            await asyncio.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    if _drafts(saved):  # not published in the same instant
        assert saved.store.list() == []
    manifest = await saved.backup(digests=False)
    assert _drafts(saved) == []
    assert manifest in saved.store.list()


async def test_a_full_disk_leaves_no_backup_and_says_where(saved: Saved, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    store = replace(saved, store=type(saved.store)(blocked))
    with pytest.raises(Exception, match=str(blocked)):
        await store.backup()


async def test_the_whole_platform_comes_back_and_serves(databases: Databases, folder: Path) -> None:
    async with databases.platform() as database:
        saved = Saved(database=database, store=BackupStore(folder))
        app = await connect(database.endpoint("app"), database.name, application_name="test", autocommit=True)
        await app.execute("INSERT INTO devices (name, kind) VALUES ('press-1', 'host')")
        await app.close()
        # As a server counts them that has seen more transactions than the one it is restored to.
        await saved.rows(
            "INSERT INTO events (retention_days, transaction_id, type, aggregate, aggregate_id, actor_kind, actor, correlation_id)"
            " VALUES (7, '4000000000', 'device.retired', 'device', 'ahead', 'system', 'test', 'x')"
        )
        manifest = await saved.backup(digests=False)
        outcome = await saved.restoration(manifest).replace(database.name)
        ahead = "SELECT count(*) FROM events WHERE transaction_id >= pg_snapshot_xmin(pg_current_snapshot())"
        assert await saved.rows(ahead) == [(0,)]
        app = await connect(database.endpoint("app"), database.name, application_name="test", autocommit=True)
        cursor = await app.execute("SELECT name FROM device_overview")
        assert await cursor.fetchall() == [("press-1",)]
        await app.close()
        assert outcome.put_aside is not None
        await drop_aside(database.superuser, outcome.put_aside)


async def test_a_drill_proves_a_backup_in_a_server_of_its_own(saved: Saved) -> None:
    manifest = await saved.backup()
    told: list[str] = []
    proof = await drill(saved.store, manifest, narrate=told.append)
    assert (proof.rows, proof.amcheck) == (manifest.rows, True)
    assert BackupRecords(saved.store.root).find_proof(manifest) == proof
    assert saved.store.check(manifest)  # the record lies beside, not inside


async def test_a_drill_of_a_damaged_backup_proves_nothing(saved: Saved) -> None:
    manifest = await saved.backup()
    (saved.store.folder_of(manifest) / "roles.sql").write_text("")
    with pytest.raises(BackupDamaged, match=r"roles\.sql has 0 bytes"):
        await drill(saved.store, manifest, narrate=lambda _: None)
    assert BackupRecords(saved.store.root).find_proof(manifest) is None
