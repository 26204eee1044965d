"""Histories for tests of the migration runner: folders of files, databases for them, and what is in those afterwards."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, LiteralString, cast

from psycopg import sql

from iotistic.config import Endpoint
from iotistic.database.pool import Connection, connect
from iotistic.migrations import History

__all__ = ["Place", "a_place", "history_of", "write"]

_numbers = count(1)

_CATALOG: LiteralString = """
SELECT 'relation', c.relname::text, c.relkind::text, coalesce(pg_get_indexdef(i.indexrelid), ''), i.indisvalid::text
FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'column', attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull::text
FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'p') AND attnum > 0 AND NOT attisdropped
UNION ALL
SELECT 'function', proname::text, prosrc, '', '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'label', enumlabel::text, '', '', '' FROM pg_enum
UNION ALL
SELECT 'inherits', inhrelid::regclass::text, inhparent::regclass::text, inhdetachpending::text, '' FROM pg_inherits
UNION ALL
SELECT 'applied', filename, state, statements_total::text, checksum FROM schema_migrations
ORDER BY 1, 2, 3, 4, 5
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """An empty database on the test server."""

    endpoint: Endpoint
    name: str

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        connection = await connect(self.endpoint, self.name, application_name="test", autocommit=True)
        try:
            yield connection
        finally:
            await connection.close()

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.connection() as connection:
            return await (await connection.execute(cast("LiteralString", query))).fetchall()

    async def run(self, *statements: str) -> None:
        async with self.connection() as connection:
            for statement in statements:
                await connection.execute(cast("LiteralString", statement))

    async def catalog(self, *tables: str) -> list[tuple[Any, ...]]:
        """Everything in the schema, what is on record, and the rows of `tables`: equal for equal databases."""
        found = await self.rows(_CATALOG)
        for table in tables:
            found += [(table, *row) for row in await self.rows(f"SELECT * FROM {table} ORDER BY 1")]
        return found

    async def empty(self) -> None:
        """Back to nothing, faster than a new database."""
        schemas = await self.rows(
            "SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
        )
        drops = [f"DROP SCHEMA {schema} CASCADE" for (schema,) in schemas]
        public = ("CREATE SCHEMA public", "GRANT USAGE ON SCHEMA public TO PUBLIC")
        await self.run("SET client_min_messages = warning", *drops, *public)


@asynccontextmanager
async def a_place(endpoint: Endpoint) -> AsyncIterator[Place]:
    """A new empty database, dropped afterwards."""
    place = Place(endpoint=endpoint, name=f"migrations_{next(_numbers)}")
    identifier = sql.Identifier(place.name)
    await _administer(endpoint, sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(identifier))
    try:
        yield place
    finally:
        await _administer(endpoint, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))


async def _administer(endpoint: Endpoint, statement: sql.Composed) -> None:
    administrator = await connect(endpoint, "postgres", application_name="test", autocommit=True)
    try:
        await administrator.execute(statement)
    finally:
        await administrator.close()


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Writes `files` into `folder` and answers it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return folder


def history_of(folder: Path, files: Mapping[str, str], *, service: str = "shop") -> History:
    """A history of `files`, written into `folder`."""
    return History(service=service, folder=write(folder, files))
