import math
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotistic.telemetry.errors import RangeInvalid, RangeTooLong, TooManyPoints
from iotistic.telemetry.model import Point
from iotistic.telemetry.reading.downsampling import lttb, minmax
from iotistic.telemetry.reading.edges import bucket_edges, zone_named
from iotistic.telemetry.reading.filling import filled
from iotistic.telemetry.reading.sources import Made, Segment, check_effort, segments

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Africa/Cairo",
)


def local(edges: list[datetime], zone: ZoneInfo) -> list[str]:
    return [edge.astimezone(zone).strftime("%d %H:%M") for edge in edges]


def test_a_day_in_berlin_has_23_hours_in_march_and_25_in_october() -> None:
    march = datetime(2026, 3, 29, tzinfo=BERLIN)
    assert [b - a for a, b in pairwise(bucket_edges(march, march + DAY, DAY, BERLIN))] == [23 * HOUR]
    october = datetime(2026, 10, 25, tzinfo=BERLIN)
    assert [b - a for a, b in pairwise(bucket_edges(october, october + DAY, DAY, BERLIN))] == [25 * HOUR]


def test_the_hour_that_comes_twice_is_two_buckets_and_the_one_that_is_skipped_none() -> None:
    october = datetime(2026, 10, 25, tzinfo=BERLIN)
    edges = bucket_edges(october, datetime(2026, 10, 25, 5, tzinfo=BERLIN), HOUR, BERLIN)
    assert local(edges, BERLIN) == [
        "25 00:00",
        "25 01:00",
        "25 02:00",
        "25 02:00",
        "25 03:00",
        "25 04:00",
        "25 05:00",
    ]
    march = datetime(2026, 3, 29, tzinfo=BERLIN)
    edges = bucket_edges(march, datetime(2026, 3, 29, 4, tzinfo=BERLIN), HOUR, BERLIN)
    assert local(edges, BERLIN) == ["29 00:00", "29 01:00", "29 03:00", "29 04:00"]


def test_six_hours_follow_the_wall_clock_on_every_day() -> None:
    for month, day in ((3, 29), (6, 1), (10, 25)):
        start = datetime(2026, month, day, tzinfo=BERLIN)
        edges = bucket_edges(start, datetime(2026, month, day, 23, tzinfo=BERLIN), 6 * HOUR, BERLIN)
        assert [text[3:] for text in local(edges, BERLIN)] == ["00:00", "06:00", "12:00", "18:00", "00:00"]


def test_where_midnight_is_skipped_the_day_begins_at_one() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    start = datetime(2026, 4, 24, 6, tzinfo=cairo)
    edges = bucket_edges(start, start + HOUR, DAY, cairo)
    assert local(edges, cairo) == ["24 01:00", "25 00:00"]


@settings(max_examples=300, deadline=None)
@given(
    start=st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    span=st.timedeltas(timedelta(seconds=1), timedelta(days=40)),
    width=st.sampled_from([300, 420, 900, 3600, 5 * 3600, 6 * 3600, 12 * 3600, 86_400, 7 * 86_400, 100_000]),
    zone=st.sampled_from(ZONES),
)
def test_edges_rise_and_enclose_the_range(start: datetime, span: timedelta, width: int, zone: str) -> None:
    end = start + span
    edges = bucket_edges(start, end, timedelta(seconds=width), ZoneInfo(zone))
    assert edges[0] <= start < edges[1]
    assert edges[-2] < end <= edges[-1]
    gaps = [b - a for a, b in pairwise(edges)]
    assert all(timedelta(0) < gap <= timedelta(seconds=width) + HOUR for gap in gaps)


def test_more_buckets_than_an_answer_has_points_are_refused() -> None:
    second = timedelta(seconds=1)
    zone = ZoneInfo("UTC")
    assert len(bucket_edges(NOON, NOON + 20_000 * second, second, zone)) == 20_001
    with pytest.raises(TooManyPoints):
        bucket_edges(NOON, NOON + 20_001 * second, second, zone)
    with pytest.raises(RangeInvalid):
        bucket_edges(NOON, NOON + DAY, second / 2, zone)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "Europe", "x" * 300, "a\0b"])
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(RangeInvalid):
        zone_named(name)


UTC_ZONE = ZoneInfo("UTC")
MADE = {
    "quarters": Made(since=NOON - 100 * DAY, until=NOON + 15 * timedelta(minutes=1)),
    "hours": Made(since=NOON - 100 * DAY, until=NOON),
    "days": Made(since=NOON.replace(hour=0) - 100 * DAY, until=NOON.replace(hour=0)),
}


def plan(start: datetime, end: datetime, width: timedelta, zone: ZoneInfo = UTC_ZONE) -> list[Segment]:
    return segments(start, end, bucket_edges(start, end, width, zone), MADE)  # type: ignore[arg-type]


def test_whole_days_come_from_days_and_what_is_left_from_ever_finer_tables() -> None:
    start = NOON - 10 * DAY - timedelta(minutes=50)
    found = plan(start, NOON + timedelta(minutes=20), DAY)
    assert [part.source for part in found] == ["raw", "quarters", "hours", "days", "hours", "quarters", "raw"]


def test_hours_of_kolkata_come_from_quarters_and_its_minutes_from_reports() -> None:
    start = NOON - DAY
    kolkata = ZoneInfo("Asia/Kolkata")
    assert [part.source for part in plan(start, NOON, HOUR, kolkata)] == ["quarters"]
    assert [part.source for part in plan(start, NOON, DAY, kolkata)] != ["days"]
    assert [part.source for part in plan(start, NOON, timedelta(minutes=5))] == ["raw"]


def test_a_day_of_berlin_comes_from_hours() -> None:
    start = datetime(2026, 11, 1, tzinfo=BERLIN).astimezone(UTC)
    found = plan(start, start + 20 * DAY, DAY, BERLIN)
    assert {part.source for part in found} == {"hours"}


def test_before_a_rollup_began_reports_are_read() -> None:
    found = plan(NOON - 101 * DAY, NOON, HOUR)
    assert [part.source for part in found] == ["raw", "hours"]
    assert found[0].until == NOON - 100 * DAY


@settings(max_examples=300, deadline=None)
@given(
    start=st.datetimes(datetime(2026, 8, 1), datetime(2026, 11, 23), timezones=st.just(UTC)),  # noqa: DTZ001
    span=st.timedeltas(timedelta(seconds=1), timedelta(days=40)),
    width=st.sampled_from([300, 900, 3600, 6 * 3600, 86_400, 7 * 86_400]),
    zone=st.sampled_from(ZONES),
)
def test_segments_cover_the_range_once_and_never_cut_a_rolled_up_bucket(
    start: datetime, span: timedelta, width: int, zone: str
) -> None:
    end = start + span
    edges = bucket_edges(start, end, timedelta(seconds=width), ZoneInfo(zone))
    found = segments(start, end, edges, MADE)  # type: ignore[arg-type]
    assert (found[0].since, found[-1].until) == (start, end)
    assert all(a.until == b.since and a.since < a.until for a, b in pairwise(found)) or len(found) == 1
    sizes = {"quarters": timedelta(minutes=15), "hours": HOUR, "days": DAY}
    for part in found:
        if part.source != "raw":
            inner = [edge for edge in edges if part.since < edge < part.until]
            assert all(not (edge - part.since) % sizes[part.source] for edge in [*inner, part.until])


def test_more_reports_than_one_question_may_read_are_refused_and_rollups_are_not() -> None:
    raw = Segment(source="raw", since=NOON, until=NOON + 2 * DAY)
    check_effort([raw], 1_000)
    with pytest.raises(RangeTooLong):
        check_effort([raw], 1_001)
    hours = Segment(source="hours", since=NOON, until=NOON + 2_000 * HOUR)
    check_effort([hours], 1_000)
    with pytest.raises(RangeTooLong):
        check_effort([hours], 1_001)


def point(number: int, value: float) -> Point:
    return Point(
        timestamp=NOON + number * HOUR, count=1, minimum=value, average=value, maximum=value, last=value
    )


def test_gaps_are_filled_as_asked_and_never_beyond_what_was_reported() -> None:
    points = {1: point(1, 10.0), 4: point(4, 40.0)}
    moments = [NOON + number * HOUR for number in range(6)]
    averages = {
        how: [one.average for one in filled(points, moments, how)]  # type: ignore[arg-type]
        for how in ("none", "null", "previous", "linear")
    }
    assert averages == {
        "none": [10, 40],
        "null": [None, 10, None, None, 40, None],
        "previous": [None, 10, 10, 10, 40, 40],
        "linear": [None, 10, pytest.approx(20), pytest.approx(30), 40, None],
    }
    assert [one.count for one in filled(points, moments, "linear")] == [0, 1, 0, 0, 1, 0]


def area(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return abs((a[0] - c[0]) * (b[1] - a[1]) - (a[0] - b[0]) * (c[1] - a[1])) / 2


def test_lttb_takes_of_each_bucket_the_point_of_the_largest_triangle() -> None:
    chance = random.Random(1)
    samples = [(float(n), chance.uniform(0, 100)) for n in range(1_000)]
    chosen = lttb(samples, 52)
    assert len(chosen) == 52
    assert (chosen[0], chosen[-1]) == (samples[0], samples[-1])
    assert chosen == sorted(chosen)
    size = 998 / 50
    for number in range(50):
        bucket = samples[1 + int(number * size) : 1 + int((number + 1) * size)]
        after = samples[1 + int((number + 1) * size) : 1 + int((number + 2) * size)] or samples[-1:]
        if number == 49:
            bucket, after = samples[1 + int(number * size) : 999], samples[-1:]
        mean = (math.fsum(a[0] for a in after) / len(after), math.fsum(a[1] for a in after) / len(after))
        best = max(area(chosen[number], one, mean) for one in bucket)
        assert area(chosen[number], chosen[number + 1], mean) == pytest.approx(best)


@settings(max_examples=200, deadline=None)
@given(values=st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=300), most=st.integers(4, 299))
def test_downsampling_keeps_order_ends_and_extremes(values: list[float], most: int) -> None:
    samples = [(float(n), value) for n, value in enumerate(values)]
    if len(samples) <= most:
        return
    for chosen in (lttb(samples, most), minmax(samples, most)):
        assert len(chosen) <= most
        assert chosen == sorted(set(chosen))
        assert (chosen[0], chosen[-1]) == (samples[0], samples[-1])
    kept = [value for _, value in minmax(samples, most)]
    assert (min(kept), max(kept)) == (min(values), max(values))
