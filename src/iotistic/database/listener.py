"""LISTEN that survives: a stream of notifications over one direct connection that comes back after it is lost."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import final

import psycopg
from psycopg import sql

from iotistic.database.identifiers import identifier
from iotistic.database.pool import Connection
from iotistic.errors import Unavailable

__all__ = ["Answered", "Asked", "Event", "Listener", "Lost", "Reconnected"]

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 15.0
_LONGEST_ANSWER = 5.0
"""After which a server that says nothing counts as gone."""


@final
class Reconnected:
    """Sent in the stream after each (re)connection: notifications may have been missed, so read the present state."""


@final
class Lost:
    """Sent in the stream when the session is gone: from here to the next `Reconnected` nothing is heard."""


@final
class Asked:
    """Sent in the stream just before the server is asked whether it is still there."""


@final
class Answered:
    """It is: what was said until then has been heard."""


Event = Reconnected | Lost | Asked | Answered | tuple[str, str]


@final
class Listener:
    """Notifications of some channels, for ever, as (channel, payload); `Reconnected` first, `Lost` and `Reconnected` around gaps.

    `connect` opens a direct autocommit connection, never through a pooler: LISTEN belongs to a session. With a `pulse` the server is asked
    that often whether it is there, since a connection that is cut without a word sounds like silence for half a minute.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        channels: tuple[str, ...],
        *,
        jitter: Callable[[], float] = random.random,
        pulse: timedelta | None = None,
    ) -> None:
        self._connect = connect
        self._channels = channels
        self._jitter = jitter
        self._pulse = None if pulse is None else pulse.total_seconds()

    async def events(self) -> AsyncIterator[Event]:
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
                while True:
                    async for notice in connection.notifies(timeout=self._pulse):
                        yield notice.channel, notice.payload
                    yield Asked()
                    async with asyncio.timeout(_LONGEST_ANSWER):
                        # Empty: nothing to plan, nothing for statistics; what is heard meanwhile waits for the next turn.
                        await connection.execute("", prepare=False)
                    yield Answered()
            except (psycopg.OperationalError, TimeoutError):
                yield Lost()
            finally:
                await connection.close()
