"""Migrated databases for tests: made once as a template, cloned in a tenth of a second."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import LiteralString

from psycopg import sql

from iotistic.config import Endpoint
from iotistic.database.pool import Connection, connect
from iotistic.database.roles import ROLES, Role, admit_roles, ensure_database, ensure_roles, grant_defaults
from iotistic.database.server import RunningServer
from iotistic.secret import Secret
from tests.support.schema import migrate

__all__ = ["Databases", "TestDatabase"]

TEMPLATE = "iotistic_template"
_numbers = count(1)


def password_of(role: Role) -> Secret:
    return Secret(f"test-{role.name}")


@dataclass(frozen=True, kw_only=True, slots=True)
class TestDatabase:
    """One database on the test server, and how each role logs in to it."""

    __test__ = False

    superuser: Endpoint
    name: str

    def endpoint(self, purpose: str) -> Endpoint:
        """`purpose` as in roles: owner, app, ingest, readonly, ..."""
        role = next(role for role in ROLES if role.purpose == purpose)
        return replace(self.superuser, user=role.logins[0], password=password_of(role))


async def give_events_a_place(database: TestDatabase) -> None:
    """A partition for all times: whatever a test does to a device is told as an event."""
    connection = await connect(
        database.endpoint("owner"), database.name, application_name="test", autocommit=True
    )
    try:
        for tier in ("events_7d", "events_90d", "events_365d", "events_2555d"):
            await connection.execute(
                sql.SQL(
                    "CREATE TABLE {} PARTITION OF {} FOR VALUES FROM ('2000-01-01Z') TO ('2100-01-01Z')"
                ).format(sql.Identifier(f"{tier}_all"), sql.Identifier(tier))
            )
    finally:
        await connection.close()


class Databases:
    """Makes and drops databases on one test server."""

    def __init__(self, superuser: Endpoint) -> None:
        self.superuser = superuser

    @classmethod
    async def prepare(cls, server: RunningServer) -> "Databases":
        databases = cls(server.endpoint)
        async with databases._administrator() as connection:
            await ensure_roles(connection, password_of)
            await ensure_database(connection, TEMPLATE)
        template = TestDatabase(superuser=server.endpoint, name=TEMPLATE)
        async with databases._administrator(TEMPLATE) as connection:
            await grant_defaults(connection)
        await migrate(template.endpoint("owner"), TEMPLATE)
        await give_events_a_place(template)
        return databases

    @asynccontextmanager
    async def platform(self) -> AsyncIterator[TestDatabase]:
        """A clone of the migrated template, dropped afterwards."""
        async with self._made(sql.SQL("TEMPLATE {}").format(sql.Identifier(TEMPLATE))) as database:
            yield database

    @asynccontextmanager
    async def empty(self) -> AsyncIterator[TestDatabase]:
        """A database with roles and defaults, and nothing in it."""
        async with self._made(sql.SQL("TEMPLATE template0")) as database:
            async with self._administrator(database.name) as connection:
                await grant_defaults(connection)
            yield database

    @asynccontextmanager
    async def _made(self, source: sql.Composable) -> AsyncIterator[TestDatabase]:
        name = f"test_{next(_numbers)}"
        async with self._administrator() as connection:
            await connection.execute(
                sql.SQL("CREATE DATABASE {} {} OWNER iotistic_owner").format(sql.Identifier(name), source)
            )
            await admit_roles(connection, name)
        try:
            yield TestDatabase(superuser=self.superuser, name=name)
        finally:
            async with self._administrator() as connection:
                await connection.execute(
                    sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
                )

    @asynccontextmanager
    async def _administrator(self, database: LiteralString = "postgres") -> AsyncIterator[Connection]:
        connection = await connect(self.superuser, database, application_name="test", autocommit=True)
        try:
            yield connection
        finally:
            await connection.close()
