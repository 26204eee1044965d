"""LISTEN that survives: a stream of notifications over one direct connection that comes back after it is lost."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import final

import psycopg
from psycopg import sql

from iotistic.database.identifiers import identifier
from iotistic.database.pool import Connection
from iotistic.errors import Unavailable

__all__ = ["Listener", "Lost", "Reconnected"]

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 15.0


@final
class Reconnected:
    """Sent in the stream after each (re)connection: notifications may have been missed, so read the present state."""


@final
class Lost:
    """Sent in the stream when the session is gone: from here to the next `Reconnected` nothing is heard."""


@final
class Listener:
    """Notifications of some channels, for ever, as (channel, payload); `Reconnected` first, `Lost` and `Reconnected` around gaps.

    `connect` opens a direct autocommit connection, never through a pooler: LISTEN belongs to a session.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        channels: tuple[str, ...],
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._connect = connect
        self._channels = channels
        self._jitter = jitter

    async def events(self) -> AsyncIterator[Reconnected | Lost | tuple[str, str]]:
        """Yields until the consumer stops or is cancelled; a lost server is waited for with growing pauses."""
        pause = _FIRST_PAUSE
        while True:
            try:
                connection = await self._connect()
            except (Unavailable, psycopg.OperationalError):
                await asyncio.sleep(pause * (0.5 + self._jitter()))
                pause = min(_LONGEST_PAUSE, pause * 2)
                continue
            try:
                for channel in self._channels:
                    await connection.execute(sql.SQL("LISTEN {}").format(identifier(channel)))
                pause = _FIRST_PAUSE
                yield Reconnected()
                async for notice in connection.notifies():
                    yield notice.channel, notice.payload
            except psycopg.OperationalError:
                yield Lost()
            finally:
                await connection.close()
