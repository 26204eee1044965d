"""A cluster that is made: what it is like, and that a half-made one never counts."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from iotistic.data_folder import DataFolder
from iotistic.database.server import Binaries, start, stop
from iotistic.database.server.cluster import sweep_drafts
from iotistic.database.server.errors import ClusterForeign
from tests.support.installation import Installation, ask, one_version

START = """
import asyncio, sys
from pathlib import Path
from iotistic.data_folder import DataFolder
from iotistic.database.server import find_binaries, start
asyncio.run(start(DataFolder(Path(sys.argv[1])), binaries=find_binaries(sys.argv[2]), durable=False))
"""


async def test_a_new_cluster_has_checksums_scram_utf8_and_code_point_order(
    installation: Installation,
) -> None:
    server = await installation.start()
    assert await ask(server, "SHOW data_checksums") == "on"
    assert await ask(server, "SHOW server_encoding") == "UTF8"
    assert (
        await ask(server, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'") == 0
    )
    assert (
        await ask(server, "SELECT string_agg(x, '' ORDER BY x) FROM unnest('{a,B,z,Z,ä}'::text[]) x")
        == "BZazä"
    )
    assert str(await ask(server, "SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'")).startswith(
        "SCRAM-SHA-256$"
    )


async def test_letters_beyond_ascii_fold_from_17_on(installation: Installation) -> None:
    server = await installation.start()
    assert await ask(server, "SELECT lower('Ä')") == ("ä" if installation.binaries.major >= 17 else "Ä")


async def test_our_settings_are_in_force_and_the_operators_win(spare: Installation) -> None:
    with (spare.folder.postgres / "postgresql.conf").open("a") as file:
        file.write("work_mem = '5MB'\n")
    server = await spare.start()
    assert await ask(server, "SHOW shared_preload_libraries") == "pg_stat_statements"
    assert await ask(server, "SHOW checkpoint_timeout") == "15min"
    assert await ask(server, "SHOW shared_buffers") == "64MB"
    assert await ask(server, "SHOW work_mem") == "5MB"
    assert await ask(server, "SELECT count(*) FROM pg_file_settings WHERE error IS NOT NULL") == 0


async def test_a_durable_server_flushes(installation: Installation) -> None:
    server = await installation.start(durable=True)
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        assert await ask(server, f"SHOW {name}") == "on"  # type: ignore[arg-type]


async def test_nothing_but_the_cluster_is_left_and_the_password_is_in_no_other_file(
    empty: DataFolder, binaries: Binaries
) -> None:
    await start(empty, binaries=binaries, durable=False)
    password = (empty.secrets / "postgres").read_bytes().strip()
    names = {entry.name for entry in empty.root.iterdir()} - {"in-use", "server"}
    assert names == {"log", "postgres", "run", "secrets", "server.lock"}
    files = [path for path in empty.root.rglob("*") if path.is_file() and path.parent != empty.secrets]
    assert files
    assert not [path for path in files if password in path.read_bytes()]


async def test_the_data_is_private_to_the_servers_account(installation: Installation) -> None:
    await installation.start()
    status = installation.folder.postgres.stat()
    assert status.st_mode & 0o777 == 0o700
    assert status.st_uid != 0


@one_version
async def test_a_creation_killed_in_the_middle_blocks_nothing(empty: DataFolder, binaries: Binaries) -> None:
    creation = begin_creation(empty, binaries)
    draft = await first_file(empty.root, ".postgres-*/data/PG_VERSION")
    creation.kill()
    creation.wait()
    assert draft.exists()
    assert not empty.postgres.exists()
    server = await start(empty, binaries=binaries, durable=False)
    assert await ask(server, "SELECT 1") == 1
    async with asyncio.timeout(60):
        # The killed creation's initdb may have been writing during the start: what it left goes at the next one.
        while list(empty.root.glob(".postgres-*")):
            await asyncio.sleep(0)
            sweep_drafts(empty)


@one_version
async def test_a_creation_that_is_cancelled_leaves_nothing(empty: DataFolder, binaries: Binaries) -> None:
    creation = asyncio.create_task(start(empty, binaries=binaries, durable=False))
    await first_file(empty.root, ".postgres-*/data/PG_VERSION")
    creation.cancel()
    with pytest.raises(asyncio.CancelledError):
        await creation
    assert not list(empty.root.glob(".postgres-*"))
    assert not empty.postgres.exists()


async def test_a_folder_with_something_else_in_it_is_left_as_it_is(empty: DataFolder) -> None:
    empty.postgres.mkdir()
    (empty.postgres / "thesis.txt").write_text("three years")
    with pytest.raises(ClusterForeign, match="holds no PostgreSQL data"):
        await start(empty, durable=False)
    assert (empty.postgres / "thesis.txt").read_text() == "three years"


@one_version
async def test_a_cluster_of_somebody_else_is_left_as_it_is(spare: Installation) -> None:
    (spare.folder.postgres / "iotistic.conf").unlink()
    before = (spare.folder.postgres / "postgresql.conf").read_text()
    with pytest.raises(ClusterForeign, match="did not make") as refusal:
        await spare.start()
    assert "iotistic.conf" in (refusal.value.hint or "")
    assert (spare.folder.postgres / "postgresql.conf").read_text() == before
    assert not (spare.folder.postgres / "iotistic.conf").exists()


@one_version
async def test_an_empty_folder_is_taken(empty: DataFolder, binaries: Binaries) -> None:
    empty.postgres.mkdir()
    server = await start(empty, binaries=binaries, durable=False)
    assert await ask(server, "SELECT 1") == 1


async def test_a_link_in_the_place_of_the_data_is_refused(empty: DataFolder) -> None:
    empty.postgres.symlink_to(empty.root / "missing")
    with pytest.raises(ClusterForeign, match="link"):
        await start(empty, durable=False)
    (empty.root / "missing").mkdir()
    with pytest.raises(ClusterForeign, match="link"):
        await start(empty, durable=False)


async def test_a_lost_password_is_set_anew(installation: Installation) -> None:
    (installation.folder.secrets / "postgres").unlink()
    server = await installation.start()
    assert any("password" in event for event in installation.told)
    assert await ask(server, "SELECT 1") == 1
    await stop(installation.folder)
    log = "".join(path.read_text() for path in installation.folder.log.rglob("*.log"))
    assert (installation.folder.secrets / "postgres").read_text().strip() not in log


async def first_file(root: Path, pattern: str, seconds: float = 20) -> Path:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for found in match(root, pattern):
            return found
        await asyncio.sleep(0.005)
    raise TimeoutError(pattern)


def match(root: Path, pattern: str) -> list[Path]:
    return list(root.glob(pattern))


def begin_creation(folder: DataFolder, binaries: Binaries) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", START, str(folder.root), binaries.source])
