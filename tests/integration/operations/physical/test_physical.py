"""The whole server comes back as it was at a moment, on each version that is here."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from iotistic.database.server import start
from iotistic.operations.backups import Keep, Progress
from iotistic.operations.physical import (
    ArchivedDifferently,
    BaseBackup,
    BaseBackupDamaged,
    ChainBroken,
    WalArchive,
    create_base_backup,
    prune_bases,
    recover,
)
from iotistic.operations.physical.errors import (
    BaseBackupMissing,
    IncrementImpossible,
    RecoveryFailed,
    TargetInUse,
)
from tests.integration.operations.physical.conftest import Archiving, ask

COUNT = "SELECT count(*), max(n) FROM kept"


async def fill(archiving: Archiving) -> None:
    await archiving.run("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")


async def test_a_table_that_was_dropped_is_back_and_what_came_later_is_not(archiving: Archiving) -> None:
    await fill(archiving)
    base = await archiving.base()
    await archiving.run("INSERT INTO kept VALUES (1001)")
    before = await archiving.now()
    await archiving.run("DROP TABLE kept")
    await archiving.run("CREATE TABLE later ()")
    await archiving.hand_over()

    target = archiving.target()
    recovered = await recover(
        archiving.backups, base, target, to=before, secrets=archiving.server.folder.secrets
    )

    assert (recovered.backup, recovered.moment) == (base.id, before)
    server = await start(target, durable=False)
    assert server.binaries.major == archiving.server.binaries.major
    assert await ask(server, COUNT) == [(1001, 1001)]
    assert await ask(server, "SELECT to_regclass('later')") == [(None,)]
    kept = await ask(
        server,
        "SELECT name FROM pg_settings WHERE sourcefile ~ 'auto.conf' AND name ~ '^(recovery|restore|hot_)'",
    )
    assert kept == []
    assert await ask(server, "SHOW archive_mode") == [("off",)]  # or two servers would write into one archive
    with pytest.raises(TargetInUse):
        await recover(archiving.backups, base, target, to=before)


async def test_without_a_moment_everything_that_was_archived_comes_back(archiving: Archiving) -> None:
    base = await archiving.base()
    await fill(archiving)
    await archiving.hand_over()
    target = archiving.target()
    await recover(archiving.backups, base, target, to=None, secrets=archiving.server.folder.secrets)
    assert await ask(await start(target, durable=False), COUNT) == [(1000, 1000)]


async def test_a_moment_that_the_log_does_not_reach_is_told_and_leaves_nothing(archiving: Archiving) -> None:
    base = await archiving.base()
    await archiving.hand_over()
    target = archiving.target()
    with pytest.raises(RecoveryFailed, match="did not reach"):
        await recover(
            archiving.backups,
            base,
            target,
            to=await archiving.now() + timedelta(days=1),
            secrets=archiving.server.folder.secrets,
        )
    assert list(target.root.iterdir()) == []
    with pytest.raises(BaseBackupMissing):
        archiving.backups.get("latest", before=base.finished_at - timedelta(seconds=1))
    assert archiving.backups.get("latest", before=base.finished_at) == base


async def test_one_flipped_byte_in_a_base_backup_is_found_before_anything_is_made(
    archiving: Archiving,
) -> None:
    base = await archiving.base()
    data = archiving.backups.data_of(base)
    # Of pg_wal only what the backup needs is checked: the rest of a piece of 16 MB is empty.
    tables = [path for path in (data / "base").rglob("*") if path.is_file()]
    largest = max(tables, key=lambda path: path.stat().st_size)
    for path in (data / "global/pg_control", largest, data / "backup_manifest"):
        content = path.read_bytes()
        flip(path)
        target = archiving.target()
        with pytest.raises(BaseBackupDamaged):
            await recover(archiving.backups, base, target, to=None)
        assert not target.root.exists()
        path.write_bytes(content)


async def test_increments_are_combined_after_each_was_verified(archiving: Archiving) -> None:
    await fill(archiving)
    full = await archiving.base()
    if full.server_version < 170_000:
        with pytest.raises(IncrementImpossible, match="17 is the first"):
            await archiving.base(full)
        return
    links = [full]
    for number in (1001, 1002):
        await archiving.run("INSERT INTO kept SELECT max(n) + 1 FROM kept")
        links.append(await archiving.base(links[-1]))
        assert links[-1].bytes < full.bytes * 0.6, number  # 16 MB of each are the log of its own time
    assert archiving.backups.chain(links[-1]) == links

    target = archiving.target()
    await recover(archiving.backups, links[-1], target, to=None, secrets=archiving.server.folder.secrets)
    assert await ask(await start(target, durable=False), COUNT) == [(1002, 1002)]

    await _a_flipped_byte_of_an_increment_is_found(archiving, links)
    (archiving.backups.root / links[1].id).rename(archiving.backups.root / ".gone")
    with pytest.raises(ChainBroken, match=links[1].id):
        await recover(archiving.backups, links[2], archiving.target(), to=None)


async def _a_flipped_byte_of_an_increment_is_found(archiving: Archiving, links: list[BaseBackup]) -> None:
    """pg_combinebackup would take it into its result, and pg_verifybackup would call that good."""
    data = archiving.backups.data_of(links[1])
    path = max(data.rglob("INCREMENTAL.*"), key=lambda path: path.stat().st_size)
    content = path.read_bytes()
    flip(path)
    with pytest.raises(BaseBackupDamaged, match=links[1].id):
        await recover(archiving.backups, links[2], archiving.target(), to=None)
    path.write_bytes(content)


async def test_the_log_before_the_oldest_base_that_stays_goes_and_recovery_still_works(
    archiving: Archiving,
) -> None:
    await fill(archiving)
    old = await archiving.base()
    await archiving.run("INSERT INTO kept SELECT max(n) + 1 FROM kept")
    await archiving.hand_over()
    new = await archiving.base()
    await archiving.run("INSERT INTO kept SELECT max(n) + 1 FROM kept")
    await archiving.hand_over()
    before = {path.name for path in archiving.backups.wal.iterdir()}

    keep = Keep(daily=1, weekly=0, monthly=0)
    archiving.backups.pin(old, "an audit")
    assert prune_bases(archiving.backups, keep=keep, act=True).segments == first_segments(
        before, archiving, old
    )
    archiving.backups.unpin(old)
    planned = prune_bases(archiving.backups, keep=keep, act=False)
    assert [each.backup.id for each in planned.verdicts if not each.keep] == [old.id]
    assert planned.segments
    assert archiving.backups.list() == [new, old]  # nothing was done

    assert prune_bases(archiving.backups, keep=keep, act=True) == planned
    assert archiving.backups.list() == [new]
    assert not {path.name for path in archiving.backups.wal.iterdir()} & set(planned.segments)
    target = archiving.target()
    await recover(archiving.backups, new, target, to=None, secrets=archiving.server.folder.secrets)
    assert await ask(await start(target, durable=False), COUNT) == [(1002, 1002)]


async def test_a_damaged_manifest_hides_no_other_base_backup_and_lets_nothing_go(
    archiving: Archiving,
) -> None:
    older, newer = await archiving.base(), await archiving.base()
    (archiving.backups.root / older.id / "manifest.json").write_text("{}")
    assert archiving.backups.list() == [newer]
    assert archiving.backups.get("latest") == newer
    with pytest.raises(BaseBackupDamaged):
        archiving.backups.get(older.id)
    with pytest.raises(BaseBackupDamaged, match=older.id):
        prune_bases(archiving.backups, keep=Keep(), act=True)


async def test_a_server_that_is_not_ours_is_laid_out_for_its_own_program(archiving: Archiving) -> None:
    await fill(archiving)
    marker = archiving.server.folder.postgres / "iotistic.conf"
    aside = marker.with_name("aside.conf")
    marker.rename(aside)  # as of a server that somebody else made
    try:
        base = await archiving.base()
    finally:
        aside.rename(marker)
    moment = await archiving.now()
    await archiving.run("DROP TABLE kept")
    await archiving.hand_over()
    target = archiving.target()
    recovered = await recover(
        archiving.backups, base, target, to=moment, secrets=archiving.server.folder.secrets
    )
    assert not recovered.is_ready
    assert (target.postgres / "recovery.signal").exists()
    assert "restore_command" in (target.postgres / "postgresql.auto.conf").read_text()


async def test_a_base_backup_tells_how_far_it_is(archiving: Archiving) -> None:
    told = list[Progress]()
    await create_base_backup(archiving.server.endpoint, archiving.backups, observe=told.append)
    assert told[0].bytes_total
    assert all(each.bytes_done >= 0 for each in told)


def first_segments(names: set[str], archiving: Archiving, base: BaseBackup) -> list[str]:
    """What lies before the segment that PostgreSQL itself wrote into the label of a base backup."""
    label = (archiving.backups.data_of(base) / "backup_label").read_text()
    needed = label.partition("(file ")[2].partition(")")[0]
    assert len(needed) == 24
    return sorted(
        name for name in names if name[:8].isalnum() and name[8:] < needed[8:] and "." not in name[:24]
    )


async def run(command: str, folder: Path, segment: Path) -> int:
    """As the server does: by the shell, with the names put in."""
    line = command.replace("%p", str(segment)).replace("%f", segment.name).replace("%%", "%")
    process = await asyncio.create_subprocess_shell(line, cwd=folder)
    return await process.wait()


@pytest.mark.parametrize("name", ["wal", "wal of 100 % 'quoted'"])
async def test_the_servers_command_adds_a_segment_once(tmp_path: Path, name: str) -> None:
    archive, segment = WalArchive(folder=tmp_path / name), tmp_path / "000000010000000000000001"
    archive.folder.mkdir()
    segment.write_bytes(b"log" * 1000)
    assert await run(archive.command, tmp_path, segment) == 0
    assert await run(archive.command, tmp_path, segment) == 0
    segment.write_bytes(b"gol" * 1000)
    assert await run(archive.command, tmp_path, segment) != 0
    assert [path.name for path in archive.folder.iterdir()] == [segment.name]
    assert (archive.folder / segment.name).read_bytes() == b"log" * 1000
    segment.unlink()
    back = archive.restore_command.replace("%f", segment.name).replace("%p", str(segment)).replace("%%", "%")
    assert await (await asyncio.create_subprocess_shell(back)).wait() == 0
    assert segment.read_bytes() == b"log" * 1000


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def test_a_segment_is_added_once(tmp_path: Path) -> None:
    archive, segment = WalArchive(folder=tmp_path / "wal"), tmp_path / "000000010000000000000001"
    archive.folder.mkdir()
    segment.write_bytes(b"log" * 1000)
    assert archive.add(segment)
    assert not archive.add(segment)
    segment.write_bytes(b"gol" * 1000)
    with pytest.raises(ArchivedDifferently):
        archive.add(segment)
    assert [path.name for path in archive.folder.iterdir()] == [segment.name]
    assert (archive.folder / segment.name).read_bytes() == b"log" * 1000
