"""The database a restore fills before it gets its name.

Told by what it is called, and alive as long as the session that fills it holds its lock: what a killed restore left is found and
dropped by the next one, and what another restore is filling is left alone.
"""

import re
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from psycopg import sql

from iotistic.database.errors import translated
from iotistic.database.locks import key_of
from iotistic.database.pool import Connection
from iotistic.operations.backups.repository import CatalogRepository

__all__ = ["drop_database", "scratch_database", "sweep_scratch"]

_PREFIX = "iotistic_restoring_"
_NAME = re.compile(rf"{_PREFIX}[0-9a-f]{{8}}")


@asynccontextmanager
async def scratch_database(administrator: Connection, *, owner: str | None = None) -> AsyncGenerator[str]:
    """Makes an empty database and answers its name; dropped at the end, unless it was given another name meanwhile.

    `administrator` is an idle autocommit connection to the maintenance database, and stays open as long as the block runs.
    """
    catalog, name = CatalogRepository(administrator), f"{_PREFIX}{secrets.token_hex(4)}"
    await catalog.claim(key_of(name))  # before it is made: from its first moment on it has an owner
    try:
        whose = sql.SQL("OWNER {}").format(sql.Identifier(owner)) if owner else sql.SQL("")
        with translated():
            await administrator.execute(
                sql.SQL("CREATE DATABASE {} {} TEMPLATE template0 ENCODING 'UTF8'").format(
                    sql.Identifier(name), whose
                )
            )
        yield name
    finally:
        if not administrator.closed:
            await drop_database(administrator, name)
            await catalog.disclaim(key_of(name))


async def sweep_scratch(administrator: Connection) -> list[str]:
    """Drops what killed restores left; answers the names. A program of theirs that still loads is ended by it."""
    catalog, dropped = CatalogRepository(administrator), list[str]()
    for name in await catalog.list_databases():
        if _NAME.fullmatch(name) and await catalog.claim(key_of(name)):
            try:
                await drop_database(administrator, name)
            finally:
                await catalog.disclaim(key_of(name))
            dropped.append(name)
    return dropped


async def drop_database(administrator: Connection, name: str) -> None:
    """Ends its sessions and drops it, if it is there."""
    with translated():
        await administrator.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )
