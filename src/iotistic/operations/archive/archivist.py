"""Writes partitions into the archive and proves that they are there, before anybody may drop them."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import final

from psycopg import sql

from iotistic.clock import Clock, system_clock
from iotistic.database.identifiers import identifier
from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.operations.archive.catalogue import Catalogue
from iotistic.operations.archive.columns import column_of, travel
from iotistic.operations.archive.errors import ArchiveDiffers, ArchivedTableNotFound
from iotistic.operations.archive.model import Check, Column, Manifest, differences
from iotistic.operations.archive.parquet import DuckDb, checks_of
from iotistic.operations.archive.storage import Storage, digest
from iotistic.partitioning import Period

__all__ = ["Archivist"]

_QUERIES = Queries("iotistic.operations.archive")
_WHOLE = "whole.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A file that is to be written."""

    table: str
    leaf: str
    period: Period
    part: int
    columns: Sequence[Column]
    others: Sequence[Path]
    """Earlier parts, whose rows it leaves out."""


@final
class Archivist:
    """Files lie in a storage; one process at a time writes (the caller holds a lock)."""

    def __init__(self, storage: Storage, *, clock: Clock = system_clock) -> None:
        self._catalogue = Catalogue(storage)
        self._storage = storage
        self._clock = clock

    async def keep(
        self, connection: Connection, *, parent: str, leaf: str, period: Period, table: str | None = None
    ) -> int:
        """Sees to it that every row of a partition is in the archive, and proves it; answers how many rows were added.

        `table` is the table that holds them where it is not called like the partition. Rows that the archive has already
        are not written again. Raises ArchiveSupportMissing, ArchiveDamaged, ArchivedTableNotFound, and ArchiveDiffers when the archive
        does not hold what the table holds: nothing may be dropped then.
        """
        source = _Source(connection, table or leaf)
        columns = await source.columns()
        wanted = await source.checks(columns)
        parts = self._catalogue.list_parts(table=parent, leaf=leaf)
        paths = [await asyncio.to_thread(self._catalogue.file, part) for part in parts]
        if len(parts) == 1 and not differences(wanted, parts[0].checks):
            return 0  # an earlier run came so far
        workplace = Path(mkdtemp(dir=self._storage.workplace()))
        try:
            csv = workplace / "rows.csv"
            await source.copy(columns, csv)
            await asyncio.to_thread(self._write_whole, workplace, columns, wanted, leaf)
            draft = _Draft(
                table=parent, leaf=leaf, period=period, part=len(parts) + 1, columns=columns, others=paths
            )
            manifest = await asyncio.to_thread(self._write_part, draft, workplace)
            if not manifest.rows and parts:
                return 0
            await asyncio.to_thread(self._catalogue.add, manifest, workplace / manifest.file)
            return manifest.rows
        finally:
            shutil.rmtree(workplace, ignore_errors=True)

    def _write_whole(
        self, workplace: Path, columns: Sequence[Column], wanted: Mapping[str, Check], leaf: str
    ) -> None:
        """All rows as a file, which is read again to know what is really in it."""
        duck = DuckDb(workplace)
        try:
            duck.write(workplace / "rows.csv", workplace / _WHOLE, columns)
            problems = differences(wanted, duck.checks(workplace / _WHOLE, columns))
        finally:
            duck.close()
        (workplace / "rows.csv").unlink()
        if problems:
            raise ArchiveDiffers(
                f"{leaf} cannot be archived: the file does not hold what the table holds ({'; '.join(problems)}).",
                hint="Nothing was dropped. If rows were changed meanwhile, try again.",
                leaf=leaf,
            )

    def _write_part(self, draft: _Draft, workplace: Path) -> Manifest:
        """What earlier parts have not; all of it where there is none."""
        whole, file = workplace / _WHOLE, workplace / f"{draft.leaf}.{draft.part}.parquet"
        duck = DuckDb(workplace)
        try:
            if draft.others:
                duck.write_rest(whole, draft.others, file, draft.columns)
            else:
                whole.replace(file)
            rows = duck.count([file])
            checks = duck.checks(file, draft.columns)
        finally:
            duck.close()
        return Manifest(
            table=draft.table,
            leaf=draft.leaf,
            part=draft.part,
            file=file.name,
            lower=draft.period.lower,
            upper=draft.period.upper,
            rows=rows,
            bytes=file.stat().st_size,
            sha256=digest(file),
            columns=tuple(draft.columns),
            checks=checks,
            created_at=self._clock(),
        )


@final
class _Source:
    """The table in PostgreSQL."""

    def __init__(self, connection: Connection, table: str) -> None:
        self._connection = connection
        self._sql = Statements(connection, _QUERIES)
        self._table = table

    async def columns(self) -> list[Column]:
        found = await self._sql.many("list_columns", _Column, name=self._table)
        if not found:
            raise ArchivedTableNotFound(
                f"There is no table {self._table} in schema public.", table=self._table
            )
        return [column_of(column.name, column.type) for column in found]

    async def checks(self, columns: Sequence[Column]) -> dict[str, Check]:
        """What the columns of the table add up to, by PostgreSQL."""
        parts = [
            sql.SQL(template).format(c=identifier(column.name))
            for column in columns
            for template in travel(column.type).postgres_side
        ]
        query = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(parts), identifier(self._table))
        row = await (await self._connection.execute(query)).fetchone()
        return checks_of([column.name for column in columns], row or ())

    async def copy(self, columns: Sequence[Column], target: Path) -> None:
        """The rows as CSV, in the order they lie in: by time and device, roughly."""
        sent = sql.SQL(", ").join(
            sql.SQL(travel(column.type).sent).format(c=identifier(column.name)) for column in columns
        )
        statement = sql.SQL(
            "COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv, NULL '\\N', FORCE_QUOTE *)"
        ).format(sent, identifier(self._table))
        with target.open("wb") as file:
            async with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
                async for block in copy:
                    file.write(block)
