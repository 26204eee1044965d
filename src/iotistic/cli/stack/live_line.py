"""The line under `iotistic up` that shows the platform is alive."""

import sys
from collections import deque
from dataclasses import dataclass
from time import monotonic

from iotistic.bootstrap.platform import Platform
from iotistic.cli.output import readable_bytes
from iotistic.errors import IotisticError
from iotistic.operations.overview import OverviewService

__all__ = ["LiveLine", "Pulse", "render"]

_WINDOW = 15
"""Looks that the rate is taken over: one agent reports every fifth second, and the statistics come in bursts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What was seen at one moment."""

    moment: float
    """Seconds of a clock that only goes forward."""
    devices: int
    online: int
    metric_rows: int
    """Rows of device_metrics ever added."""
    log_rows: int
    bytes: int
    """Size of the platform database."""


def render(before: Pulse, now: Pulse) -> str:
    """One line about the present and the time since `before`."""
    seconds = now.moment - before.moment
    rate = max(0, now.metric_rows - before.metric_rows) / seconds if seconds > 0 else 0.0
    return (
        f"{now.online}/{now.devices} devices online · {now.metric_rows:,} reports ({rate:.1f}/s) · "
        f"{now.log_rows:,} log lines · {readable_bytes(now.bytes)}"
    )


class LiveLine:
    """Redrawn in place on a terminal; silent elsewhere, where a log is read by machines."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._recent: deque[Pulse] = deque(maxlen=_WINDOW)
        self._shown = False

    async def refresh(self) -> None:
        """Reads the present and draws it; a database that is away is said, not raised."""
        if not sys.stderr.isatty():
            return
        try:
            now = await self._pulse()
        except IotisticError as error:
            self._draw(f"waiting: {error.message}")
            return
        self._recent.append(now)
        self._draw(render(self._recent[0], now))

    def clear(self) -> None:
        """Makes room for an ordinary line."""
        if self._shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
            self._shown = False

    async def _pulse(self) -> Pulse:
        name = self._platform.settings.names.platform
        async with self._platform.begin(read_only=True) as work:
            overview = OverviewService(work.connection)
            seen = await overview.overview([name], tables=1)
            return Pulse(
                moment=monotonic(),
                devices=seen.devices.registered,
                online=seen.devices.online,
                metric_rows=await overview.inserted_rows("device_metrics"),
                log_rows=await overview.inserted_rows("device_logs"),
                bytes=sum(database.bytes for database in seen.databases),
            )

    def _draw(self, text: str) -> None:
        sys.stderr.write(f"\r\033[K\033[36m●\033[0m {text}")
        sys.stderr.flush()
        self._shown = True
