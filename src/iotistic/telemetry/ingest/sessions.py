"""Several direct connections for one purpose: while PostgreSQL commits what came over one, it is sent the next over another."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import final

from iotistic.database.pool import Connection
from iotistic.telemetry.ingest.session import Connect, Session

__all__ = ["Sessions"]


@final
class Sessions:
    """Each is used by one at a time; who finds none free waits. The one used last is the next, so that a quiet process opens one."""

    def __init__(
        self,
        connect: Connect,
        prepare: Callable[[Connection], Awaitable[None]],
        *,
        number: int,
        limit: timedelta,
    ) -> None:
        """`limit`: see `Session`."""
        self._free = [Session(connect, prepare, limit=limit) for _ in range(number)]
        self._room = asyncio.Semaphore(number)

    @asynccontextmanager
    async def use(self) -> AsyncGenerator[Connection]:
        """A connection, in autocommit."""
        async with self._room:
            session = self._free.pop()
            try:
                async with session.use() as connection:
                    yield connection
            finally:
                self._free.append(session)

    async def close(self) -> None:
        """Those that nobody uses now; they are opened again when needed."""
        for session in [*self._free]:
            await session.close()
