"""Reads of metrics and logs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.telemetry.errors import RangeInvalid, TooManyPoints
from iotistic.telemetry.model import (
    LatestValue,
    LogCursor,
    LogLevel,
    LogLine,
    Point,
    Series,
    Sparkline,
    TelemetrySummary,
)

__all__ = ["TelemetryService"]

_QUERIES: Final = Queries("iotistic.telemetry")

_MOST_POINTS: Final = 20_000
"""In one answer, over all metrics: about 2 MB of JSON."""
_MOST_LINES: Final = 1_000
_SHORTEST_BUCKET: Final = timedelta(seconds=1)
_LEVELS: Final[tuple[LogLevel, ...]] = ("debug", "info", "warning", "error", "critical")
_HIGHEST_SEQUENCE: Final = (1 << 63) - 1
_MINUTE: Final = timedelta(minutes=1)
_SPARKS: Final = 60

_ROUND_BUCKETS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (1, 5, 10, 30, 60, 300, 600, 900, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 604_800)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    metric: str
    unit: str | None
    moment: datetime
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bucket:
    metric: str
    unit: str | None
    moment: datetime
    count: int
    minimum: float
    average: float
    maximum: float


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

    async def latest(self, device_uuid: UUID) -> list[LatestValue]:
        """The newest value of every metric of a device, by name."""
        return await self._sql.many("list_latest", LatestValue, device_uuid=device_uuid)

    async def series(
        self,
        device_uuid: UUID,
        names: Sequence[str],
        start: datetime,
        end: datetime,
        bucket: timedelta | None = None,
    ) -> list[Series]:
        """The metrics `names` (all when empty) from `start` up to, not including, `end`; by report, or by bucket.

        Buckets are counted from midnight UTC; the first may begin before `start`. A metric that changed its unit is one
        series for each. Raises RangeInvalid, or TooManyPoints with a bucket that would do.
        """
        _check_range(start, end)
        if bucket is not None and bucket < _SHORTEST_BUCKET:
            raise RangeInvalid(f"A bucket is at least {_SHORTEST_BUCKET.seconds} second wide.", bucket=bucket)
        if bucket is None:
            points = await self._sql.many(
                "list_points",
                _Point,
                device_uuid=device_uuid,
                names=list(names),
                since=start,
                until=end,
                limit=_MOST_POINTS + 1,
            )
            buckets = [_alone(point) for point in points]
        else:
            buckets = await self._buckets(device_uuid, names, start, end, bucket)
        if len(buckets) > _MOST_POINTS:
            raise _too_many(start, end, len({(one.metric, one.unit) for one in buckets}))
        return [
            Series(metric=metric, unit=unit, bucket=bucket, points=tuple(_point(one) for one in group))
            for (metric, unit), group in groupby(buckets, key=lambda one: (one.metric, one.unit))
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
        _check_range(start, end)
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
        _check_range(start, end)
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
        buckets = await self._buckets(device_uuid, names, first, this_minute + _MINUTE, _MINUTE)
        return [_sparkline(name, [one for one in buckets if one.metric == name], first) for name in names]

    async def _buckets(
        self, device_uuid: UUID, names: Sequence[str], start: datetime, end: datetime, bucket: timedelta
    ) -> list[_Bucket]:
        return await self._sql.many(
            "list_buckets",
            _Bucket,
            device_uuid=device_uuid,
            names=list(names),
            since=start,
            until=end,
            bucket=bucket,
            limit=_MOST_POINTS + 1,
        )


def _alone(point: _Point) -> _Bucket:
    return _Bucket(
        metric=point.metric,
        unit=point.unit,
        moment=point.moment,
        count=1,
        minimum=point.value,
        average=point.value,
        maximum=point.value,
    )


def _point(bucket: _Bucket) -> Point:
    return Point(
        timestamp=bucket.moment,
        count=bucket.count,
        minimum=bucket.minimum,
        average=bucket.average,
        maximum=bucket.maximum,
    )


def _sparkline(name: str, buckets: Sequence[_Bucket], first: datetime) -> Sparkline:
    values: list[float | None] = [None] * _SPARKS
    for bucket in buckets:
        values[(bucket.moment - first) // _MINUTE] = bucket.average
    return Sparkline(metric=name, unit=buckets[-1].unit if buckets else None, values=tuple(values))


def _check_range(start: datetime, end: datetime) -> None:
    if start.tzinfo is None or end.tzinfo is None:
        raise RangeInvalid("A range of time needs an offset, as in 2026-11-23T20:00:00Z.")
    if start >= end:
        raise RangeInvalid(
            f"The range ends at {end.isoformat()}, before it begins at {start.isoformat()}.",
            start=start,
            end=end,
        )


def _checked_limit(limit: int) -> int:
    if not 1 <= limit <= _MOST_LINES:
        raise RangeInvalid(f"A page has 1 to {_MOST_LINES} lines, not {limit}.", limit=limit)
    return limit


def _too_many(start: datetime, end: datetime, metrics: int) -> TooManyPoints:
    enough = (end - start) * metrics / _MOST_POINTS
    fitting = next((bucket for bucket in _ROUND_BUCKETS if bucket >= enough), _ROUND_BUCKETS[-1])
    return TooManyPoints(
        f"The range holds more than {_MOST_POINTS} points.",
        hint=f"Ask for buckets of {int(fitting.total_seconds())} s, for fewer metrics, or for a shorter time.",
        limit=_MOST_POINTS,
        bucket_seconds=int(fitting.total_seconds()),
    )
