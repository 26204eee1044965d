"""The disk of the server is full in the middle of a restore: nothing of it counts, the live database has every row, and the next one works."""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from iotistic.config import Endpoint
from iotistic.data_folder import DataFolder
from iotistic.database.pool import connect
from iotistic.database.server import start, stop
from iotistic.errors import IotisticError
from iotistic.operations.backups import BackupOrder, BackupStore, Manifest, Restoration, create_backup
from iotistic.operations.backups.errors import RestoreBlocked
from tests.support.tiny_disk import make_tiny_disk, remove_tiny_disk

MEGABYTES = 384
LIVE = "live"
ROWS = 3000
FILL = (
    "CREATE TABLE noise AS SELECT n, string_agg(sha512((n * 64 + part)::text::bytea)::text, '') AS text"
    f" FROM generate_series(1, {ROWS}) AS n, generate_series(1, 64) AS part GROUP BY n"
)


@dataclass(kw_only=True)
class Small:
    """A server on a disk of its own with little room, one database in it, and backups on another disk."""

    disk: Path
    folder: DataFolder
    endpoint: Endpoint
    store: BackupStore

    async def run(self, statement: str, database: str = LIVE) -> list[tuple[object, ...]]:
        connection = await connect(self.endpoint, database, application_name="test", autocommit=True)
        try:
            cursor = await connection.execute(statement.encode())
            return await cursor.fetchall() if cursor.description else []
        finally:
            await connection.close()

    def restoration(self, manifest: Manifest, *, look: bool = False) -> Restoration:
        return Restoration(
            self.endpoint, self.store, manifest, data_folder=self.folder.root if look else None
        )

    async def restart(self) -> None:
        """A server that could not write its log ends itself; with room again it recovers."""
        await stop(self.folder, mode="immediate")
        self.endpoint = (await start(self.folder, durable=False)).endpoint


@pytest_asyncio.fixture
async def small(tmp_path: Path) -> AsyncIterator[Small]:
    disk = make_tiny_disk(tmp_path, MEGABYTES)
    if disk is None:
        pytest.skip("nothing can be mounted here: a full disk of the server cannot be tried")
    folder = DataFolder(disk / "installation")
    try:
        server = await start(folder, durable=False)
        small = Small(
            disk=disk, folder=folder, endpoint=server.endpoint, store=BackupStore(tmp_path / "backups")
        )
        await small.run(f"CREATE DATABASE {LIVE}", "postgres")
        await small.run(FILL)
        await small.run("CHECKPOINT")
        yield small
    finally:
        await stop(folder, mode="immediate")
        remove_tiny_disk(disk)


def leave(disk: Path, free: int) -> Path:
    """Takes room away until so many bytes are left."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - free)
    return ballast


# A server that has no room for its log ends all sessions and recovers: what is told then depends on who meets it first.
_TOLD = r"No space left|disk is full|closed|terminat|recovery|cannot answer now"


async def test_a_restore_that_fills_the_servers_disk_costs_nothing(small: Small) -> None:
    manifest = await create_backup(small.endpoint, small.store, BackupOrder(database=LIVE))
    size = manifest.database_bytes
    for part in (0.3, 0.6):  # a fresh copy may be a tenth smaller than what it was made from
        ballast = leave(small.disk, int(size * part))
        with pytest.raises(IotisticError, match=_TOLD):
            await small.restoration(manifest).replace(LIVE)
        ballast.unlink()
        await small.restart()
        assert await small.run("SELECT count(*), sum(length(text)) FROM noise") == [(ROWS, ROWS * 64 * 130)]
    outcome = await small.restoration(manifest).replace(LIVE)
    assert outcome.rows == manifest.rows
    left = "SELECT count(*) FROM pg_database WHERE datname LIKE 'iotistic_restoring_%'"
    assert await small.run(left, "postgres") == [(0,)]


async def test_a_server_without_room_is_told_before_anything_is_made(small: Small) -> None:
    manifest = await create_backup(small.endpoint, small.store, BackupOrder(database=LIVE))
    leave(small.disk, int(manifest.database_bytes * 0.9))
    with pytest.raises(RestoreBlocked, match="MiB are free"):
        await small.restoration(manifest, look=True).replace(LIVE)
    assert await small.run("SELECT count(*) FROM noise") == [(ROWS,)]
