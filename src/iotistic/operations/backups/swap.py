"""Giving a restored database the name of the live one, in one transaction of the server.

Nothing in between is ever visible, and nothing has to be undone: killed at any moment, the live database is either still the former
one, open to everybody, or already the new one. ALLOW_CONNECTIONS would have to be committed first, and a killed swap would leave
the live database shut.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass

from psycopg import sql

from iotistic.database import locks
from iotistic.database.errors import translated
from iotistic.database.pool import Connection
from iotistic.operations.backups.repository import CatalogRepository

__all__ = ["Administrators", "Swap", "rename_database", "swap"]

_PAUSE = 0.02

Administrators = Callable[[str], AbstractAsyncContextManager[Connection]]
"""Opens an autocommit connection of the server's administrator to a database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Which name goes where."""

    live: str
    fresh: str
    """What becomes `live`."""
    aside: str
    """What `live` becomes."""
    comment: str
    """Tells `aside` from databases of other people."""


async def swap(names: Swap, administrator: Administrators, maintenance: str) -> int:
    """Ends the sessions of the live database and swaps the names; answers how many it ended.

    Raises LockNotAvailable while a dump, a migration or partition work has the lock of operations, or what PostgreSQL says when a
    session does not end within five seconds; then the names are as before.
    """
    async with administrator(maintenance) as renamer, administrator(maintenance) as ender:
        renaming: asyncio.Task[None] | None = None
        try:
            async with (
                administrator(names.live) as inside,
                locks.hold(inside, locks.LockKey.OPERATIONS),
            ):
                renaming = asyncio.create_task(_exchange(renamer, names))
                await _until_shut(CatalogRepository(ender), renamer, names.live, renaming)
            # From here on nobody comes in, so the lock may end with its session.
            return await _end_sessions(CatalogRepository(ender), names.live, renaming)
        finally:
            if renaming is not None:
                renaming.cancel()
                with suppress(asyncio.CancelledError):
                    await renaming


async def rename_database(connection: Connection, old: str, new: str) -> None:
    """Waits up to five seconds for sessions of `old` to end by themselves."""
    with translated():
        await connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))
        )


async def _exchange(renamer: Connection, names: Swap) -> None:
    """The first rename locks the database against newcomers and then waits for those inside to leave."""
    with translated():
        async with renamer.transaction():
            await rename_database(renamer, names.live, names.aside)
            await rename_database(renamer, names.fresh, names.live)
            await renamer.execute(
                sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                    sql.Identifier(names.aside), sql.Literal(names.comment)
                )
            )


async def _until_shut(
    catalog: CatalogRepository, renamer: Connection, live: str, renaming: asyncio.Task[None]
) -> None:
    while not renaming.done() and not await catalog.is_shut(live, by=renamer.info.backend_pid):
        await asyncio.wait([renaming], timeout=_PAUSE)


async def _end_sessions(catalog: CatalogRepository, live: str, renaming: asyncio.Task[None]) -> int:
    ended: set[int] = set()
    while not renaming.done():
        ended |= set(await catalog.end_sessions(live))
        await asyncio.wait([renaming], timeout=_PAUSE)
    await renaming
    return len(ended)
