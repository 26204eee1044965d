"""Brings what was counted into the database: every few minutes, and once more before the process ends."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Final, final

from iotistic.devices.traffic.meter import TrafficMeter
from iotistic.devices.traffic.model import Traffic
from iotistic.errors import IotisticError

__all__ = ["TrafficKeeper"]

_log = logging.getLogger("iotistic.devices.traffic")

_EVERY: Final = timedelta(minutes=5)
"""A row of a device is written at most so often; a process that is killed loses at most so much."""
_BATCH: Final = 5000


@final
class TrafficKeeper:
    """One per process. `write` keeps some tallies, all or none of them; what it fails to keep is tried again with the next."""

    def __init__(
        self,
        meter: TrafficMeter,
        write: Callable[[Sequence[Traffic]], Awaitable[None]],
        *,
        every: timedelta = _EVERY,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._meter = meter
        self._write = write
        self._every = every
        self._jitter = jitter
        self._told_lost = 0
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to bring what is counted."""
        self._task = asyncio.create_task(self._go_on(), name="traffic")
        self._task.add_done_callback(_say_why)

    async def stop(self) -> None:
        """Brings what is left. Not by cancelling: whether a commit that was cut off happened, nobody could say."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.wait({self._task})
            self._task = None
        await self.flush()

    async def flush(self) -> None:
        """Brings everything that was counted up to now, if the database takes it."""
        rest = self._meter.take()
        while rest:
            try:
                await self._write(rest[:_BATCH])
            except IotisticError as error:
                self._meter.put_back(rest)
                _log.warning("traffic not kept", extra={"reason": str(error), "tallies": len(rest)})
                break
            rest = rest[_BATCH:]
        self._tell_lost()

    async def _go_on(self) -> None:
        while not self._stopping.is_set():
            # Not all processes of an API at the same moment.
            pause = self._every.total_seconds() * (0.75 + 0.5 * self._jitter())
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            await self.flush()

    def _tell_lost(self) -> None:
        if self._meter.lost > self._told_lost:
            _log.warning("traffic not counted", extra={"requests": self._meter.lost - self._told_lost})
            self._told_lost = self._meter.lost


def _say_why(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("traffic is no longer kept", exc_info=error)
