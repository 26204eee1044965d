"""What a process does every so often by itself, and once more before it ends: bringing what it holds in memory into the database."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import final

__all__ = ["Periodic"]

_log = logging.getLogger("iotistic.database.periodic")
# Of its own: whoever seeds the common one wants to get the same again, and not what a task in the background leaves of it.
_jitter = random.SystemRandom().random


@final
class Periodic:
    """Awaits `act` again and again, about `every` so long. What is expected to go wrong, `act` deals with itself."""

    def __init__(
        self,
        name: str,
        act: Callable[[], Awaitable[None]],
        *,
        every: timedelta,
        jitter: Callable[[], float] = _jitter,
    ) -> None:
        self._name = name
        self._act = act
        self._every = every
        self._jitter = jitter
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """The first time is after one pause."""
        self._task = asyncio.create_task(self._go_on(), name=self._name)
        self._task.add_done_callback(self._say_why)

    async def stop(self) -> None:
        """Acts once more. Not by cancelling: whether a commit that was cut off happened, nobody could say."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.wait({self._task})
            self._task = None
        await self._act()

    async def _go_on(self) -> None:
        while not self._stopping.is_set():
            # Not all processes of an API at the same moment.
            pause = self._every.total_seconds() * (0.75 + 0.5 * self._jitter())
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            if not self._stopping.is_set():
                await self._act()

    def _say_why(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("periodic work ended", exc_info=error, extra={"work": self._name})
