"""Reads of metrics and logs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.telemetry.model import (
    LatestValue,
    LogCursor,
    LogLevel,
    LogLine,
    Series,
    Sparkline,
    TelemetrySummary,
)

__all__ = ["TelemetryService"]


@final
class TelemetryService:
    """Bounded reads on one connection. A device that is unknown has simply reported nothing."""

    def __init__(self, connection: Connection) -> None:
        raise NotImplementedError

    async def latest(self, device_uuid: UUID) -> list[LatestValue]:
        """The newest value of every metric of a device, by name."""
        raise NotImplementedError

    async def series(
        self,
        device_uuid: UUID,
        names: Sequence[str],
        start: datetime,
        end: datetime,
        bucket: timedelta | None = None,
    ) -> list[Series]:
        """The metrics `names` (all when empty) from `start` up to, not including, `end`; by report, or by bucket.

        Raises RangeInvalid, or TooManyPoints with a bucket that would do.
        """
        raise NotImplementedError

    async def logs(
        self,
        device_uuid: UUID,
        start: datetime,
        end: datetime,
        *,
        level: LogLevel | None = None,
        service: str | None = None,
        after: LogCursor | None = None,
        limit: int = 100,
    ) -> list[LogLine]:
        """Lines of `level` or worse from `start` up to `end`, newest first, at most `limit` (up to 1,000).

        `after` is the `cursor` of the last line of the page before.
        """
        raise NotImplementedError

    async def problems(self, start: datetime, end: datetime, limit: int = 100) -> list[LogLine]:
        """The newest lines of level warning or worse of all devices."""
        raise NotImplementedError

    async def summary(self, now: datetime) -> TelemetrySummary:
        """Rates over the minute before `now`."""
        raise NotImplementedError

    async def sparklines(self, device_uuid: UUID, names: Sequence[str], now: datetime) -> list[Sparkline]:
        """The last hour of `names`, in their order; a metric without a value in it has only None."""
        raise NotImplementedError
