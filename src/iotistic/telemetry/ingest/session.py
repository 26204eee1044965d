"""One direct connection that is opened when needed and again after it was lost."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import final

import psycopg
from psycopg.pq import TransactionStatus

from iotistic.database.pool import Connection

__all__ = ["Connect", "Session"]

_log = logging.getLogger(__name__)

Connect = Callable[[], Awaitable[Connection]]


@final
class Session:
    """Used by one at a time; others wait.

    `prepare` is run on every new connection. A server that is silent for `limit` is given up: a firewall that swallows everything
    closes nothing, and neither does a proxy in between that hangs; whoever uses the session then gets psycopg.OperationalError.
    """

    def __init__(
        self,
        connect: Connect,
        prepare: Callable[[Connection], Awaitable[None]] | None = None,
        *,
        limit: timedelta | None = None,
    ) -> None:
        self._connect = connect
        self._prepare = prepare
        self._limit = limit
        self._connection: Connection | None = None
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def use(self, *, however_long: bool = False) -> AsyncGenerator[Connection]:
        """The connection, in autocommit. After an error it is kept only if it is still good for another statement."""
        async with self._lock:
            connection = await self._open()
            cutting = None if however_long else self._cut_later(connection)
            try:
                yield connection
            finally:
                if cutting is not None:
                    cutting.cancel()
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

    def _cut_later(self, connection: Connection) -> asyncio.TimerHandle | None:
        if self._limit is None:
            return None
        return asyncio.get_running_loop().call_later(self._limit.total_seconds(), _cut, connection)

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def _cut(connection: Connection) -> None:
    """As if the server had: to cancel a statement, psycopg would wait for the very answer that does not come."""
    _log.warning("server is silent: connection cut")
    with (
        suppress(OSError, psycopg.OperationalError),
        socket.socket(fileno=os.dup(connection.fileno())) as ours,
    ):
        ours.shutdown(socket.SHUT_RDWR)
