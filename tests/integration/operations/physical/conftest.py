"""A server of each version that is here, which archives its log, and a folder for its base backups."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString

import pytest
import pytest_asyncio

from iotistic.data_folder import DataFolder
from iotistic.database.pool import connect
from iotistic.database.server import RunningServer, Source, choose_account, find_binaries, start, stop
from iotistic.errors import IotisticError
from iotistic.operations.physical import (
    BaseBackup,
    BaseBackups,
    WalArchive,
    create_base_backup,
    keep_archiving,
)
from tests.support.server import start_test_server, stop_test_server, throw_away, throw_away_folder

__all__ = ["Archiving", "ask"]


async def ask(server: RunningServer, question: LiteralString) -> list[tuple[object, ...]]:
    connection = await connect(server.endpoint, "postgres", application_name="test", autocommit=True)
    try:
        cursor = await connection.execute(question)
        return await cursor.fetchall() if cursor.description else []
    finally:
        await connection.close()


@dataclass(kw_only=True)
class Archiving:
    """A server whose log is archived."""

    server: RunningServer
    backups: BaseBackups
    targets: list[DataFolder] = field(default_factory=list)

    async def run(self, statement: LiteralString) -> None:
        await ask(self.server, statement)

    async def now(self) -> datetime:
        """A moment between what was committed before and what is committed after, by the server's clock."""
        ((moment,),) = await ask(self.server, "SELECT clock_timestamp()")
        assert isinstance(moment, datetime)
        return moment

    async def hand_over(self) -> None:
        """Waits until everything written so far is in the archive."""
        # Without a record since the last switch nothing is switched.
        await self.run("SELECT pg_create_restore_point('handed over')")
        ((segment,),) = await ask(self.server, "SELECT pg_walfile_name(pg_switch_wal())")
        async with asyncio.timeout(60):
            while not (self.backups.wal / str(segment)).exists():
                await asyncio.sleep(0.05)

    async def base(self, since: BaseBackup | None = None) -> BaseBackup:
        return await create_base_backup(self.server.endpoint, self.backups, since=since)

    def target(self) -> DataFolder:
        """A folder that does not exist yet."""
        self.targets.append(throw_away_folder())
        return DataFolder(self.targets[-1].root / "recovered")


@pytest.fixture(params=["embedded", "system"])
def source(request: pytest.FixtureRequest) -> Source:
    wanted: Source = request.param
    try:
        find_binaries(wanted)
    except IotisticError as missing:
        pytest.skip(missing.message)
    return wanted


@pytest_asyncio.fixture
async def archiving(source: Source) -> AsyncIterator[Archiving]:
    first, place = await start_test_server(source), throw_away_folder()
    backups = BaseBackups(place.root / "backups")
    archive = WalArchive(folder=backups.wal)
    archive.make(choose_account(None, owner=None, uid=os.geteuid()))
    connection = await connect(first.endpoint, "postgres", application_name="test", autocommit=True)
    assert not await keep_archiving(connection, archive)  # only a restart switches it on
    await connection.close()
    await stop(first.folder, mode="fast")
    server = await start(first.folder, binaries=first.binaries, durable=False)
    archiving = Archiving(server=server, backups=backups)
    yield archiving
    await stop_test_server(server)
    for folder in [place, *archiving.targets]:
        await throw_away(folder)
