"""When schedules are due, also around the changes of clocks and after a sleep."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotistic.jobs.errors import RolloutInvalid
from iotistic.jobs.schedules.calendar import (
    MOST_CAUGHT_UP,
    ON_TIME,
    Timetable,
    due_runs,
    next_run,
    require_timetable,
)
from iotistic.jobs.schedules.errors import ScheduleInvalid

START = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOURLY = Timetable(every=timedelta(hours=1), anchor=START)
NIGHTLY = Timetable(cron="30 2 * * *", time_zone="Europe/Berlin", anchor=START)


def test_an_interval_counts_from_its_anchor() -> None:
    assert next_run(HOURLY, START) == START + timedelta(hours=1)
    assert next_run(HOURLY, START + timedelta(minutes=59)) == START + timedelta(hours=1)
    assert next_run(HOURLY, START + timedelta(hours=1)) == START + timedelta(hours=2)


def test_cron_goes_by_the_clocks_of_its_place() -> None:
    assert next_run(NIGHTLY, START) == datetime(2026, 11, 29, 1, 30, tzinfo=UTC)
    assert next_run(NIGHTLY, datetime(2026, 7, 1, 12, tzinfo=UTC)) == datetime(2026, 7, 2, 0, 30, tzinfo=UTC)


def test_in_the_night_that_skips_the_hour_it_comes_once_and_right_after() -> None:
    # On 28 March 2027 clocks in Berlin go from 02:00 to 03:00.
    first = next_run(NIGHTLY, datetime(2027, 3, 27, 12, tzinfo=UTC))
    assert first == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
    assert next_run(NIGHTLY, first) == datetime(2027, 3, 29, 0, 30, tzinfo=UTC)


def test_in_the_night_that_has_the_hour_twice_it_comes_once() -> None:
    # On 25 October 2026 clocks in Berlin go from 03:00 back to 02:00.
    first = next_run(NIGHTLY, datetime(2026, 10, 24, 12, tzinfo=UTC))
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert next_run(NIGHTLY, first) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


tables = st.one_of(
    st.integers(1, 3000).map(lambda minutes: Timetable(every=timedelta(minutes=minutes), anchor=START)),
    st.sampled_from(
        ["*/5 * * * *", "0 * * * *", "30 2 * * *", "15 3 * * sun", "0 0 1 * *", "59 23 31 12 *"]
    ).map(lambda cron: Timetable(cron=cron, time_zone="Europe/Berlin", anchor=START)),
)


@given(tables, st.integers(0, 400 * 86400))
@settings(max_examples=200, deadline=None)
def test_what_was_missed_is_what_would_have_come(table: Timetable, slept: int) -> None:
    now = START + timedelta(seconds=slept)
    since = next_run(table, START)
    assert since is not None
    runs: list[datetime] = []
    run: datetime | None = since
    while run is not None and run <= now:
        runs.append(run)
        run = next_run(table, run)
        if len(runs) > 2 * MOST_CAUGHT_UP:
            return  # too many to play through; bounded below
    assert due_runs(table, "each", since=since, now=now) == tuple(runs[-MOST_CAUGHT_UP:])
    assert due_runs(table, "once", since=since, now=now) == tuple(runs[-1:])
    on_time = tuple(run for run in runs[-1:] if now - run <= ON_TIME)
    assert due_runs(table, "skip", since=since, now=now) == on_time


def test_after_a_month_asleep_no_more_than_a_hundred_are_made_up_for() -> None:
    table = Timetable(cron="* * * * *", anchor=START)
    since = START + timedelta(minutes=1)
    found = due_runs(table, "each", since=since, now=START + timedelta(days=30))
    assert len(found) == MOST_CAUGHT_UP
    assert found[-1] == START + timedelta(days=30)
    assert list(found) == sorted(found)


def test_a_run_is_on_time_up_to_five_minutes_and_missed_then() -> None:
    due = START + timedelta(hours=1)
    assert due_runs(HOURLY, "skip", since=due, now=due + ON_TIME) == (due,)
    assert due_runs(HOURLY, "skip", since=due, now=due + ON_TIME + timedelta(microseconds=1)) == ()


@pytest.mark.parametrize(
    "table",
    [
        Timetable(anchor=START),
        Timetable(cron="0 0 * * *", every=timedelta(hours=1), anchor=START),
        Timetable(every=timedelta(seconds=59), anchor=START),
        Timetable(every=timedelta(days=366, seconds=1), anchor=START),
        Timetable(cron="0 0 * *", anchor=START),
        Timetable(cron="0 0 0 * * *", anchor=START),
        Timetable(cron="61 0 * * *", anchor=START),
        Timetable(cron="0 0 30 2 *", anchor=START),
        Timetable(cron="@daily x y z a", anchor=START),
    ],
)
def test_times_that_make_no_sense_are_refused(table: Timetable) -> None:
    with pytest.raises(ScheduleInvalid):
        require_timetable(table)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Europe"])
def test_a_place_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(RolloutInvalid):
        require_timetable(Timetable(cron="0 0 * * *", time_zone=name, anchor=START))
