"""A database made beside another, used once and dropped, whatever happens in between."""

import os
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from psycopg import errors as driver
from psycopg import sql

from iotistic.config import Endpoint
from iotistic.database.pool import Connection, connect
from iotistic.database.roles import works_as
from iotistic.errors import Denied

__all__ = ["Prepare", "ScratchDenied", "scratch_database"]

Prepare = Callable[[Connection], Awaitable[None]]
"""What is done to a new database before its first migration: default rights, extensions."""

_LONGEST = 63 - len("_scratch_") - 8


class ScratchDenied(Denied):
    """The role may not make databases."""

    code = "migration_scratch_denied"


@asynccontextmanager
async def scratch_database(
    endpoint: Endpoint,
    *,
    beside: str,
    maintenance: Endpoint | None = None,
    prepare: Prepare | None = None,
) -> AsyncGenerator[str]:
    """The name of a new empty database on the same server, owned by `endpoint`'s role, dropped on leaving.

    `beside` is an existing database to connect to meanwhile. `maintenance` makes and prepares it when `endpoint`'s own role
    may not. Raises ScratchDenied.
    """
    name = f"{beside[:_LONGEST]}_scratch_{secrets.token_hex(4)}"
    administrator = maintenance or endpoint
    connection = await connect(administrator, beside, application_name="migrate:scratch", autocommit=True)
    try:
        await _create(connection, name, owner=works_as(endpoint.user))
        try:
            if prepare is not None:
                await _prepare(administrator, name, prepare)
            yield name
        finally:
            await connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    finally:
        await connection.close()


async def _create(connection: Connection, name: str, *, owner: str) -> None:
    statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        await connection.execute(statement.format(sql.Identifier(name), sql.Identifier(owner)))
    except driver.InsufficientPrivilege as error:
        raise ScratchDenied(
            f"The role {connection.info.user} may not make the scratch database {name}.",
            hint="Use a role with CREATEDB (and the owner's rights), for example the superuser, by --url.",
        ) from error
    comment = sql.SQL("COMMENT ON DATABASE {} IS {}").format(
        sql.Identifier(name),
        sql.Literal(f"Made by a migration check (process {os.getpid()}); may be dropped."),
    )
    await connection.execute(comment)


async def _prepare(administrator: Endpoint, name: str, prepare: Prepare) -> None:
    connection = await connect(administrator, name, application_name="migrate:scratch", autocommit=True)
    try:
        await prepare(connection)
    finally:
        await connection.close()
