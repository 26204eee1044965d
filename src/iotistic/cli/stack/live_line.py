"""The line under `iotistic up` that shows the platform is alive."""

import sys
from dataclasses import dataclass

from iotistic.bootstrap import Platform
from iotistic.cli.output import readable_bytes
from iotistic.errors import IotisticError
from iotistic.operations.overview import OverviewService

__all__ = ["LiveLine", "Pulse", "render"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What was seen at one moment."""

    devices: int
    online: int
    metric_rows: int
    """Rows of device_metrics ever added."""
    log_rows: int
    bytes: int
    """Size of the platform database."""


def render(before: Pulse | None, now: Pulse, seconds: float) -> str:
    """One line about the present and the time since `before`."""
    rate = 0.0 if before is None else max(0, now.metric_rows - before.metric_rows) / seconds
    return (
        f"{now.online}/{now.devices} devices online · {now.metric_rows:,} reports ({rate:.1f}/s) · "
        f"{now.log_rows:,} log lines · {readable_bytes(now.bytes)}"
    )


class LiveLine:
    """Redrawn in place on a terminal; silent elsewhere, where a log is read by machines."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._before: Pulse | None = None
        self._shown = False

    async def refresh(self, seconds: float) -> None:
        """Reads the present and draws it; a database that is away is said, not raised."""
        if not sys.stderr.isatty():
            return
        try:
            now = await self._pulse()
        except IotisticError as error:
            self._draw(f"waiting: {error.message}")
            return
        self._draw(render(self._before, now, seconds))
        self._before = now

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
