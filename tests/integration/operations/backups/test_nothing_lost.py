"""Whatever happens to the machine, no half of a backup counts, and the live database is the former one or the new one."""

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from iotistic.config import Endpoint
from iotistic.database.client_tools import ClientToolFailed
from iotistic.database.pool import connect
from iotistic.operations.backups import BackupStore, Manifest
from iotistic.operations.backups.errors import BackupDamaged, BackupUnwritable
from iotistic.operations.backups.scratch import sweep_scratch
from iotistic.operations.backups.scratch_server import sweep_servers
from tests.integration.operations.backups.conftest import Saved
from tests.integration.operations.backups.killed import Order, start
from tests.support.server import throw_away, throw_away_folder
from tests.support.tiny_disk import make_tiny_disk, remove_tiny_disk

LIMIT = 120


def order(saved: Saved, act: str, event: str, needle: str, endpoint: Endpoint) -> Order:
    host, port = endpoint.hosts[0]
    assert endpoint.password is not None
    return Order(
        act=act,
        folder=str(saved.store.root),
        database=saved.database.name,
        event=event,
        needle=needle,
        host=host,
        port=port,
        user=endpoint.user,
        password=endpoint.password.reveal(),
    )


async def killed(saved: Saved, act: str, event: str, needle: str) -> None:
    """Runs it until it dies at that stage; a stage that never comes is a failure."""
    endpoint = saved.database.endpoint("backup") if act == "create" else saved.database.superuser
    process = await start(order(saved, act, event, needle, endpoint))
    async with asyncio.timeout(LIMIT):
        assert await process.wait() == -signal.SIGKILL


def drafts(saved: Saved) -> list[Path]:
    return list(saved.store.root.glob("*/.*.part"))


@pytest.mark.parametrize(
    ("event", "needle"),
    [
        pytest.param("subprocess.Popen", "pg_dumpall", id="before the roles"),
        pytest.param("subprocess.Popen", "--snapshot=", id="before the dump"),
        pytest.param("open", "toc.dat", id="before the checksums"),
        pytest.param("open", "manifest.json", id="before the manifest"),
        pytest.param("open", "manifest.sha256", id="before its seal"),
        pytest.param("os.rename", ".part", id="before it gets its name"),
    ],
)
async def test_a_backup_killed_at_any_stage_never_counts(saved: Saved, event: str, needle: str) -> None:
    before = await saved.backup(digests=False)
    await killed(saved, "create", event, needle)
    assert len(drafts(saved)) == 1
    assert saved.store.list() == [before]
    assert saved.store.get("latest") == before
    after = await saved.backup(digests=False)
    assert drafts(saved) == []
    assert [each.id for each in saved.store.list()] == [after.id, before.id]


async def scratches(saved: Saved) -> list[tuple[object, ...]]:
    return await saved.rows(
        r"SELECT datname FROM pg_database WHERE datname LIKE 'iotistic\_restoring\_%'", database="postgres"
    )


async def swept(saved: Saved) -> None:
    """A killed restore's session ends when the server notices; until then its database counts as in use."""
    administrator = await connect(
        saved.database.superuser, "postgres", application_name="test", autocommit=True
    )
    async with asyncio.timeout(LIMIT):
        while await scratches(saved):
            await sweep_scratch(administrator)
            await asyncio.sleep(0.05)
    await administrator.close()


@pytest.mark.parametrize(
    ("event", "needle"),
    [
        pytest.param("told", "checking", id="before anything"),
        pytest.param("told", "loading", id="with an empty database"),
        pytest.param("told", "gathering", id="with a loaded database"),
        pytest.param("told", "swapping", id="before the swap"),
    ],
)
async def test_a_restore_killed_before_the_swap_leaves_the_live_database_as_it_was(
    saved: Saved, event: str, needle: str
) -> None:
    manifest = await saved.backup(digests=False)
    await saved.rows("INSERT INTO samples VALUES ('2026-01-01', -1)")
    await killed(saved, "restore", event, needle)
    assert await saved.rows("SELECT count(*) FROM samples") == [(1001,)]
    await swept(saved)
    await saved.restoration(manifest).replace(saved.database.name)
    assert await saved.rows("SELECT count(*) FROM samples") == [(1000,)]


async def test_a_restore_killed_right_after_the_swap_is_done(saved: Saved) -> None:
    manifest = await saved.backup(digests=False)
    await saved.rows("INSERT INTO samples VALUES ('2026-01-01', -1)")
    await killed(saved, "restore", "told", "ended")
    assert await saved.rows("SELECT count(*) FROM samples") == [(1000,)]
    aside = f"{saved.database.name}_before_{manifest.id.partition('-')[0].lower()}"
    assert await saved.rows("SELECT count(*) FROM samples", database=aside) == [(1001,)]
    assert await scratches(saved) == []


async def test_a_restore_killed_in_the_middle_of_the_swap_leaves_the_live_database_open(saved: Saved) -> None:
    """One session is stopped dead, so that the rename has to wait for it; then the restore is killed."""
    await saved.backup(digests=False)
    await saved.rows("INSERT INTO samples VALUES ('2026-01-01', -1)")
    visitor = await connect(
        saved.database.superuser, saved.database.name, application_name="visitor", autocommit=True
    )
    process = await start(order(saved, "restore", "", "", saved.database.superuser))
    stopped = visitor.info.backend_pid
    os.kill(stopped, signal.SIGSTOP)
    try:
        async with asyncio.timeout(LIMIT):
            while not await saved.rows(
                "SELECT 1 FROM pg_locks WHERE classid = 'pg_database'::regclass AND mode = 'AccessExclusiveLock'"
                f" AND granted AND objid = (SELECT oid FROM pg_database WHERE datname = '{saved.database.name}')",
                database="postgres",
            ):
                assert process.returncode is None
                await asyncio.sleep(0.01)
        process.kill()
        await process.wait()
    finally:
        os.kill(stopped, signal.SIGCONT)
    with suppress(psycopg.Error):
        await visitor.close()
    async with asyncio.timeout(LIMIT):  # the rename notices within its five seconds that nobody wants it
        while await saved.rows(
            "SELECT 1 FROM pg_stat_activity WHERE application_name = 'iotistic-restore'", database="postgres"
        ):
            await asyncio.sleep(0.05)
    found = await saved.rows("SELECT count(*) FROM samples")
    aside = await saved.rows(
        f"SELECT 1 FROM pg_database WHERE datname LIKE '{saved.database.name}\\_before\\_%'",
        database="postgres",
    )
    assert (found, len(aside)) in [([(1001,)], 0), ([(1000,)], 1)]
    await swept(saved)


async def test_who_asks_during_the_swap_sees_one_generation_or_the_other(saved: Saved) -> None:
    manifest = await saved.backup(digests=False)
    await saved.rows('DELETE FROM samples; DELETE FROM "Odd ""Name"')
    seen: set[tuple[int, int]] = set()
    stopping = asyncio.Event()

    async def ask() -> None:
        while not stopping.is_set():
            with suppress(psycopg.Error, Exception):
                rows = await saved.rows(
                    'SELECT (SELECT count(*) FROM samples), (SELECT count(*) FROM "Odd ""Name")'
                )
                seen.add((int(str(rows[0][0])), int(str(rows[0][1]))))
            await asyncio.sleep(0)

    asking = [asyncio.create_task(ask()) for _ in range(4)]
    await saved.restoration(manifest).replace(saved.database.name)
    async with asyncio.timeout(LIMIT):
        while (1000, 200) not in seen:
            await asyncio.sleep(0.01)
    stopping.set()
    await asyncio.gather(*asking)
    assert seen == {(0, 0), (1000, 200)}


async def test_a_drill_that_was_killed_leaves_no_server_behind(saved: Saved) -> None:
    await saved.backup(digests=False)
    below = throw_away_folder()
    try:
        of_drill = order(saved, "drill", "told", "loading", saved.database.superuser)
        process = await start(replace(of_drill, temporary=str(below.root)))
        async with asyncio.timeout(LIMIT):
            assert await process.wait() == -signal.SIGKILL
            (left,) = await sweep_servers(below.root)
        assert not left.exists()
        assert await sweep_servers(below.root) == []
    finally:
        await throw_away(below)


@pytest.fixture
def tiny(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True)
    place = make_tiny_disk(folder, 64)
    if place is None:
        pytest.skip("nothing can be mounted here: a full disk cannot be tried")
    yield place
    remove_tiny_disk(place)


async def test_a_disk_that_fills_up_at_any_point_leaves_no_half_of_a_backup(saved: Saved, tiny: Path) -> None:
    await saved.rows(
        "CREATE TABLE noise AS SELECT n, string_agg(sha512((n * 64 + part)::text::bytea)::text, '') AS text"
        " FROM generate_series(1, 1500) AS n, generate_series(1, 64) AS part GROUP BY n"
    )
    full = Saved(database=saved.database, store=BackupStore(tiny / "space"))
    whole: Manifest = await full.backup(digests=False)
    assert whole.bytes > 4 << 20
    for part in (0.1, 0.5, 0.95):
        ballast = tiny / "ballast"
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(tiny).free - int(whole.bytes * part))
        with pytest.raises((ClientToolFailed, BackupUnwritable), match="No space left"):
            await full.backup(digests=False)
        ballast.unlink()
        assert full.store.list() == [whole]
        assert drafts(full) == []
    again = await full.backup(digests=False)
    assert full.store.list() == [again, whole]


async def test_one_flipped_byte_in_any_file_is_reported(saved: Saved) -> None:
    manifest = await saved.backup(digests=False)
    folder = saved.store.folder_of(manifest)
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        content = path.read_bytes()
        at = len(content) // 2
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :])
        with pytest.raises(BackupDamaged):
            saved.store.check(saved.store.get(manifest.id))
        path.write_bytes(content)
    assert saved.store.check(saved.store.get(manifest.id)) == manifest.bytes


async def test_partitions_that_come_and_go_during_a_backup_cost_it_nothing(saved: Saved) -> None:
    """As a careful person does it by hand; our own partition work waits for the lock of operations."""
    stopping, made = asyncio.Event(), 0
    owner = await connect(
        saved.database.endpoint("owner"), saved.database.name, application_name="test", autocommit=True
    )

    async def work() -> None:
        nonlocal made
        while not stopping.is_set():
            name = f"samples_new_{made}"
            await owner.execute("SET lock_timeout = '500ms'")
            await owner.execute(f"CREATE TABLE {name} (LIKE samples INCLUDING ALL)".encode())
            await owner.execute(f"INSERT INTO {name} VALUES ('2030-01-01', 1)".encode())
            with suppress(psycopg.errors.LockNotAvailable):
                await owner.execute(
                    f"ALTER TABLE samples ATTACH PARTITION {name} FOR VALUES FROM ('2030-01-01') TO ('2030-01-02')".encode()
                )
                # Patient: given up half way it stays pending, and no other one can be detached.
                await owner.execute("SET lock_timeout = 0")
                await owner.execute(f"ALTER TABLE samples DETACH PARTITION {name} CONCURRENTLY".encode())
            made += 1

    working = asyncio.create_task(work())
    while made == 0:
        await asyncio.sleep(0.01)
    manifest = await saved.backup()
    stopping.set()
    await working
    await owner.close()
    outcome = await saved.restoration(manifest).into(f"{saved.database.name}_restored")
    assert outcome.rows == manifest.rows
