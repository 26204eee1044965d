"""Metrics of any number of devices, over any range: bounded, from reports or rollups, whichever is cheaper."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Final, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.telemetry.errors import RangeInvalid, TooManyPoints
from iotistic.telemetry.model import LatestValue, Point
from iotistic.telemetry.reading.downsampling import FEWEST_POINTS, Sample, downsampled
from iotistic.telemetry.reading.edges import bucket_edges
from iotistic.telemetry.reading.filling import filled
from iotistic.telemetry.reading.model import Answer, DeviceLatest, DeviceSeries, Question
from iotistic.telemetry.reading.repository import Kinds, LatestReport, MetricRepository, Sum
from iotistic.telemetry.reading.sources import Segment, check_effort, segments

__all__ = ["MOST_DEVICES", "MOST_POINTS", "MetricReader"]

MOST_POINTS: Final = 20_000
"""In one answer, over all series: about 2 MB of JSON."""
MOST_DEVICES: Final = 1_000
"""In one question that is answered device by device."""
_MOST_SAMPLES: Final = 50_000
"""Reports that a chart is drawn from one by one; of more, the least and the greatest of narrow buckets are taken."""
_ROUND_WIDTHS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (1, 5, 10, 30, 60, 300, 600, 900, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 604_800)
)

_SeriesKey = tuple[UUID | None, int]


@final
class MetricReader:
    """Reads on the connection of one transaction. A device that is unknown has simply reported nothing."""

    def __init__(self, connection: Connection) -> None:
        self._metrics = MetricRepository(connection)

    async def latest(self, devices: Sequence[UUID], names: Sequence[str] = ()) -> list[DeviceLatest]:
        """The newest values of up to 1,000 devices, by uuid; of those that reported any of `names` (all when empty)."""
        _check_devices(devices)
        values = await (self._metrics.latest_values(devices, names) if names else self._all_latest(devices))
        found: list[DeviceLatest] = []
        for device, group in groupby(values, key=itemgetter(0)):
            newest = {
                value.metric: value for _, value in group
            }  # oldest first: a later one has the last word
            found.append(
                DeviceLatest(device_uuid=device, values=tuple(newest[one] for one in sorted(newest)))
            )
        return found

    async def _all_latest(self, devices: Sequence[UUID]) -> list[tuple[UUID, LatestValue]]:
        reports = await self._metrics.latest_reports(devices)
        sets = await self._metrics.sets({report.metric_set_id for report in reports})
        return [
            (report.device_uuid, value)
            for report in reports
            for value in _values(report, sets[report.metric_set_id])
        ]

    async def series(self, question: Question) -> Answer:
        """Device by device: every report, or by bucket, or downsampled.

        Raises RangeInvalid, TooManyPoints or RangeTooLong, with what would do.
        """
        check_range(question.start, question.end)
        if question.devices is None:
            raise RangeInvalid("Name devices, or ask for the fleet as a whole.")
        _check_devices(question.devices)
        if question.bucket is None and question.points is None and question.filling != "none":
            raise RangeInvalid("Only buckets are filled.", hint="Say how wide: 1h.", field="query.bucket")
        kinds = await self._metrics.kinds(question.devices, question.names)
        if question.points is not None:
            return await self._downsampled(question, kinds)
        if question.bucket is None:
            return await self._reports(question, kinds)
        return await self._buckets(question, kinds, question.bucket, by_device=True)

    async def fleet(self, question: Question) -> Answer:
        """All devices of the question together, by bucket. Raises as `series` does."""
        check_range(question.start, question.end)
        if question.bucket is None:
            raise RangeInvalid(
                "A fleet is summed up by bucket.", hint="Say how wide: 1h.", field="query.bucket"
            )
        kinds = await self._metrics.kinds(question.devices, question.names)
        return await self._buckets(question, kinds, question.bucket, by_device=False)

    async def _reports(self, question: Question, kinds: Kinds) -> Answer:
        part = Segment(source="raw", since=question.start, until=question.end)
        check_effort([part], len(question.devices or ()))
        points = await self._points(question, kinds, MOST_POINTS)
        if points is None:
            raise _too_many(question, len(kinds.series) * len(question.devices or ()))
        series = {key: [_alone(*sample) for sample in samples] for key, samples in points.items()}
        return _answer(None, [part], kinds, series)

    async def _points(
        self, question: Question, kinds: Kinds, most: int
    ) -> dict[_SeriesKey, list[tuple[datetime, float]]] | None:
        """Reports by series; None when there are more than `most`."""
        rows = await self._metrics.reports(
            question.devices or (), kinds, question.start, question.end, most + 1
        )
        if len(rows) > most:
            return None
        found: dict[_SeriesKey, list[tuple[datetime, float]]] = {}
        for device, number, moment, value in rows:
            found.setdefault((device, number), []).append((moment, value))
        return found

    async def _downsampled(self, question: Question, kinds: Kinds) -> Answer:
        most = question.points or 0
        count = max(1, len(kinds.series) * len(question.devices or ()))
        if question.bucket is not None or question.filling != "none":
            raise RangeInvalid("Points are downsampled from reports: leave out the bucket and the filling.")
        if most < FEWEST_POINTS or most * count > MOST_POINTS:
            raise RangeInvalid(
                f"A chart has {FEWEST_POINTS} points or more, and all {count} series together at most {MOST_POINTS}.",
                field="query.points",
            )
        part = Segment(source="raw", since=question.start, until=question.end)
        points = await self._points(question, kinds, _MOST_SAMPLES)
        samples: dict[_SeriesKey, list[Sample]]
        if points is None:
            width = _round_width((question.end - question.start) / (2 * most))
            extremes = await self._buckets(question, kinds, width, by_device=True)
            numbers = {kind: number for number, kind in enumerate(kinds.series)}
            samples = {
                (one.device_uuid, numbers[one.metric, one.unit]): _extremes(one.points, width)
                for one in extremes.series
            }
            sources = extremes.sources
        else:
            samples = {
                key: [(moment.timestamp(), value) for moment, value in series]
                for key, series in points.items()
            }
            sources = (part,)
        drawn = {
            key: [
                _alone(datetime.fromtimestamp(at, UTC), value)
                for at, value in downsampled(series, most, question.method)
            ]
            for key, series in samples.items()
        }
        return _answer(None, sources, kinds, drawn)

    async def _buckets(
        self, question: Question, kinds: Kinds, width: timedelta, *, by_device: bool
    ) -> Answer:
        edges = bucket_edges(question.start, question.end, width, question.zone)
        parts = segments(question.start, question.end, edges, await self._metrics.made())
        devices = (
            len(question.devices) if question.devices is not None else await self._metrics.count_devices()
        )
        check_effort(parts, devices)
        totals: dict[_SeriesKey, dict[int, Sum]] = {}
        rows = 0
        for part in parts:
            sums = await self._metrics.sums(
                part, kinds, question.devices, edges, by_device=by_device, limit=MOST_POINTS + 1
            )
            for one in sums:
                buckets = totals.setdefault((one.device, one.series), {})
                before = buckets.get(one.number)
                buckets[one.number] = one if before is None else before.plus(one)
                rows += before is None
            if max(rows, len(sums)) > MOST_POINTS:
                raise _too_many(question, max(1, len(totals)))
        moments = edges[:-1]
        if question.filling != "none" and len(totals) * len(moments) > MOST_POINTS:
            raise _too_many(question, len(totals))
        series = {
            key: filled(
                {n: _summed(moments[n], one) for n, one in buckets.items()}, moments, question.filling
            )
            for key, buckets in totals.items()
        }
        return _answer(width, parts, kinds, series)


def check_range(start: datetime, end: datetime) -> None:
    """Raises RangeInvalid unless the range has offsets and a length."""
    if start.tzinfo is None or end.tzinfo is None:
        raise RangeInvalid("A range of time needs an offset, as in 2026-11-23T20:00:00Z.")
    if start >= end:
        raise RangeInvalid(
            f"The range ends at {end.isoformat()}, before it begins at {start.isoformat()}.",
            start=start,
            end=end,
        )


def _check_devices(devices: Sequence[UUID]) -> None:
    if len(devices) > MOST_DEVICES:
        raise RangeInvalid(
            f"{len(devices)} devices are meant; one question takes {MOST_DEVICES}.",
            hint="Ask for fewer, or for the fleet as a whole.",
            field="query.devices",
        )


def _answer(
    bucket: timedelta | None,
    sources: Sequence[Segment],
    kinds: Kinds,
    series: dict[_SeriesKey, list[Point]],
) -> Answer:
    found = [
        DeviceSeries(
            device_uuid=device,
            metric=kinds.series[number][0],
            unit=kinds.series[number][1],
            points=tuple(series[device, number]),
        )
        for device, number in sorted(series, key=lambda key: (str(key[0] or ""), key[1]))
    ]
    return Answer(bucket=bucket, sources=tuple(sources), series=tuple(found))


def _values(report: LatestReport, columns: Sequence[tuple[str, str | None]]) -> Iterator[LatestValue]:
    for (metric, unit), value in zip(columns, report.values, strict=True):
        if value is not None:
            yield LatestValue(metric=metric, unit=unit, value=value, timestamp=report.timestamp)


def _alone(moment: datetime, value: float) -> Point:
    return Point(timestamp=moment, count=1, minimum=value, average=value, maximum=value, last=value)


def _summed(moment: datetime, one: Sum) -> Point:
    return Point(
        timestamp=moment,
        count=one.count,
        minimum=one.minimum,
        average=one.total / one.count,
        maximum=one.maximum,
        last=None if one.last is None else one.last[1],
    )


def _extremes(points: Sequence[Point], width: timedelta) -> list[Sample]:
    """The least at the beginning and the greatest in the middle of each bucket: when exactly they were is not known."""
    half = width.total_seconds() / 2
    samples: list[Sample] = []
    for point in points:
        at = point.timestamp.timestamp()
        if point.minimum is not None and point.maximum is not None:
            samples += [(at, point.minimum), (at + half, point.maximum)]
    return samples


def _round_width(least: timedelta) -> timedelta:
    return next((width for width in _ROUND_WIDTHS if width >= least), _ROUND_WIDTHS[-1])


def _too_many(question: Question, series: int) -> TooManyPoints:
    seconds = int(
        _round_width((question.end - question.start) * max(1, series) / MOST_POINTS).total_seconds()
    )
    return TooManyPoints(
        f"The range holds more than {MOST_POINTS} points.",
        hint=f"Ask for buckets of {seconds} s, for fewer metrics, or for a shorter time.",
        limit=MOST_POINTS,
        bucket_seconds=seconds,
    )
