"""A small database with rows in plain and partitioned tables, and a folder for its backups."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from psycopg import sql

from iotistic.database.pool import Connection, connect
from iotistic.operations.backups import BackupOrder, BackupStore, Manifest, Restoration, create_backup
from tests.support.databases import Databases, TestDatabase

__all__ = ["Saved"]


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A database, and what is done with it."""

    database: TestDatabase
    store: BackupStore

    async def backup(self, *tables: str, digests: bool = True) -> Manifest:
        order = BackupOrder(database=self.database.name, tables=tables, digests=digests)
        return await create_backup(self.database.endpoint("backup"), self.store, order)

    def restoration(self, manifest: Manifest) -> Restoration:
        return Restoration(self.database.superuser, self.store, manifest)

    @asynccontextmanager
    async def inside(self) -> AsyncIterator[Connection]:
        """The administrator's way into the database."""
        connection = await connect(
            self.database.superuser, self.database.name, application_name="test", autocommit=True
        )
        try:
            yield connection
        finally:
            await connection.close()

    async def rows(self, query: str, *, database: str | None = None) -> list[tuple[object, ...]]:
        connection = await connect(
            self.database.superuser, database or self.database.name, application_name="test", autocommit=True
        )
        try:
            cursor = await connection.execute(query)  # type: ignore[arg-type]
            return await cursor.fetchall() if cursor.description else []
        finally:
            await connection.close()


SAMPLE = """
CREATE TABLE "Odd ""Name" (id bigint GENERATED ALWAYS AS IDENTITY, "Größe" text, raw bytea, doc jsonb, at timestamptz,
  twice bigint GENERATED ALWAYS AS (id * 2) STORED, CONSTRAINT odd_pkey PRIMARY KEY (id));
COMMENT ON TABLE "Odd ""Name" IS 'Ein Täst — with quotes '' and all';
INSERT INTO "Odd ""Name" ("Größe", raw, doc, at)
  SELECT 'ünïcode ' || n, decode(repeat('00ff', n % 50), 'hex'), jsonb_build_object('n', n, 'deep', repeat('x', 3000)), now()
  FROM generate_series(1, 200) AS n;
CREATE TABLE samples (at date NOT NULL, value bigint NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE samples_1 PARTITION OF samples FOR VALUES FROM ('2026-01-01') TO ('2026-01-02');
CREATE TABLE samples_2 PARTITION OF samples FOR VALUES FROM ('2026-01-02') TO ('2026-01-03');
INSERT INTO samples SELECT date '2026-01-01' + n % 2, n FROM generate_series(1, 1000) AS n;
CREATE TABLE empty_one (id bigint);
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest_asyncio.fixture
async def saved(databases: Databases, folder: Path) -> AsyncIterator[Saved]:
    async with databases.empty() as database:
        saved = Saved(database=database, store=BackupStore(folder))
        owner = await connect(
            database.endpoint("owner"), database.name, application_name="test", autocommit=True
        )
        await owner.execute(SAMPLE)  # type: ignore[arg-type]
        await owner.close()
        yield saved
        await _drop_what_is_named_after(database)


async def _drop_what_is_named_after(database: TestDatabase) -> None:
    connection = await connect(database.superuser, "postgres", application_name="test", autocommit=True)
    cursor = await connection.execute(
        "SELECT datname FROM pg_database WHERE datname LIKE %s", (f"{database.name}\\_%",)
    )
    for (name,) in await cursor.fetchall():
        await connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    await connection.close()
