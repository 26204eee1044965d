"""Brings what was counted into the database: every few minutes, and once more before the process ends."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, final

from iotistic.database.periodic import Periodic
from iotistic.devices.traffic.meter import TrafficMeter
from iotistic.devices.traffic.model import Traffic
from iotistic.errors import IotisticError

__all__ = ["TrafficKeeper"]

_log = logging.getLogger("iotistic.devices.traffic")

_EVERY: Final = timedelta(minutes=5)
"""About so often, give or take a quarter, a row of a device is written; a process that is killed loses so much."""
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
    ) -> None:
        self._meter = meter
        self._write = write
        self._told_lost = 0
        self._periodic = Periodic("traffic", self.flush, every=every)

    async def start(self) -> None:
        """Begins to bring what is counted."""
        await self._periodic.start()

    async def stop(self) -> None:
        """Brings what is left."""
        await self._periodic.stop()

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

    def _tell_lost(self) -> None:
        if self._meter.lost > self._told_lost:
            _log.warning("traffic not counted", extra={"requests": self._meter.lost - self._told_lost})
            self._told_lost = self._meter.lost
