"""The statements that read metrics, on one connection."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Final, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.telemetry.model import LatestValue
from iotistic.telemetry.reading.sources import Made, Segment
from iotistic.telemetry.rollups import LevelName

__all__ = ["Kinds", "LatestReport", "MetricRepository", "Sum"]

_QUERIES: Final = Queries("iotistic.telemetry.reading")

_Bucket = tuple[UUID | None, int, datetime, int, float | None, float, float, datetime, float | None]
"""Device, number of the series, when the bucket begins, count, minimum, maximum, sum, when the newest report was, its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    metric_set_id: int
    position: int
    metric: str
    unit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rollup:
    rollup: LevelName
    complete_since: datetime
    complete_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Set:
    id: int
    names: list[str]
    units: list[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestReport:
    """A row of device_metric_latest."""

    device_uuid: UUID
    metric_set_id: int
    timestamp: datetime
    values: list[float | None]


@dataclass(frozen=True, slots=True)
class Kinds:
    """Where the wanted metrics stand in the values of each metric set."""

    sets: tuple[int, ...]
    positions: tuple[int, ...]
    numbers: tuple[int, ...]
    """For each of those the position in `series`."""
    series: tuple[tuple[str, str | None], ...]
    """Metric and unit, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What the values of one series amount to in one bucket, or in a part of one."""

    device: UUID | None
    series: int
    number: int
    """Which bucket, from 0."""
    count: int
    minimum: float
    maximum: float
    total: float
    last: list[float] | None
    """Seconds since 1970 and value."""

    def plus(self, other: "Sum") -> "Sum":
        """Both parts of the bucket together."""
        return Sum(
            device=self.device,
            series=self.series,
            number=self.number,
            count=self.count + other.count,
            minimum=min(self.minimum, other.minimum),
            maximum=max(self.maximum, other.maximum),
            total=self.total + other.total,
            last=max((one for one in (self.last, other.last) if one is not None), default=None),
        )


@final
class MetricRepository:
    """Every statement has both bounds of time as parameters, so that only the partitions it needs are planned and locked."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, binary=True)

    async def kinds(self, devices: Sequence[UUID] | None, names: Sequence[str]) -> Kinds:
        """Of these devices, or of all."""
        rows = (
            await self._sql.many("list_kinds", _Kind, names=list(names))
            if devices is None
            else _unfolded(
                await self._sql.many("list_device_sets", _Set, devices=list(devices)), frozenset(names)
            )
        )
        series = tuple(dict.fromkeys((row.metric, row.unit) for row in rows))
        number = {kind: position for position, kind in enumerate(series)}
        return Kinds(
            sets=tuple(row.metric_set_id for row in rows),
            positions=tuple(row.position for row in rows),
            numbers=tuple(number[row.metric, row.unit] for row in rows),
            series=series,
        )

    async def made(self) -> Mapping[LevelName, Made]:
        """Which buckets of which rollup are made."""
        return {
            row.rollup: Made(since=row.complete_since, until=row.complete_until)
            for row in await self._sql.many("list_made", _Rollup)
        }

    async def count_devices(self) -> int:
        """That ever reported."""
        count: int = await self._sql.value("count_devices")
        return count

    async def latest_reports(self, devices: Sequence[UUID]) -> list[LatestReport]:
        """By device, oldest first."""
        found = await self._sql.many("list_latest_reports", LatestReport, devices=list(devices))
        return sorted(found, key=lambda report: (report.device_uuid, report.timestamp))

    async def latest_values(
        self, devices: Sequence[UUID], names: Sequence[str]
    ) -> list[tuple[UUID, LatestValue]]:
        """Of these metrics, in every list of names that has them: by device, oldest first."""
        rows = await self._sql.rows("list_latest_values", devices=list(devices), names=list(names))
        return [
            (device, LatestValue(metric=metric, unit=unit, value=value, timestamp=moment))
            for device, moment, metric, unit, value in sorted(rows, key=itemgetter(0, 1))
        ]

    async def sets(self, ids: Collection[int]) -> dict[int, list[tuple[str, str | None]]]:
        """Metric and unit of each position."""
        rows = await self._sql.many("list_sets", _Set, ids=sorted(ids))
        return {row.id: list(zip(row.names, row.units, strict=True)) for row in rows}

    async def reports(
        self, devices: Sequence[UUID], kinds: Kinds, start: datetime, end: datetime, limit: int
    ) -> list[tuple[UUID, int, datetime, float]]:
        """Device, number of the series, moment, value; of each device oldest first."""
        return await self._sql.rows(
            "list_reports",
            series_ids=await self._series(devices),
            sets=list(kinds.sets),
            positions=list(kinds.positions),
            series=list(kinds.numbers),
            since=start,
            until=end,
            limit=limit,
        )

    async def sums(
        self,
        part: Segment,
        kinds: Kinds,
        devices: Sequence[UUID] | None,
        edges: Sequence[datetime],
        *,
        by_device: bool,
        limit: int,
    ) -> list[Sum]:
        """What stands in one segment, by bucket; a bucket may come in several parts. `limit` of them: there may be more."""
        asked: dict[str, object] = {
            "devices": None if devices is None else list(devices),
            "sets": list(kinds.sets),
            "positions": list(kinds.positions),
            "series": list(kinds.numbers),
            "since": part.since,
            "until": part.until,
        }
        if part.width is not None:
            buckets = (part.until - part.since) // part.width
            if by_device:
                is_as_wide = part.width == edges[1] - edges[0]
                if is_as_wide and buckets * len(devices or ()) * len(kinds.sets) < limit:
                    return _numbered(await self._ready_made(part, kinds, asked), edges)
            elif buckets < limit and len(kinds.sets) == 1:
                return _numbered(await self._together(part, kinds, asked), edges)
        asked |= {"edges": list(edges), "by_device": by_device, "limit": limit}
        match part.source:
            case "raw":
                del asked["devices"]
                return await self._sql.many(
                    "sum_reports", Sum, series_ids=await self._series(devices), **asked
                )
            case "quarters":
                return await self._sql.many("sum_quarters", Sum, **asked)
            case "hours":
                return await self._sql.many("sum_hours", Sum, **asked)
            case "days":
                return await self._sql.many("sum_days", Sum, **asked)

    async def _series(self, devices: Sequence[UUID] | None) -> list[int] | None:
        """Their numbers; None for the fleet."""
        if devices is None:
            return None
        return [number for (number,) in await self._sql.rows("list_series", devices=list(devices))]

    async def _ready_made(self, part: Segment, kinds: Kinds, asked: Mapping[str, object]) -> list[_Bucket]:
        if len(kinds.sets) == 1:
            return await self._ready_made_of_one(part, kinds, asked)
        match part.source:
            case "quarters":
                return await self._sql.rows("list_quarters", **asked)
            case "hours":
                return await self._sql.rows("list_hours", **asked)
            case "days":
                return await self._sql.rows("list_days", **asked)
            case "raw":
                raise RuntimeError("reports have no width")

    async def _ready_made_of_one(
        self, part: Segment, kinds: Kinds, asked: Mapping[str, object]
    ) -> list[_Bucket]:
        one = _of_one(kinds, asked)
        match part.source:
            case "quarters":
                rows = await self._sql.rows("list_quarters_of_one", **one)
            case "hours":
                rows = await self._sql.rows("list_hours_of_one", **one)
            case "days":
                rows = await self._sql.rows("list_days_of_one", **one)
            case _:
                raise RuntimeError("reports have no width")
        # Such a bucket comes once, so that its beginning says as well which of several parts is the newest.
        return [
            (device, kinds.numbers[0], moment, count, minimum, maximum, total, moment, last)
            for device, moment, count, minimum, maximum, total, last in rows
        ]

    async def _together(self, part: Segment, kinds: Kinds, asked: Mapping[str, object]) -> list[_Bucket]:
        """The buckets of the rollup over all devices: fewer than may be answered, whatever is asked for."""
        one = _of_one(kinds, asked)
        match part.source:
            case "quarters":
                rows = await self._sql.rows("sum_quarters_of_one", **one)
            case "hours":
                rows = await self._sql.rows("sum_hours_of_one", **one)
            case "days":
                rows = await self._sql.rows("sum_days_of_one", **one)
            case _:
                raise RuntimeError("reports have no width")
        return [
            (None, kinds.numbers[0], moment, count, minimum, maximum, total, moment, None)
            for moment, count, minimum, maximum, total in rows
        ]


def _of_one(kinds: Kinds, asked: Mapping[str, object]) -> dict[str, object]:
    return {
        **{name: asked[name] for name in ("devices", "since", "until")},
        "metric_set_id": kinds.sets[0],
        "position": kinds.positions[0],
    }


def _unfolded(sets: Iterable[_Set], names: frozenset[str]) -> list[_Kind]:
    """By metric and unit, none last, as `list_kinds` has them."""
    kinds = [
        _Kind(metric_set_id=one.id, position=position, metric=metric, unit=unit)
        for one in sets
        for position, (metric, unit) in enumerate(zip(one.names, one.units, strict=True), 1)
        if not names or metric in names
    ]
    return sorted(
        kinds, key=lambda kind: (kind.metric, kind.unit is None, kind.unit or "", kind.metric_set_id)
    )


def _numbered(buckets: Iterable[_Bucket], edges: Sequence[datetime]) -> list[Sum]:
    """Without those in which nothing of the series was reported."""
    return [
        Sum(
            device=device,
            series=series,
            number=bisect_right(edges, moment) - 1,
            count=count,
            minimum=minimum,
            maximum=maximum,
            total=total,
            last=None if last is None else [last_at.timestamp(), last],
        )
        for device, series, moment, count, minimum, maximum, total, last_at, last in buckets
        if minimum is not None
    ]
