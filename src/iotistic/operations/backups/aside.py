"""Databases that a restore put aside: listed, and dropped once nobody needs the way back."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from iotistic.config import Endpoint
from iotistic.database.errors import translated
from iotistic.database.pool import connect
from iotistic.database.queries import Statements
from iotistic.errors import NotFound
from iotistic.operations.backups.snapshot import QUERIES

__all__ = ["Aside", "AsideNotFound", "drop_aside", "list_aside"]

_APPLICATION = "iotistic-restore"


class AsideNotFound(NotFound):
    """No database of this name was put aside by a restore."""

    code = "database_aside_not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """One database that served before a restore."""

    name: str
    bytes: int
    comment: str
    """Which restore put it aside."""


async def list_aside(endpoint: Endpoint) -> Sequence[Aside]:
    """By name."""
    connection = await connect(endpoint, "postgres", application_name=_APPLICATION, autocommit=True)
    try:
        return await Statements(connection, QUERIES).many("list_aside", Aside)
    finally:
        await connection.close()


async def drop_aside(endpoint: Endpoint, name: str) -> Aside:
    """Drops one for good; no other database can be dropped this way. Raises AsideNotFound."""
    for aside in await list_aside(endpoint):
        if aside.name == name:
            connection = await connect(endpoint, "postgres", application_name=_APPLICATION, autocommit=True)
            try:
                with translated():
                    await connection.execute(
                        sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
                    )
            finally:
                await connection.close()
            return aside
    raise AsideNotFound(
        f"No restore put a database {name!r} aside.",
        hint="`iotistic restore --aside` lists those that were.",
        name=name,
    )
