"""Bringing a backup back: always into a database that did not exist, compared with what was dumped, then swapped by name.

The live database is never written to. It is put aside under another name, so that the way back is two renames.
"""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from iotistic.config import Endpoint
from iotistic.database.client_tools import environment, find_tool, run_tool
from iotistic.database.pool import Connection, connect
from iotistic.errors import Invalid
from iotistic.events import EventService
from iotistic.operations.backups.comparison import compare, count_and_analyze
from iotistic.operations.backups.contents import require_tables
from iotistic.operations.backups.errors import BackupDiffers, DatabaseExists, RestoreBlocked
from iotistic.operations.backups.folders import DUMP
from iotistic.operations.backups.model import Manifest, TableCount
from iotistic.operations.backups.progress import Observe, Progress, watched
from iotistic.operations.backups.properties import give_properties
from iotistic.operations.backups.repository import CatalogRepository
from iotistic.operations.backups.scratch import scratch_database, sweep_scratch
from iotistic.operations.backups.store import BackupStore
from iotistic.operations.backups.swap import Swap, rename_database, swap

__all__ = ["Narrate", "Outcome", "Restoration", "refuse_existing"]

_MAINTENANCE = "postgres"
_EVENTS = "events_"
"""What the partitions of the platform's events begin with."""
_APPLICATION = "iotistic-restore"
_ROOM = 1.2
"""Times the dumped database: its files, and the write-ahead log of making them."""
_UNHURRIED = "-c synchronous_commit=off"
"""Thousands of statements each wait for the disk otherwise, for a database that a crash throws away anyhow. The rename that makes
it count waits for all of them: the log is written in order."""
_LONGEST_NAME = 63

Narrate = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a restore left."""

    database: str
    """Where the data is."""
    tables: int
    rows: int
    """Compared with the manifest."""
    put_aside: str | None = None
    """The name the former database has now."""


@final
class Restoration:
    """Restores one backup to one server. `endpoint` may create databases and own what is in them."""

    def __init__(
        self,
        endpoint: Endpoint,
        store: BackupStore,
        manifest: Manifest,
        *,
        jobs: int = 2,
        narrate: Narrate = lambda _: None,
        data_folder: Path | None = None,
        observe: Observe | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._store = store
        self._manifest = manifest
        self._jobs = jobs
        self._narrate = narrate
        self._data_folder = data_folder
        self._observe = observe

    async def into(self, database: str) -> Outcome:
        """Makes a database of that name, which appears when it is whole and compared, or not at all.

        Raises DatabaseExists, RestoreBlocked, BackupDamaged, BackupDiffers, ClientToolFailed.
        """
        async with self._administrator() as administrator:
            await refuse_existing(administrator, database)
            async with self._filled(administrator) as (scratch, outcome):
                await rename_database(administrator, scratch, database)
        return replace(outcome, database=database)

    @asynccontextmanager
    async def scratch(self, tables: Sequence[str] = ()) -> AsyncGenerator[str]:
        """The name of a database with what is in the backup, which goes away when the block is left.

        Raises as `into`, and TableUnknown before anything is loaded where one of `tables` is not in it.
        """
        async with self._administrator() as administrator, self._filled(administrator, tables) as (name, _):
            yield name

    async def replace(self, database: str) -> Outcome:
        """Restores beside `database`, then gives the new one its name; the former stays under another.

        Raises what `into` raises, RestoreBlocked for a backup of single tables, LockNotAvailable while a migration, a dump or
        partition work runs. Until the last step the live database serves as before.
        """
        if not self._manifest.is_full:
            raise RestoreBlocked(
                f"{self._manifest.id} holds only {', '.join(self._manifest.tables_asked)}; it cannot replace a database.",
                hint="Restore it beside with --into NAME, or take single tables with --table.",
            )
        aside = _beside(database, f"before_{self._manifest.id.partition('-')[0].lower()}")
        async with self._administrator() as administrator:
            await refuse_existing(administrator, aside)
            if not await CatalogRepository(administrator).database_exists(database):
                return await self.into(database)
            async with self._filled(administrator) as (scratch, outcome):
                self._narrate(f"swapping: {database} becomes {aside}")
                comment = f"iotistic: put aside by a restore of {self._manifest.id} over {database}"
                names = Swap(live=database, fresh=scratch, aside=aside, comment=comment)
                ended = await swap(names, self._administrator, _MAINTENANCE)
                self._narrate(f"ended {ended} sessions")
        return replace(outcome, database=database, put_aside=aside)

    @asynccontextmanager
    async def _filled(
        self, administrator: Connection, tables: Sequence[str] = ()
    ) -> AsyncGenerator[tuple[str, Outcome]]:
        """A database under a name of no meaning, with everything in it that the manifest says."""
        manifest = self._manifest
        for name in await sweep_scratch(administrator):
            self._narrate(f"{name} was left by a restore that was killed; it is dropped")
        self._narrate(f"checking the {len(manifest.files)} files of {manifest.id}")
        await asyncio.to_thread(self._store.check, manifest)
        await self._preflight(administrator)
        async with (
            self._opened() as files,
            scratch_database(administrator, owner=manifest.owner) as name,
        ):
            await require_tables(files / DUMP, tables, tool_major=manifest.tool_major)
            await give_properties(administrator, name, manifest)
            await self._load(administrator, name, files / DUMP)
            rows = await self._prove(name)
            yield name, Outcome(database=name, tables=len(manifest.tables), rows=rows)

    @asynccontextmanager
    async def _opened(self) -> AsyncGenerator[Path]:
        """Off the event loop: opening a sealed backup reads and writes all of it."""
        files = self._store.opened(self._manifest)
        folder = await asyncio.to_thread(files.__enter__)
        try:
            yield folder
        finally:
            await asyncio.to_thread(files.__exit__, None, None, None)

    @asynccontextmanager
    async def _administrator(self, database: str = _MAINTENANCE) -> AsyncGenerator[Connection]:
        connection = await connect(self._endpoint, database, application_name=_APPLICATION, autocommit=True)
        try:
            yield connection
        finally:
            await connection.close()

    async def _preflight(self, connection: Connection) -> None:
        """Everything that would stop the load half way, found before it begins."""
        manifest, catalog = self._manifest, CatalogRepository(connection)
        there, ours = connection.info.server_version // 10_000, manifest.server_version // 10_000
        if there < ours:
            raise RestoreBlocked(
                f"The backup is of PostgreSQL {ours}; this server is {there}, which cannot take it.",
                hint=f"Restore to a server of version {ours} or newer.",
            )
        missing = await catalog.missing_roles([*manifest.roles, manifest.owner])
        if missing:
            raise RestoreBlocked(
                f"The server has no role {', '.join(missing)}, which the backup refers to.",
                hint="Make it first: `iotistic backup roles` prints the statements, without passwords.",
            )
        absent = await catalog.missing_extensions(manifest.extensions)
        if absent:
            raise RestoreBlocked(
                f"The server has no extension {', '.join(absent)}.",
                hint="Install PostgreSQL's contrib package on it.",
            )
        self._require_room()

    def _require_room(self) -> None:
        needed = int(self._manifest.database_bytes * _ROOM)
        if self._data_folder is None or not self._data_folder.exists():
            return  # another machine's disk
        free = shutil.disk_usage(self._data_folder).free
        if free < needed:
            raise RestoreBlocked(
                f"The restore needs about {needed >> 20} MiB beside the live database; {free >> 20} MiB are free.",
                hint="Make room, or restore to another server.",
            )

    async def _load(self, connection: Connection, database: str, dump: Path) -> None:
        manifest = self._manifest
        major = connection.info.server_version // 10_000
        tool = find_tool("pg_restore", at_least=max(manifest.tool_major, major), endpoint=self._endpoint)
        self._narrate(f"loading {manifest.rows} rows into {database} with pg_restore {tool.major}")
        # Single tables come without what refers to others: their constraints may point at tables that are not in it.
        sections = () if manifest.is_full else ("--section=pre-data", "--section=data")
        variables = {
            **environment(self._endpoint, database, application_name=_APPLICATION),
            "PGOPTIONS": _UNHURRIED,
        }
        words = ["--exit-on-error", f"--jobs={self._jobs}", f"--dbname={database}", *sections, str(dump)]
        async with watched(self._observe, lambda: self._loaded(connection, database)):
            await run_tool(tool, words, variables)

    async def _loaded(self, connection: Connection, database: str) -> Progress:
        """By the room it takes: indexes come last, and are most of the time."""
        done, total = (
            await CatalogRepository(connection).database_bytes(database),
            self._manifest.database_bytes,
        )
        return Progress(bytes_done=min(done, total), bytes_total=total)

    async def _prove(self, database: str) -> int:
        """Gathers statistics, which a dump does not hold, and compares; answers the rows that were compared."""
        self._narrate("gathering statistics and comparing with the manifest")
        found = await count_and_analyze(
            lambda: self._administrator(database), self._manifest.tables, jobs=self._jobs
        )
        self._require_same(found)
        if self._manifest.is_full and any(table.name.startswith(_EVENTS) for table in found):
            async with self._administrator(database) as connection:
                moved = await _settle_events(connection)
            if moved:
                self._narrate(f"{moved} events of another server now come before those of this one")
        return sum(table.rows for table in found)

    def _require_same(self, found: Sequence[TableCount]) -> None:
        differences = compare(self._manifest.tables, found)
        if differences:
            raise BackupDiffers(
                f"The restored database differs from the backup: {'; '.join(differences[:5])}.",
                hint="Nothing was replaced. Take another backup (`iotistic backup list`) and keep this one for an inquiry.",
                differences=len(differences),
            )


async def _settle_events(connection: Connection) -> int:
    async with connection.transaction():
        return await EventService(connection).settle_restored()


async def refuse_existing(connection: Connection, database: str) -> None:
    """Raises DatabaseExists."""
    if await CatalogRepository(connection).database_exists(database):
        raise DatabaseExists(
            f"There is a database {database} already; a restore writes into none that exists.",
            hint="Name another with --into.",
            database=database,
        )


def _beside(database: str, suffix: str) -> str:
    name = f"{database[: _LONGEST_NAME - len(suffix) - 1]}_{suffix}"
    if len(name.encode()) > _LONGEST_NAME:
        raise Invalid(f"The name {database} is too long to keep another beside it.", hint="Use --into NAME.")
    return name
