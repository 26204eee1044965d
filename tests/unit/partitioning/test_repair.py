from datetime import UTC, datetime, timedelta

from iotistic.partitioning import Grain, Leaf, Policy, Situation, Stray, repairs
from tests.support.days import day_leaf, period_of

NOW = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)
POLICY = Policy(parent="device_logs", premake=3, back=1, keep=timedelta(days=30))


def leaf(days: int, *, pending: bool = False) -> Leaf:
    day = NOW.date() + timedelta(days=days)
    period = period_of(day)
    return Leaf(
        name=day_leaf("device_logs", day), lower=period.lower, upper=period.upper, detach_pending=pending
    )


def stray(days: int, *, retiring: bool = False) -> Stray:
    day = NOW.date() + timedelta(days=days)
    return Stray(name=day_leaf("device_logs", day), period=period_of(day), retiring=retiring)


def steps(*leaves: Leaf, strays: tuple[Stray, ...] = (), default: str | None = None) -> list[str]:
    situation = Situation(policy=POLICY, leaves=leaves, strays=strays, default=default)
    return [str(step) for step in repairs(situation, NOW)]


def test_a_table_without_a_fault_is_left_alone() -> None:
    assert steps(*(leaf(day) for day in range(-20, 4))) == []


def test_a_gap_is_closed_although_no_row_of_now_needs_it() -> None:
    assert steps(leaf(-10), leaf(-7), leaf(-6)) == [
        "create device_logs_20261114 for 2026-11-14",
        "create device_logs_20261115 for 2026-11-15",
    ]


def test_what_was_detached_by_hand_comes_back_before_its_gap_is_closed() -> None:
    assert steps(leaf(-10), leaf(-8), strays=(stray(-9),)) == [
        "attach device_logs_20261114 for 2026-11-14, which was left unattached"
    ]


def test_what_is_retiring_or_older_than_is_kept_stays_away() -> None:
    assert steps(leaf(-1), leaf(0), strays=(stray(-5, retiring=True), stray(-31))) == []
    assert len(steps(leaf(-1), leaf(0), strays=(stray(-30),))) == 1


def test_an_interrupted_detach_is_ended_and_the_table_attached_again() -> None:
    assert steps(leaf(-2), leaf(-1, pending=True), leaf(0)) == [
        "finalise the interrupted detach of device_logs_20261122",
        "attach device_logs_20261122 for 2026-11-22, which was left unattached",
    ]


def test_a_default_partition_goes_before_anything_is_made() -> None:
    assert steps(leaf(-10), leaf(0), default="rest") == [
        "move the rows of the DEFAULT partition rest out, and drop it"
    ]


def test_the_gap_after_a_part_of_a_month_is_closed_with_days() -> None:
    policy = Policy(parent="device_logs", grain=Grain.MONTH, premake=1, back=0, keep=timedelta(days=90))
    december = Grain.MONTH.period(datetime(2026, 12, 1, tzinfo=UTC))
    after = Leaf(name="device_logs_202612", lower=december.lower, upper=december.upper)
    found = repairs(Situation(policy=policy, leaves=(leaf(4), after)), NOW)
    assert [str(step) for step in found] == [
        "create device_logs_20261128 for 2026-11-28",
        "create device_logs_20261129 for 2026-11-29",
        "create device_logs_20261130 for 2026-11-30",
    ]
