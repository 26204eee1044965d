from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from iotistic.telemetry.ingest.runs import Run
from iotistic.telemetry.rollups import DAYS, HOURS, LEVELS, QUARTERS, Level
from iotistic.telemetry.rollups.marks import late_marks
from iotistic.telemetry.rollups.progress import Progress, next_pass
from iotistic.telemetry.wire.stamps import stamp_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
QUARTER = QUARTERS.width
MICROSECOND = timedelta(microseconds=1)
SERIES = (b"0123456789abcdef", 7)


def run(*moments: datetime) -> Run:
    return Run(
        series=SERIES,
        orders=[stamp_of(moment) for moment in moments],
        indexes=list(range(len(moments))),
        block=b"",
        cuts=[],
        explain=lambda _: {},
    )


def marked(now: datetime, *runs: Run) -> list[datetime]:
    found = late_marks(runs, now)
    assert all(device == SERIES[0] for device, _ in found)
    return [datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=stamp) for _, stamp in found]


def test_a_report_of_the_present_quarter_is_not_late() -> None:
    assert marked(NOON + QUARTER - MICROSECOND, run(NOON, NOON + QUARTER - MICROSECOND)) == []
    assert marked(NOON, run(NOON + timedelta(minutes=10))) == []


def test_a_report_is_late_from_the_end_of_its_quarter_on() -> None:
    assert marked(NOON, run(NOON - MICROSECOND)) == [NOON - QUARTER]
    assert marked(NOON, run(NOON - MICROSECOND, NOON)) == [NOON - QUARTER]


def test_each_quarter_is_marked_once_however_many_reports_it_got() -> None:
    first, second = NOON - timedelta(hours=5), NOON - timedelta(hours=1)
    assert marked(NOON, run(first, first + MICROSECOND, second), run(first + 2 * MICROSECOND)) == [
        first,
        second,
    ]


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)
def test_buckets_begin_at_midnight_utc(level: Level) -> None:
    midnight = NOON.replace(hour=0)
    assert level.floor(midnight) == level.ceiling(midnight) == midnight
    assert level.floor(midnight + MICROSECOND) == midnight
    assert level.ceiling(midnight + MICROSECOND) == midnight + level.width
    assert level.aligned(midnight)
    assert not level.aligned(midnight + MICROSECOND)


def progress(until: datetime | None = None) -> Progress:
    return Progress(
        rollup="hours", complete_until=NOON, pass_until=until, device_uuid=None if until is None else uuid4()
    )


def test_a_pass_begins_when_a_whole_bucket_is_over() -> None:
    assert next_pass(HOURS, progress(), NOON + HOURS.width - MICROSECOND) is None
    work = next_pass(HOURS, progress(), NOON + HOURS.width)
    assert work is not None
    assert (work.since, work.until, work.buckets, work.devices) == (NOON, NOON + HOURS.width, (NOON,), 2_000)


def test_a_pass_after_a_long_stop_is_bounded() -> None:
    work = next_pass(DAYS, progress(), NOON + timedelta(days=4_000))
    assert work is not None
    assert (len(work.buckets), work.devices) == (96, 20)


def test_a_pass_that_was_begun_ends_where_it_was_to_end() -> None:
    begun = progress(NOON + HOURS.width)
    work = next_pass(HOURS, begun, NOON + 50 * HOURS.width)
    assert work is not None
    assert (work.until, work.after) == (NOON + HOURS.width, begun.device_uuid)
