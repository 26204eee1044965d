"""Single tables of a backup, brought back beside the live ones into a schema of their own, to look at or to copy from."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, final

from psycopg import sql

from iotistic.config import Endpoint
from iotistic.database.errors import translated
from iotistic.database.pool import Connection, connect
from iotistic.operations.backups.errors import TableUnknown
from iotistic.operations.backups.model import Manifest
from iotistic.operations.backups.repository import CatalogRepository, TableFacts
from iotistic.operations.backups.restoration import Restoration
from iotistic.operations.backups.snapshot import choose_tables

__all__ = ["restore_tables"]

_APPLICATION = "iotistic-restore"


async def restore_tables(
    restoration: Restoration, endpoint: Endpoint, manifest: Manifest, database: str, asked: Sequence[str]
) -> tuple[str, dict[str, int]]:
    """Copies tables of the backup into a new schema of `database`; answers its name, and the rows of each table.

    The backup is restored into a database of its own first, which is dropped afterwards. A partitioned table comes back as
    one plain table. Raises TableUnknown and what `Restoration.into` raises.
    """
    async with restoration.scratch(asked) as scratch:
        source = await connect(endpoint, scratch, application_name=_APPLICATION, autocommit=True)
        target = await connect(endpoint, database, application_name=_APPLICATION)
        try:
            schema = await _free_schema(target, f"restored_{manifest.id.partition('-')[0].lower()}")
            return schema, await _Copy(source, target, schema).run(asked)
        finally:
            await source.close()
            await target.close()


async def _free_schema(connection: Connection, wanted: str) -> str:
    """The name, or with a number behind it: whoever forgot a table takes a second look beside the first."""
    with translated():
        cursor = await connection.execute(
            "SELECT nspname FROM pg_catalog.pg_namespace WHERE starts_with(nspname, %s)", (wanted,)
        )
        taken = {row[0] for row in await cursor.fetchall()}
    return next(name for name in _numbered(wanted) if name not in taken)


def _numbered(name: str) -> Iterator[str]:
    yield name
    for number in count(2):
        yield f"{name}_{number}"


@final
class _Copy:
    """From one connection to another, all tables in one transaction of the target."""

    def __init__(self, source: Connection, target: Connection, schema: str) -> None:
        self._source = source
        self._target = target
        self._schema = schema

    async def run(self, asked: Sequence[str]) -> dict[str, int]:
        tables = await CatalogRepository(self._source).list_tables()
        copied: dict[str, int] = {}
        with translated():
            await self._target.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self._schema)))
            for name in asked:
                for table in choose_tables(tables, [name]):
                    top = next(iter(table.parents), table.name)
                    if top not in copied:
                        await self._make(table, top)
                    copied[top] = copied.get(top, 0) + await self._pour(table, top)
            await self._target.commit()
        return copied

    async def _make(self, table: TableFacts, name: str) -> None:
        """The shape the table had then, which may not be what it is now."""
        columns = await CatalogRepository(self._source).list_columns(table)
        if not columns:
            raise TableUnknown(f"The table {table.name} has no columns.")
        shape = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(column), _type(kind)) for column, kind in columns
        )
        await self._target.execute(
            sql.SQL("CREATE TABLE {} ({})").format(sql.Identifier(self._schema, name), shape)
        )

    async def _pour(self, table: TableFacts, name: str) -> int:
        out = sql.SQL("COPY (SELECT * FROM ONLY {}) TO STDOUT").format(
            sql.Identifier(table.schema, table.name)
        )
        into = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(self._schema, name))
        async with self._source.cursor() as reader, self._target.cursor() as writer:
            async with reader.copy(out) as source, writer.copy(into) as target:
                async for part in source:
                    await target.write(part)
            return writer.rowcount


def _type(kind: Any) -> sql.SQL:  # noqa: ANN401 - trusted text, which no checker can see
    # The server's own spelling of a type, read from its catalog a moment ago.
    return sql.SQL(kind)
