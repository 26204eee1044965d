from datetime import UTC, date, datetime, timedelta

from iotistic.partitioning import Leaf, Policy, Situation
from tests.support.days import period_of

NOW = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)
POLICY = Policy(parent="device_metrics", premake=7, back=1, keep=timedelta(days=90))


def days(*numbers: int, pending: int | None = None) -> Situation:
    leaves = []
    for number in numbers:
        day = period_of(NOW.date() + timedelta(days=number))
        leaves.append(
            Leaf(name=f"leaf_{number}", lower=day.lower, upper=day.upper, detach_pending=number == pending)
        )
    return Situation(policy=POLICY, leaves=tuple(leaves))


def test_the_runway_ends_where_the_last_unbroken_day_ends() -> None:
    runway = days(-1, 0, 1, 2).runway(NOW)
    assert runway.covered_until == datetime(2026, 11, 26, tzinfo=UTC)
    assert runway.days == 2


def test_days_behind_a_gap_do_not_count() -> None:
    assert days(0, 1, 3, 4, 5).runway(NOW).covered_until == datetime(2026, 11, 25, tzinfo=UTC)


def test_less_than_a_whole_day_is_none() -> None:
    assert days(0).runway(NOW).days == 0
    assert days(0, 1).runway(NOW).days == 1


def test_without_a_partition_for_now_there_is_no_runway() -> None:
    runway = days(-1, 1, 2).runway(NOW)
    assert (runway.days, runway.covered_until) == (0, None)


def test_a_day_whose_detach_is_pending_is_a_gap() -> None:
    assert days(0, 1, 2, pending=1).runway(NOW).covered_until == datetime(2026, 11, 24, tzinfo=UTC)


def test_the_order_of_the_catalog_does_not_matter() -> None:
    assert days(2, 0, 1).runway(NOW).days == 2


def test_the_first_moment_of_a_day_is_in_it_and_the_last_bound_is_not() -> None:
    today = period_of(date(2026, 11, 23))
    situation = days(0)
    assert situation.covered_until(today.lower) == today.upper
    assert situation.covered_until(today.upper) is None
