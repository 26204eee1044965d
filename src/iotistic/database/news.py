"""Who waits for a change of something, and how they hear of it: one session of the process listens, for all who wait.

A message is `<uuid> <topic> ...`: what has changed, not how it is now; whoever is woken reads. Where messages may have been missed,
all are woken, spread over a few seconds so that ten thousand devices do not read at once.
"""

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import final
from uuid import UUID

from iotistic.database.listener import Answered, Asked, Listener, Lost, Reconnected
from iotistic.database.pool import Connection
from iotistic.errors import Exhausted

__all__ = ["News", "TooManyWaiters", "Waiter"]

_log = logging.getLogger(__name__)

_COME_BACK = timedelta(seconds=5)
_SPREAD = timedelta(seconds=3)


class TooManyWaiters(Exhausted):
    """As many requests wait for changes as may."""

    code = "too_many_waiters"


@final
class Waiter:
    """One who waits for changes of one thing in some topics."""

    def __init__(self, topics: Collection[str]) -> None:
        self.topics = frozenset(topics)
        self._news = asyncio.Event()

    def wake(self) -> None:
        self._news.set()

    async def changed(self) -> None:
        """Returns once there may have been a change since the last time, at once if there already was."""
        await self._news.wait()
        self._news.clear()


@final
class News:
    """Of some channels, to at most `most` waiters, `most_of_one` of them for the same thing. One per process."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        channels: tuple[str, ...],
        *,
        most: int = 20_000,
        most_of_one: int = 20,
        spread: timedelta = _SPREAD,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._listener = Listener(connect, channels)
        self._most = most
        self._most_of_one = most_of_one
        self._spread = spread.total_seconds()
        self._jitter = jitter
        self._waiters: dict[UUID, set[Waiter]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self.waiting = 0
        self.dismissed = False
        """Whether nobody should wait any longer: the process stops."""

    async def start(self) -> None:
        """Begins to listen; who waits before the first session stands is woken by it."""
        self._task = asyncio.create_task(self._listen(), name="news")
        self._task.add_done_callback(_say_why)

    async def stop(self) -> None:
        """Stops listening and wakes everybody."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        self.dismiss()

    def dismiss(self) -> None:
        """Wakes everybody, for good: who waits would otherwise hold up the end of the process for up to a minute."""
        self.dismissed = True
        for waiter in self._all():
            waiter.wake()

    @contextmanager
    def subscribed(self, uuid: UUID, topics: Collection[str]) -> Generator[Waiter]:
        """A waiter from now on: subscribe first, then read, so that no change falls in between. Raises TooManyWaiters."""
        if self.waiting >= self._most or len(self._waiters.get(uuid, ())) >= self._most_of_one:
            raise TooManyWaiters(
                "As many requests wait for changes as may.",
                hint="Ask without `wait`, or come back later.",
                retry_after=_COME_BACK,
            )
        waiter = Waiter(topics)
        self._waiters[uuid].add(waiter)
        self.waiting += 1
        try:
            yield waiter
        finally:
            self.waiting -= 1
            self._waiters[uuid].discard(waiter)
            if not self._waiters[uuid]:
                del self._waiters[uuid]

    async def _listen(self) -> None:
        async for event in self._listener.events():
            match event:
                case Lost():
                    _log.warning("news interrupted")
                case Reconnected():
                    self._wake_all()
                case Asked() | Answered():
                    pass  # nothing here is believed for longer than its reader looks at it
                case (_, payload):
                    self._tell(payload)

    def _tell(self, payload: str) -> None:
        uuid, topic, *_ = payload.split(" ")
        for waiter in self._waiters.get(UUID(uuid), ()):
            if topic in waiter.topics:
                waiter.wake()

    def _wake_all(self) -> None:
        loop = asyncio.get_running_loop()
        for waiter in self._all():
            loop.call_later(self._spread * self._jitter(), waiter.wake)

    def _all(self) -> list[Waiter]:
        return [waiter for waiters in self._waiters.values() for waiter in waiters]


def _say_why(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("news stopped", exc_info=error)
