"""Answers against a recomputation from the reports, whatever tables they were read from."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from iotistic.database.pool import Connection, connect
from iotistic.telemetry.errors import RangeInvalid, RangeTooLong, TooManyPoints
from iotistic.telemetry.reading import DeviceLatest, MetricReader, Question
from iotistic.telemetry.reading.edges import bucket_edges
from iotistic.telemetry.rollups import LEVELS, RollupService
from tests.integration.telemetry.conftest import Station

NOW = datetime.now(UTC)
MIDNIGHT = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
START = MIDNIGHT - timedelta(days=2)
TABLES = ", ".join([*(level.table for level in LEVELS), "metric_rollup_marks", "metric_rollup_progress"])
Report = tuple[UUID, datetime, float]


@pytest_asyncio.fixture
async def app(station: Station) -> AsyncIterator[Connection]:
    await station.owner.execute(f"TRUNCATE {TABLES}".encode())
    connection = await connect(
        station.database.endpoint("app"), station.database.name, application_name="test"
    )
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def reports(station: Station, app: Connection) -> list[Report]:
    """Of three devices since the day before yesterday, at uneven moments; rolled up as far as can be."""
    chance = random.Random(7)
    made: list[Report] = []
    for device in (uuid4() for _ in range(3)):
        seconds = sorted(chance.sample(range(int((NOW - START).total_seconds())), 800))
        mine = [(device, START + timedelta(seconds=one), round(chance.uniform(-9, 9), 2)) for one in seconds]
        body = [
            {"timestamp": moment.isoformat(), "metrics": {"a": value, "b": -value}}
            for _, moment, value in mine
        ]
        assert (await station.send(body, device=device, units={"a": "celsius"})).accepted == 800
        made += mine
    while await RollupService(app).step(NOW):
        await app.commit()
    await app.commit()
    return made


def expected(reports: list[Report], question: Question) -> dict[tuple[UUID | None, datetime], list[float]]:
    assert question.bucket is not None
    edges = bucket_edges(question.start, question.end, question.bucket, question.zone)
    found: dict[tuple[UUID | None, datetime], list[float]] = {}
    for device, moment, value in sorted(reports, key=lambda one: one[1]):
        if question.start <= moment < question.end and (
            question.devices is None or device in question.devices
        ):
            edge = max(one for one in edges if one <= moment)
            found.setdefault((device, edge), []).append(value)
    return found


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
@pytest.mark.parametrize("minutes", [7, 15, 60, 360, 1440])
async def test_buckets_are_what_the_reports_amount_to_wherever_they_are_read_from(
    app: Connection, reports: list[Report], zone: str, minutes: int
) -> None:
    devices = sorted({device for device, _, _ in reports})[:2]
    question = Question(
        devices=devices,
        names=["a"],
        start=START + timedelta(minutes=13, seconds=7),
        end=NOW - timedelta(minutes=1),
        bucket=timedelta(minutes=minutes),
        zone=ZoneInfo(zone),
    )
    answer = await MetricReader(app).series(question)
    assert (
        {one.source for one in answer.sources} == {"raw"}
        if minutes == 7
        else {"quarters"} <= {one.source for one in answer.sources}
    )
    wanted = expected(reports, question)
    found = {
        (series.device_uuid, point.timestamp): (
            point.count,
            point.minimum,
            point.average,
            point.maximum,
            point.last,
        )
        for series in answer.series
        for point in series.points
    }
    assert found == {
        key: (len(v), min(v), pytest.approx(sum(v) / len(v)), max(v), v[-1]) for key, v in wanted.items()
    }
    assert {(series.metric, series.unit) for series in answer.series} == {("a", "celsius")}


async def test_a_fleet_is_the_sum_of_its_devices(app: Connection, reports: list[Report]) -> None:
    question = Question(devices=None, names=["a", "b"], start=START, end=NOW, bucket=timedelta(hours=1))
    wanted: dict[datetime, list[float]] = {}
    for (_, edge), values in expected(reports, question).items():
        wanted.setdefault(edge, []).extend(values)
    for chosen in (None, sorted({device for device, _, _ in reports})):
        answer = await MetricReader(app).fleet(
            Question(devices=chosen, names=["a", "b"], start=START, end=NOW, bucket=timedelta(hours=1))
        )
        first, second = answer.series
        assert (first.device_uuid, first.metric, second.metric) == (None, "a", "b")
        assert {point.timestamp: (point.count, point.minimum, point.average) for point in first.points} == {
            edge: (len(v), min(v), pytest.approx(sum(v) / len(v))) for edge, v in wanted.items()
        }
        assert [point.maximum for point in second.points] == [-(point.minimum or 0) for point in first.points]


@pytest.mark.parametrize(
    ("hours", "zone", "source"), [(1, "UTC", "hours"), (6, "Asia/Kathmandu", "quarters"), (24, "UTC", "days")]
)
async def test_a_metric_of_a_fleet_is_summed_up_from_buckets_of_any_rollup(
    app: Connection, reports: list[Report], hours: int, zone: str, source: str
) -> None:
    for devices in (None, sorted({device for device, _, _ in reports})[:2]):
        question = Question(
            devices=devices,
            names=["a"],
            start=START,
            end=NOW,
            bucket=timedelta(hours=hours),
            zone=ZoneInfo(zone),
        )
        wanted: dict[datetime, list[float]] = {}
        for (_, edge), values in expected(reports, question).items():
            wanted.setdefault(edge, []).extend(values)
        answer = await MetricReader(app).fleet(question)
        assert source in {part.source for part in answer.sources}
        (series,) = answer.series
        assert {
            one.timestamp: (one.count, one.minimum, one.average, one.maximum) for one in series.points
        } == {edge: (len(v), min(v), pytest.approx(sum(v) / len(v)), max(v)) for edge, v in wanted.items()}


async def test_a_stranger_and_a_metric_nobody_reports_have_no_series(
    app: Connection, reports: list[Report]
) -> None:
    reader = MetricReader(app)
    known = reports[0][0]
    assert (await reader.series(Question(devices=[uuid4()], start=START, end=NOW))).series == ()
    assert (await reader.series(Question(devices=[known], names=["z"], start=START, end=NOW))).series == ()
    assert (await reader.series(Question(devices=[], start=START, end=NOW))).series == ()
    assert await reader.latest([uuid4()]) == []


async def test_a_chart_has_the_points_asked_for_and_all_of_them_are_reports(
    app: Connection, reports: list[Report]
) -> None:
    device = reports[0][0]
    mine = {(moment, value) for one, moment, value in reports if one == device}
    for method in ("lttb", "minmax"):
        answer = await MetricReader(app).series(
            Question(devices=[device], names=["a"], start=START, end=NOW, points=100, method=method)  # type: ignore[arg-type]
        )
        (series,) = answer.series
        assert 90 <= len(series.points) <= 100
        assert {(point.timestamp, point.average) for point in series.points} <= mine


async def test_filled_gaps_make_every_series_as_long_as_the_range(
    app: Connection, reports: list[Report]
) -> None:
    answer = await MetricReader(app).series(
        Question(
            devices=[reports[0][0]],
            names=["a", "b"],
            start=START,
            end=START + timedelta(days=1),
            bucket=timedelta(minutes=1),
            filling="previous",
        )
    )
    assert [len(series.points) for series in answer.series] == [1440, 1440]


async def test_the_latest_of_many_devices_comes_in_one_answer(
    app: Connection, station: Station, reports: list[Report]
) -> None:
    await station.ingest.stop()  # writes the latest values that were waiting
    devices = sorted({device for device, _, _ in reports})
    answer = await MetricReader(app).latest([*devices, uuid4()], ["a"])
    assert [one.device_uuid for one in answer] == devices
    for one in answer:
        newest = max((moment, value) for device, moment, value in reports if device == one.device_uuid)
        assert [(value.metric, value.unit, value.timestamp, value.value) for value in one.values] == [
            ("a", "celsius", *newest)
        ]


async def test_the_latest_of_a_metric_is_the_newest_of_all_lists_that_have_it(
    app: Connection, station: Station
) -> None:
    await station.send(station.reports(-3, a=1.0, b=2.0), units={"a": "celsius"})
    await station.send(station.reports(-2, a=3.0))
    await station.send(station.reports(-1, c=4.0))
    other = uuid4()
    await station.send(station.reports(-1, c=5.0), device=other)
    await station.ingest.stop()
    reader, devices = MetricReader(app), [station.device, other]
    everything = await reader.latest(devices)
    for names in (["a"], ["a", "b"], ["c"], ["a", "b", "c"], ["d"]):
        found = await reader.latest(devices, names)
        assert found == [
            DeviceLatest(device_uuid=one.device_uuid, values=values)
            for one in everything
            if (values := tuple(value for value in one.values if value.metric in names))
        ]
    mine = {
        value.metric: value for one in everything if one.device_uuid == station.device for value in one.values
    }
    assert [(name, one.value, one.unit) for name, one in sorted(mine.items())] == [
        ("a", 3.0, None),
        ("b", 2.0, None),
        ("c", 4.0, None),
    ]
    assert mine["b"].timestamp < mine["a"].timestamp < mine["c"].timestamp


async def test_what_cannot_be_answered_is_refused_with_a_way_out(
    app: Connection, reports: list[Report]
) -> None:
    reader = MetricReader(app)
    device = reports[0][0]
    hour = timedelta(hours=1)
    with pytest.raises(RangeInvalid):
        await reader.fleet(Question(devices=None, start=START, end=NOW))
    with pytest.raises(RangeInvalid):
        await reader.series(Question(devices=None, start=START, end=NOW))
    with pytest.raises(RangeInvalid):
        await reader.series(Question(devices=[uuid4() for _ in range(1001)], start=START, end=NOW))
    with pytest.raises(RangeInvalid):
        await reader.series(Question(devices=[device], start=START, end=NOW, points=100, bucket=hour))
    with pytest.raises(RangeInvalid):
        await reader.series(Question(devices=[device], start=START, end=NOW, points=3))
    with pytest.raises(RangeInvalid, match="Only buckets"):
        await reader.series(Question(devices=[device], start=START, end=NOW, filling="null"))
    with pytest.raises(RangeTooLong):
        await reader.series(Question(devices=[device], start=START - timedelta(days=2_000), end=NOW))
    with pytest.raises(TooManyPoints):
        await reader.series(
            Question(
                devices=[device],
                names=["a"],
                start=START,
                end=NOW,
                bucket=timedelta(seconds=1),
                filling="null",
            )
        )


async def test_a_value_without_end_breaks_no_sum(app: Connection, station: Station) -> None:
    await station.send(station.reports(-60, -61, x=1.7e308))
    answer = await MetricReader(app).series(
        Question(devices=[station.device], start=START, end=station.now, bucket=timedelta(hours=1))
    )
    assert all(point.maximum == 1.7e308 for point in answer.series[0].points)
