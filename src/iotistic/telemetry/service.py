"""Reads of metrics and logs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Unpack, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.telemetry.errors import RangeInvalid
from iotistic.telemetry.logs.following import LogFollowing
from iotistic.telemetry.logs.search import LogSearch
from iotistic.telemetry.model import (
    LatestValue,
    LogCursor,
    LogLevel,
    LogLine,
    Series,
    Source,
    Sparkline,
    TelemetrySummary,
)
from iotistic.telemetry.reading.model import Presentation, Question
from iotistic.telemetry.reading.service import MetricReader, check_range

__all__ = ["TelemetryService"]

_QUERIES: Final = Queries("iotistic.telemetry")

_MOST_LINES: Final = 1_000
_LEVELS: Final[tuple[LogLevel, ...]] = ("debug", "info", "warning", "error", "critical")
_HIGHEST_SEQUENCE: Final = (1 << 63) - 1
_MINUTE: Final = timedelta(minutes=1)
_SPARKS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rate:
    reports: int
    points: int
    devices: int
    newest: datetime | None


@final
class TelemetryService:
    """Bounded reads on one connection. A device that is unknown has simply reported nothing."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)
        self.metrics = MetricReader(connection)
        self.search = LogSearch(connection)
        self.following = LogFollowing(connection)

    async def latest(self, device_uuid: UUID) -> list[LatestValue]:
        """The newest value of every metric of a device, by name."""
        return [value for device in await self.metrics.latest([device_uuid]) for value in device.values]

    async def series(
        self,
        device_uuid: UUID,
        names: Sequence[str],
        start: datetime,
        end: datetime,
        bucket: timedelta | None = None,
        **more: Unpack[Presentation],
    ) -> list[Series]:
        """The metrics `names` (all when empty) from `start` up to, not including, `end`; by report, or by bucket.

        Buckets are counted from midnight UTC; the first may begin before `start`. A metric that changed its unit is one
        series for each. `more` as in `Question`. Raises RangeInvalid, RangeTooLong, or TooManyPoints with a bucket that would do.
        """
        answer = await self.metrics.series(
            Question(devices=[device_uuid], names=names, start=start, end=end, bucket=bucket, **more)
        )
        read: dict[Source, None] = dict.fromkeys(part.source for part in answer.sources)
        return [
            Series(
                metric=one.metric, unit=one.unit, bucket=answer.bucket, sources=tuple(read), points=one.points
            )
            for one in answer.series
        ]

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
        check_range(start, end)
        return await self._sql.many(
            "list_logs",
            LogLine,
            device_uuid=device_uuid,
            since=start,
            until=end,
            before=after.timestamp if after else end,
            before_sequence=after.sequence if after else _HIGHEST_SEQUENCE,
            levels=list(_LEVELS[_LEVELS.index(level) :] if level else _LEVELS),
            service=service,
            limit=_checked_limit(limit),
        )

    async def problems(self, start: datetime, end: datetime, limit: int = 100) -> list[LogLine]:
        """The newest lines of level warning or worse of all devices."""
        check_range(start, end)
        return await self._sql.many(
            "list_problems", LogLine, since=start, until=end, limit=_checked_limit(limit)
        )

    async def summary(self, now: datetime) -> TelemetrySummary:
        """Rates over the minute before `now`."""
        rate = await self._sql.one("summarise", _Rate, since=now - _MINUTE, until=now)
        if rate is None:
            return TelemetrySummary(reports_per_second=0.0, points_per_second=0.0, devices=0, newest=None)
        return TelemetrySummary(
            reports_per_second=rate.reports / _MINUTE.total_seconds(),
            points_per_second=rate.points / _MINUTE.total_seconds(),
            devices=rate.devices,
            newest=rate.newest,
        )

    async def sparklines(self, device_uuid: UUID, names: Sequence[str], now: datetime) -> list[Sparkline]:
        """The last hour of `names`, in their order; a metric without a value in it has only None.

        The last of the 60 minutes is the one of `now`, which is not over.
        """
        this_minute = now.astimezone(UTC).replace(second=0, microsecond=0)
        first = this_minute - (_SPARKS - 1) * _MINUTE
        series = await self.series(device_uuid, names, first, this_minute + _MINUTE, _MINUTE)
        return [_sparkline(name, [one for one in series if one.metric == name], first) for name in names]


def _sparkline(name: str, series: Sequence[Series], first: datetime) -> Sparkline:
    values: list[float | None] = [None] * _SPARKS
    for one in series:
        for point in one.points:
            values[(point.timestamp - first) // _MINUTE] = point.average
    return Sparkline(metric=name, unit=series[-1].unit if series else None, values=tuple(values))


def _checked_limit(limit: int) -> int:
    if not 1 <= limit <= _MOST_LINES:
        raise RangeInvalid(f"A page has 1 to {_MOST_LINES} lines, not {limit}.", limit=limit)
    return limit
