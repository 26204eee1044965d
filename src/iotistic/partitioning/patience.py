"""How partition work waits for locks: briefly, and again, so that nobody queues behind it for long."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import final

import psycopg

from iotistic.database.conninfo import milliseconds
from iotistic.database.errors import translate
from iotistic.database.pool import Connection

__all__ = ["Patience"]


@final
class Patience:
    """The waiting of one direct autocommit connection.

    A statement that waits for a lock on a parent makes every insert wait behind it, so the wait is half a second at most; a
    concurrent detach holds up nobody and may wait longer.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        lock_timeout: timedelta = timedelta(milliseconds=500),
        detach_timeout: timedelta = timedelta(seconds=10),
        attempts: int = 6,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.connection = connection
        self.lock_timeout = lock_timeout
        self.detach_timeout = detach_timeout
        self.attempts = attempts
        self._jitter = jitter

    async def patiently(self, act: Callable[[], Awaitable[object]]) -> None:
        """Acts, again after a growing pause as long as only a lock was in the way. Raises LockNotAvailable in the end."""
        for attempt in range(1, self.attempts + 1):
            try:
                async with self.bounded(self.lock_timeout):
                    await act()
            except psycopg.errors.LockNotAvailable as error:
                if attempt == self.attempts:
                    raise (translate(error) or error) from error
                await asyncio.sleep(0.1 * attempt * (0.5 + self._jitter()))
            else:
                return

    @asynccontextmanager
    async def bounded(self, limit: timedelta) -> AsyncGenerator[None]:
        """Waits for a lock no longer than `limit`."""
        await self.connection.execute(
            "SELECT set_config('lock_timeout', %s, false)", (f"{milliseconds(limit)}ms",)
        )
        try:
            yield
        finally:
            if not self.connection.closed:
                await self.connection.execute("RESET lock_timeout")
