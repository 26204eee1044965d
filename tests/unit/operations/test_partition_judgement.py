"""What `iotistic partitions status` concludes from what it sees."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from iotistic.operations.partitions import DefaultPartition, Facts, ParentHealth, State, judge
from iotistic.partitioning import Leaf, Policy, Situation, Stray
from tests.support.days import day_leaf, period_of

NOW = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)
POLICY = Policy(parent="device_logs", premake=7, back=2, keep=timedelta(days=7))
NOTHING = Facts(bytes={})


def leaf(days: int, *, pending: bool = False) -> Leaf:
    day = NOW.date() + timedelta(days=days)
    period = period_of(day)
    return Leaf(
        name=day_leaf("device_logs", day), lower=period.lower, upper=period.upper, detach_pending=pending
    )


def seen(*days: int, facts: Facts = NOTHING) -> ParentHealth:
    return judge(Situation(policy=POLICY, leaves=tuple(leaf(day) for day in days)), facts, NOW)


@pytest.mark.parametrize(
    ("ahead", "state"),
    [(4, State.FINE), (3, State.FINE), (2, State.ATTENTION), (1, State.ATTENTION), (0, State.FAILING)],
)
def test_under_three_days_ahead_is_an_alarm_and_under_one_a_failure(ahead: int, state: State) -> None:
    health = seen(*range(ahead + 1))
    assert (health.runway_days, health.state) == (ahead, state)


def test_it_says_when_inserts_will_fail() -> None:
    health = seen(-1, 0, 1)
    assert health.inserts_fail_at == datetime(2026, 11, 25, tzinfo=UTC)
    assert health.problems == ("Inserts will fail at 2026-11-25 00:00 UTC.",)


def test_without_a_partition_for_today_they_fail_now() -> None:
    health = seen(-1, 1, 2, 3, 4, 5)
    assert (health.state, health.inserts_fail_at) == (State.FAILING, None)
    assert health.problems[0].startswith("Inserts fail now")


def test_a_gap_is_told_wherever_it_is() -> None:
    health = seen(-5, -4, -2, -1, 0, 1, 2, 3, 4)
    assert [(gap.lower.day, gap.upper.day) for gap in health.gaps] == [(20, 21)]
    assert health.state is State.ATTENTION


def test_an_interrupted_detach_and_a_table_left_unattached_ask_for_attention() -> None:
    one = NOW.date() - timedelta(days=9)
    strays = (
        Stray(name="device_logs_20261114", period=period_of(one), retiring=True),
        Stray(name="device_logs_20261113", period=period_of(one - timedelta(days=1)), retiring=False),
    )
    leaves = (leaf(-1, pending=True), *(leaf(day) for day in range(5)))
    health = judge(
        Situation(policy=POLICY, leaves=leaves, strays=strays), Facts(bytes={"device_logs_20261114": 5}), NOW
    )
    assert health.pending_detaches == ("device_logs_20261122",)
    assert [(orphan.name, orphan.reason, orphan.bytes) for orphan in health.orphans] == [
        ("device_logs_20261114", "retiring", 5),
        ("device_logs_20261113", "unattached", 0),
    ]
    (_, told) = health.problems  # what is retiring goes by itself
    assert told.startswith("device_logs_20261113 is attached to nothing")


@pytest.mark.parametrize(
    ("days", "way"), [(7, "`iotistic partitions repair`"), (8, "`DROP TABLE device_logs_x`")]
)
def test_a_table_left_unattached_says_how_it_comes_back_or_goes(days: int, way: str) -> None:
    stray = Stray(name="device_logs_x", period=period_of(NOW.date() - timedelta(days=days)), retiring=False)
    leaves = tuple(leaf(day) for day in range(5))
    health = judge(Situation(policy=POLICY, leaves=leaves, strays=(stray,)), NOTHING, NOW)
    assert way in health.problems[0]


def test_a_default_partition_takes_rows_and_is_a_problem_nevertheless() -> None:
    default = DefaultPartition(name="device_logs_rest", rows=7)
    situation = Situation(policy=POLICY, default=default.name)
    health = judge(situation, Facts(bytes={}, default_partition=default), NOW)
    assert health.default_partition == default
    assert "Inserts fail" not in " ".join(health.problems)


def test_bytes_a_day_are_those_of_the_last_complete_week() -> None:
    names = {leaf(day).name: 100 if day < 0 else 9_999 for day in range(-30, 3)}
    old = {leaf(day).name: 1 for day in range(-30, -7)}
    assert seen(*range(-30, 3), facts=Facts(bytes={**names, **old})).bytes_per_day == 100


def test_of_a_longer_partition_the_last_complete_one_is_divided_by_its_days() -> None:
    october = Leaf(name="m", lower=datetime(2026, 10, 1, tzinfo=UTC), upper=datetime(2026, 11, 1, tzinfo=UTC))
    situation = Situation(policy=replace(POLICY, premake=1), leaves=(october,))
    assert judge(situation, Facts(bytes={"m": 3_100}), NOW).bytes_per_day == 100
