"""One moment of a database, seen by the dump and by whoever counts rows, while everybody else goes on writing."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import final

from psycopg import IsolationLevel, sql

from iotistic.database.errors import translated
from iotistic.database.pool import Connection
from iotistic.operations.backups.errors import TableUnknown
from iotistic.operations.backups.model import TableCount
from iotistic.operations.backups.repository import CatalogRepository, TableFacts

__all__ = ["Snapshot", "choose_tables", "count_alone", "count_table", "snapshot"]

# A digest is taken of rows as text, and a role may have settings of its own for how values are written.
_PLAIN_TEXT = """
SELECT set_config(name, value, false) FROM (VALUES
  ('timezone', 'UTC'), ('datestyle', 'ISO, YMD'), ('intervalstyle', 'postgres'), ('extra_float_digits', '1'),
  ('bytea_output', 'hex'), ('xmlbinary', 'base64')
) AS fixed (name, value)
"""
_NOTHING = "0"
"""What no rows hash to."""


@final
class Snapshot:
    """A transaction that sees one moment. Made by `snapshot`; other sessions join it by `id`."""

    def __init__(self, connection: Connection, snapshot_id: str) -> None:
        self.id = snapshot_id
        self._connection = connection
        self.catalog = CatalogRepository(connection)

    async def count(self, table: TableFacts, *, digest: bool) -> TableCount:
        """How many rows the table has at this moment and, if asked, what they hash to."""
        return await count_table(self._connection, table, digest=digest)


@asynccontextmanager
async def snapshot(connection: Connection) -> AsyncGenerator[Snapshot]:
    """Exports the present moment from an idle connection; it lasts until the block is left."""
    await connection.set_autocommit(False)
    await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    await connection.set_read_only(True)
    with translated():
        cursor = await connection.execute("SELECT pg_export_snapshot()")
        row = await cursor.fetchone()
        try:
            yield Snapshot(connection, str(row[0]) if row else "")
        finally:
            await connection.rollback()
            await connection.set_read_only(None)
            await connection.set_isolation_level(None)
            await connection.set_autocommit(True)


async def count_alone(connection: Connection) -> None:
    """Lets this session count without helpers: starting them costs more than a leaf takes, and the dump needs the processors."""
    with translated():
        await connection.execute("SET max_parallel_workers_per_gather = 0")


async def count_table(connection: Connection, table: TableFacts, *, digest: bool) -> TableCount:
    """Rows and, if asked, the sum of a hash of each row as text: the same wherever the same rows are, in any order.

    A table without a page is not asked: of the 992 of a platform nine in ten are leaves made ahead, and asking them all took a
    third of a dump's time.
    """
    rows, told = (0, _NOTHING) if not table.bytes else await _count(connection, table, digest=digest)
    return TableCount(
        schema=table.schema, name=table.name, rows=rows, digest=told if digest else None, bytes=table.bytes
    )


async def _count(connection: Connection, table: TableFacts, *, digest: bool) -> tuple[int, str]:
    name = sql.Identifier(table.schema, table.name)
    if not digest:
        query = sql.SQL("SELECT count(*), '' FROM ONLY {}").format(name)
    else:
        query = sql.SQL(
            "SELECT count(*), coalesce(sum(hashtextextended(kept::text, 0)::numeric), 0)::text FROM ONLY {} AS kept"
        ).format(name)
    with translated():
        if digest:
            await connection.execute(_PLAIN_TEXT)
        cursor = await connection.execute(query)
        row = await cursor.fetchone()
    return row or (0, _NOTHING)


def choose_tables(tables: Sequence[TableFacts], asked: Sequence[str]) -> list[TableFacts]:
    """The tables these names mean: a partitioned one brings its leaves. Raises TableUnknown naming those that do not exist."""
    chosen: dict[tuple[str, str], TableFacts] = {}
    unknown: list[str] = []
    for name in asked:
        found = [
            table for table in tables if name in {table.name, f"{table.schema}.{table.name}", *table.parents}
        ]
        chosen |= {(table.schema, table.name): table for table in found}
        if not found:
            unknown.append(name)
    if unknown:
        raise TableUnknown(
            f"There is no table {', '.join(unknown)} with rows of its own in this database.",
            hint="`iotistic db psql -- -c '\\dt'` lists them.",
            tables=unknown,
        )
    return [chosen[key] for key in sorted(chosen)]
