from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import pytest_asyncio

from iotistic.telemetry import (
    LatestValue,
    LogCursor,
    LogLine,
    Point,
    RangeInvalid,
    Series,
    TelemetryService,
    TooManyPoints,
)
from tests.integration.telemetry.conftest import Station

MINUTE = timedelta(minutes=1)


@pytest_asyncio.fixture
async def service(station: Station) -> TelemetryService:
    # In the middle of a minute of yesterday, so that no bucket or day ends between two lines of a test.
    station.now = (datetime.now(UTC) - timedelta(days=1)).replace(hour=12, second=30, microsecond=0)
    return TelemetryService(station.owner)


async def test_latest_takes_each_metric_from_the_newest_report_that_has_it(
    station: Station, service: TelemetryService
) -> None:
    await station.send(station.reports(-10, a=1, b=1), units={"a": "percent"})
    await station.send(station.reports(-5, b=2))
    await station.ingest.stop()
    assert await service.latest(station.device) == [
        LatestValue(metric="a", unit="percent", value=1.0, timestamp=station.now - timedelta(seconds=10)),
        LatestValue(metric="b", unit=None, value=2.0, timestamp=station.now - timedelta(seconds=5)),
    ]


async def test_a_stranger_has_reported_nothing(station: Station, service: TelemetryService) -> None:
    await station.send(station.reports(0))
    await station.log({})
    start, end = station.now - MINUTE, station.now + MINUTE
    assert await service.latest(uuid4()) == []
    assert await service.series(uuid4(), [], start, end) == []
    assert await service.logs(uuid4(), start, end) == []


async def test_a_series_holds_every_report_of_its_range_once(
    station: Station, service: TelemetryService
) -> None:
    await station.send(station.reports(-3, a=1) + station.reports(-2, a=2, b=9) + station.reports(-1, a=3))
    (series,) = await service.series(
        station.device, ["a"], station.now - timedelta(seconds=3), station.now - timedelta(seconds=1)
    )
    assert (series.metric, series.unit, series.bucket) == ("a", None, None)
    assert [point.average for point in series.points] == [1.0, 2.0]
    assert [point.timestamp for point in series.points] == [
        station.now - timedelta(seconds=3),
        station.now - timedelta(seconds=2),
    ]


async def test_without_names_all_metrics_come_in_order(station: Station, service: TelemetryService) -> None:
    await station.send(station.reports(-1, zulu=1, alpha=2))
    series = await service.series(station.device, [], station.now - MINUTE, station.now)
    assert [one.metric for one in series] == ["alpha", "zulu"]


async def test_a_bucket_sums_up_its_reports_and_empty_ones_are_left_out(
    station: Station, service: TelemetryService
) -> None:
    await station.send(station.reports(-125, -20, -10, 0, a=0) + station.reports(-5, a=8))
    (series,) = await service.series(
        station.device, ["a"], station.now - timedelta(minutes=5), station.now + MINUTE, MINUTE
    )
    this_minute = station.now.replace(second=0)
    assert series == Series(
        metric="a",
        unit=None,
        bucket=MINUTE,
        sources=("raw",),
        points=(
            Point(timestamp=this_minute - 2 * MINUTE, count=1, minimum=0, average=0, maximum=0, last=0),
            Point(timestamp=this_minute, count=4, minimum=0, average=2, maximum=8, last=0),
        ),
    )


async def test_a_metric_that_changed_its_unit_is_two_series(
    station: Station, service: TelemetryService
) -> None:
    await station.send(station.reports(-2, t=20), units={"t": "celsius"})
    await station.send(station.reports(-1, t=68), units={"t": "fahrenheit"})
    series = await service.series(station.device, ["t"], station.now - MINUTE, station.now)
    assert [(one.unit, one.points[0].average) for one in series] == [("celsius", 20), ("fahrenheit", 68)]


async def test_a_range_that_is_none_is_refused(station: Station, service: TelemetryService) -> None:
    naive = station.now.replace(tzinfo=None)
    for start, end, bucket in (
        (station.now, station.now, None),
        (station.now, station.now - MINUTE, None),
        (naive, station.now, None),
        (station.now - MINUTE, station.now, timedelta(milliseconds=999)),
    ):
        with pytest.raises(RangeInvalid):
            await service.series(station.device, [], start, end, bucket)
    assert (
        await service.series(station.device, [], station.now - MINUTE, station.now, timedelta(seconds=1))
        == []
    )


async def test_more_points_than_an_answer_may_hold_are_refused_with_a_bucket_that_fits(
    station: Station, service: TelemetryService
) -> None:
    many = {f"m{number}": number for number in range(500)}
    await station.send(station.reports(*range(-41, 0), **many))
    start = station.now - timedelta(hours=1)
    with pytest.raises(TooManyPoints) as refused:
        await service.series(station.device, [], start, station.now)
    bucket = timedelta(seconds=int(str(refused.value.facts["bucket_seconds"])))
    assert len(await service.series(station.device, [], start, station.now, bucket)) == 500
    few = await service.series(station.device, [], station.now - timedelta(seconds=40), station.now)
    assert sum(len(one.points) for one in few) == 20_000


async def test_logs_come_newest_first_in_pages_that_miss_and_repeat_nothing(
    station: Station, service: TelemetryService
) -> None:
    for_all = [{"sequence": number} for number in range(5)]
    earlier = (station.now - timedelta(seconds=1)).isoformat()
    await station.log(*for_all, *({**line, "timestamp": earlier} for line in for_all))
    start, end = station.now - MINUTE, station.now + MINUTE
    pages: list[list[LogLine]] = []
    after: LogCursor | None = None
    while page := await service.logs(station.device, start, end, after=after, limit=3):
        pages.append(page)
        after = page[-1].cursor
    assert [len(page) for page in pages] == [3, 3, 3, 1]
    lines = [(line.timestamp == station.now, line.sequence) for page in pages for line in page]
    assert lines == [(True, n) for n in (4, 3, 2, 1, 0)] + [(False, n) for n in (4, 3, 2, 1, 0)]


async def test_logs_can_be_asked_for_by_level_or_worse_and_by_service(
    station: Station, service: TelemetryService
) -> None:
    await station.log(
        {"level": "debug", "service": "a"},
        {"level": "warning", "service": "a"},
        {"level": "error", "service": "b"},
        {"level": "critical", "service": "a"},
    )
    start, end = station.now - MINUTE, station.now + MINUTE
    worse = await service.logs(station.device, start, end, level="warning")
    assert [line.level for line in worse] == ["critical", "error", "warning"]
    assert [
        line.level for line in await service.logs(station.device, start, end, level="error", service="a")
    ] == ["critical"]
    assert len(await service.logs(station.device, start, end)) == 4
    assert [line.level for line in await service.problems(start, end)] == ["critical", "error", "warning"]


@pytest.mark.parametrize("limit", [0, 1001])
async def test_a_page_of_no_or_too_many_lines_is_refused(
    station: Station, service: TelemetryService, limit: int
) -> None:
    with pytest.raises(RangeInvalid):
        await service.logs(station.device, station.now - MINUTE, station.now, limit=limit)


async def test_the_summary_tells_the_rate_of_the_last_minute(
    station: Station, service: TelemetryService
) -> None:
    other = uuid4()
    await station.send(station.reports(-61, *range(-60, 0), a=1, b=2))
    await station.send(station.reports(-1, a=1), device=other)
    await station.ingest.stop()
    summary = await service.summary(station.now)
    assert summary.reports_per_second == pytest.approx(61 / 60)
    assert summary.points_per_second == pytest.approx(121 / 60)
    assert summary.devices == 2
    assert summary.newest == station.now - timedelta(seconds=1)


async def test_the_summary_of_an_empty_platform_is_zero(station: Station, service: TelemetryService) -> None:
    summary = await service.summary(station.now)
    assert (summary.reports_per_second, summary.devices, summary.newest) == (0.0, 0, None)


async def test_sparklines_hold_sixty_minutes_ending_with_this_one(
    station: Station, service: TelemetryService
) -> None:
    await station.send(station.reports(-59 * 60, -60, 0, a=4) + station.reports(-5, a=8))
    await station.send(station.reports(-60 * 60, a=100))
    known, unknown = await service.sparklines(station.device, ["a", "nothing"], station.now)
    assert len(known.values) == 60
    assert (known.values[0], known.values[58], known.values[59]) == (4.0, 4.0, 6.0)
    assert sum(value is not None for value in known.values) == 3
    assert unknown.values == (None,) * 60
