"""Databases that a restore put aside: listed, and dropped once nobody needs the way back."""

from collections.abc import Sequence

from psycopg import sql

from iotistic.config import Endpoint
from iotistic.database.errors import translated
from iotistic.database.pool import connect
from iotistic.errors import NotFound
from iotistic.operations.backups.repository import Aside, CatalogRepository

__all__ = ["AsideNotFound", "drop_aside", "list_aside"]

_APPLICATION = "iotistic-restore"


class AsideNotFound(NotFound):
    """No database of this name was put aside by a restore."""

    code = "database_aside_not_found"


async def list_aside(endpoint: Endpoint) -> Sequence[Aside]:
    """By name."""
    connection = await connect(endpoint, "postgres", application_name=_APPLICATION, autocommit=True)
    try:
        return await CatalogRepository(connection).list_aside()
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
        hint="`iotistic backup aside` lists those that were.",
        name=name,
    )
