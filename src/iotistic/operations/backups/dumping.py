"""One run of pg_dump on a given snapshot, and how far it is."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import final

from iotistic.config import Endpoint
from iotistic.database.client_tools import ClientTool, ClientToolFailed, environment, find_tool, run_tool
from iotistic.database.pool import connect
from iotistic.errors import Invalid, IotisticError
from iotistic.operations.backups.folders import DUMP, ROLES
from iotistic.operations.backups.model import Compression, TableCount
from iotistic.operations.backups.progress import Observe, Progress, watched
from iotistic.operations.backups.repository import CatalogRepository, TableFacts

__all__ = ["CompressionMissing", "Dump", "choose_compression"]

_TRIES = 3
_LOCK_WAIT = timedelta(seconds=10)


class CompressionMissing(Invalid):
    """No pg_dump here writes this compression."""

    code = "compression_missing"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """What to dump and with what."""

    endpoint: Endpoint
    database: str
    tool: ClientTool
    compression: Compression
    jobs: int
    snapshot: str
    """The exported snapshot that every worker joins."""
    tables: Sequence[TableFacts]
    is_partial: bool
    """Whether only `tables` are wanted; else everything, and the roles."""
    application: str
    """Its sessions are found by this name."""

    async def write(self, folder: Path) -> None:
        """Writes dump and roles below `folder`, at the same time. Raises ClientToolFailed."""
        roles = asyncio.create_task(self._write_roles(folder / ROLES))
        try:
            await self._write_dump(folder / DUMP)
            await roles
        finally:
            roles.cancel()
            with suppress(asyncio.CancelledError, IotisticError):
                await roles

    async def _write_roles(self, target: Path) -> None:
        if self.is_partial:
            return
        words = ["--roles-only", "--no-role-passwords", "-l", self.database]
        await run_tool(
            find_tool("pg_dumpall", at_least=self.tool.major, endpoint=self.endpoint),
            words,
            self._variables,
            output=target,
        )

    async def _write_dump(self, target: Path) -> None:
        """Tried again while no table was begun: then a lock was in the way, which others may have given back."""
        for left in reversed(range(_TRIES)):
            try:
                await run_tool(self.tool, self._arguments(target), self._variables)
            except ClientToolFailed:
                if not left or not await asyncio.to_thread(_cleared, target):
                    raise
            else:
                return

    @property
    def _variables(self) -> dict[str, str]:
        return environment(self.endpoint, self.database, application_name=self.application)

    @asynccontextmanager
    async def watched(self, observe: Observe | None) -> AsyncGenerator[None]:
        """Tells how far it is, from a session of its own, until the block is left."""
        if observe is None:
            yield
            return
        connection = await connect(
            self.endpoint, self.database, application_name="iotistic-backup", autocommit=True
        )
        seen, catalog = set[str](), CatalogRepository(connection)
        try:
            async with watched(observe, lambda: self._look(catalog, seen)):
                yield
        finally:
            await connection.close()

    def _arguments(self, target: Path) -> list[str]:
        return [
            "--format=directory",
            f"--jobs={self.jobs}",
            f"--snapshot={self.snapshot}",
            f"--lock-wait-timeout={_LOCK_WAIT // timedelta(milliseconds=1)}",
            f"--compress={'zstd:3' if self.compression == 'zstd' else '1'}",
            f"--file={target}",
            *(_only(self.tables) if self.is_partial else ()),
        ]

    async def _look(self, catalog: CatalogRepository, seen: set[str]) -> Progress:
        """By what COPYs have sent; `seen` are tables that were ever at it, so that those which no longer are count as done."""
        sizes = {
            TableCount(schema=table.schema, name=table.name, rows=0).label: table.bytes
            for table in self.tables
        }
        copies = await catalog.bytes_copied(self.application)
        running = {name: min(done, sizes.get(name, 0)) for name, done in copies.items()}
        seen |= running.keys()
        finished = sum(sizes.get(name, 0) for name in seen - running.keys())
        return Progress(bytes_done=finished + sum(running.values()), bytes_total=sum(sizes.values()))


def choose_compression(tool: ClientTool, asked: Compression | None) -> Compression:
    """What was asked for, else zstd where it is there. Raises CompressionMissing."""
    if asked == "zstd" and not tool.has_zstd:
        raise CompressionMissing(
            f"{tool.path} writes no zstd.",
            hint="Take --compress gzip, or put a PostgreSQL 16 or newer client that was built with zstd on the PATH.",
        )
    return asked or ("zstd" if tool.has_zstd else "gzip")


def _cleared(target: Path) -> bool:
    """Whether no table was begun, so that trying again loses nothing; the folder is gone then."""
    if any(target.glob("*.dat*")):
        return False
    shutil.rmtree(target, ignore_errors=True)
    return True


def _only(tables: Sequence[TableFacts]) -> list[str]:
    """Each leaf by name: a partitioned parent named alone is dumped without a single row. The parents come for their shape."""
    names = {(table.schema, name) for table in tables for name in (table.name, *table.parents)}
    return [f"--table={_pattern(schema)}.{_pattern(name)}" for schema, name in sorted(names)]


def _pattern(name: str) -> str:
    # Within double quotes only a double quote is special.
    return '"' + name.replace('"', '""') + '"'
