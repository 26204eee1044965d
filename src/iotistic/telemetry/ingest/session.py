"""One direct connection that is opened when needed and again after it was lost."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import final

from psycopg.pq import TransactionStatus

from iotistic.database.pool import Connection

__all__ = ["Connect", "Session"]

Connect = Callable[[], Awaitable[Connection]]


@final
class Session:
    """Used by one at a time; others wait.

    `prepare` is run on every new connection.
    """

    def __init__(
        self, connect: Connect, prepare: Callable[[Connection], Awaitable[None]] | None = None
    ) -> None:
        self._connect = connect
        self._prepare = prepare
        self._connection: Connection | None = None
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def use(self) -> AsyncGenerator[Connection]:
        """The connection, in autocommit. After an error it is kept only if it is still good for another statement."""
        async with self._lock:
            connection = await self._open()
            try:
                yield connection
            finally:
                if connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
                    await self._drop()

    async def close(self) -> None:
        async with self._lock:
            await self._drop()

    async def _open(self) -> Connection:
        if self._connection is None:
            connection = await self._connect()
            try:
                await connection.set_autocommit(True)
                if self._prepare is not None:
                    await self._prepare(connection)
            except BaseException:
                await connection.close()
                raise
            self._connection = connection
        return self._connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
