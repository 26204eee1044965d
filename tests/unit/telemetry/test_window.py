from datetime import UTC, date, datetime, timedelta

import pytest

from iotistic.partitioning import Leaf
from iotistic.telemetry.ingest.window import Judge, Window
from iotistic.telemetry.wire.stamps import stamp_of
from tests.support.days import period_of

NOW = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)
AHEAD = timedelta(minutes=10)
MOMENT = timedelta(microseconds=1)


def leaf(day: date, *, pending: bool = False) -> Leaf:
    period = period_of(day)
    return Leaf(name=f"leaf_{day:%Y%m%d}", lower=period.lower, upper=period.upper, detach_pending=pending)


def judge(*days: int, now: datetime = NOW) -> Judge:
    found = Window.of(leaf(NOW.date() + timedelta(days=one)) for one in days).judge(now, AHEAD)
    assert found is not None
    return found


def code(found: Judge, moment: datetime) -> str | None:
    objection = found.objection(stamp_of(moment))
    return objection[0] if objection else None


def test_adjoining_days_are_one_range() -> None:
    days = [leaf(date(2026, 11, day)) for day in (24, 22, 23, 26)]
    assert Window.of(days).ranges == (
        (stamp_of(datetime(2026, 11, 22, tzinfo=UTC)), stamp_of(datetime(2026, 11, 25, tzinfo=UTC))),
        (stamp_of(datetime(2026, 11, 26, tzinfo=UTC)), stamp_of(datetime(2026, 11, 27, tzinfo=UTC))),
    )


def test_a_day_whose_detach_is_pending_has_no_place() -> None:
    assert Window.of([leaf(NOW.date(), pending=True)]).judge(NOW, AHEAD) is None


@pytest.mark.parametrize("days", [(), (-1,), (1,)])
def test_without_a_partition_for_now_there_is_no_judge(days: tuple[int, ...]) -> None:
    window = Window.of(leaf(NOW.date() + timedelta(days=one)) for one in days)
    assert window.judge(NOW, AHEAD) is None


def test_the_window_ends_ten_minutes_ahead() -> None:
    found = judge(-1, 0, 1)
    assert code(found, NOW + AHEAD) is None
    assert code(found, NOW + AHEAD + MOMENT) == "timestamp_in_future"


def test_the_window_begins_with_the_oldest_day() -> None:
    found = judge(-1, 0)
    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    assert code(found, midnight) is None
    assert code(found, midnight - MOMENT) == "timestamp_too_old"


@pytest.mark.parametrize("days", [7, 30, 90, 400])
def test_what_is_no_longer_kept_of_a_device_has_no_place_although_its_day_has_one(days: int) -> None:
    leaves = [leaf(NOW.date() + timedelta(days=one)) for one in range(-500, 2)]
    window = Window.of(leaves)
    found = window.judge(NOW, AHEAD)
    assert found is not None
    mine = found.since(window.floor(NOW, timedelta(days=days)))
    midnight = NOW.replace(hour=0, minute=0) - timedelta(days=days)  # its partition ends less than `days` ago
    assert code(mine, midnight) is None
    assert code(mine, midnight - MOMENT) == "timestamp_too_old"
    assert code(found, midnight - MOMENT) is None
    assert code(mine, NOW + AHEAD) is None


def test_a_gap_is_no_floor() -> None:
    window = Window.of(leaf(NOW.date() + timedelta(days=one)) for one in (-4, -3, -1, 0))
    found = window.judge(NOW, AHEAD)
    assert found is not None
    mine = found.since(window.floor(NOW, timedelta(days=3)))
    assert code(mine, NOW - timedelta(days=3)) is None
    assert code(mine, NOW - timedelta(days=2)) == "no_partition"
    assert code(mine, NOW - timedelta(days=4)) == "timestamp_too_old"


def test_a_clock_that_was_never_set_is_told_from_an_old_report() -> None:
    found = judge(0)
    new_year = datetime(2015, 1, 1, tzinfo=UTC)
    assert code(found, new_year) == "timestamp_too_old"
    assert code(found, new_year - MOMENT) == "clock_not_set"


def test_days_behind_a_gap_have_a_place_and_the_gap_has_none() -> None:
    found = judge(-4, -3, -1, 0)
    assert code(found, NOW - timedelta(days=3)) is None
    assert code(found, NOW - timedelta(days=2)) == "no_partition"


def test_the_last_minutes_before_the_partitions_end_are_no_future() -> None:
    late = datetime(2026, 11, 23, 23, 55, tzinfo=UTC)
    found = judge(0, now=late)
    assert code(found, late + timedelta(minutes=4)) is None
    assert code(found, late + timedelta(minutes=6)) == "no_partition"


def test_an_objection_says_by_how_much() -> None:
    found = judge(0)
    assert found.objection(stamp_of(NOW + timedelta(hours=5))) == (
        "timestamp_in_future",
        "The timestamp is 5 hours ahead of the platform's clock.",
    )
