import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.partitioning import (
    Attach,
    Create,
    Drop,
    Finalise,
    Grain,
    Leaf,
    Policy,
    Retire,
    Situation,
    Step,
    Stray,
    plan,
)
from tests.support.days import day_leaf, period_of

NOW = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)
TODAY = NOW.date()
POLICY = Policy(parent="device_logs", premake=7, back=2, keep=timedelta(days=7))


def leaf(days: int, *, pending: bool = False, name: str | None = None) -> Leaf:
    day = TODAY + timedelta(days=days)
    period = period_of(day)
    return Leaf(
        name=name or day_leaf(POLICY.parent, day),
        lower=period.lower,
        upper=period.upper,
        detach_pending=pending,
    )


def stray(days: int, *, retiring: bool = False) -> Stray:
    day = TODAY + timedelta(days=days)
    return Stray(name=day_leaf(POLICY.parent, day), period=period_of(day), retiring=retiring)


def situation(*leaves: Leaf, strays: tuple[Stray, ...] = (), policy: Policy = POLICY) -> Situation:
    return Situation(policy=policy, leaves=leaves, strays=strays)


def kept() -> tuple[Leaf, ...]:
    return tuple(leaf(days) for days in range(-2, 8))


def taken(before: Situation, steps: list[Step]) -> Situation:
    """What a catalog looks like after the steps."""
    leaves = {one.name: one for one in before.leaves}
    strays = {one.name: one for one in before.strays}
    for step in steps:
        match step:
            case Create() | Attach():
                assert (step.leaf in strays) == isinstance(step, Attach)
                strays.pop(step.leaf, None)
                leaves[step.leaf] = Leaf(name=step.leaf, lower=step.period.lower, upper=step.period.upper)
            case Finalise():
                gone = leaves.pop(step.leaf)
                assert gone.period is not None
                strays[gone.name] = Stray(name=gone.name, period=gone.period, retiring=False)
            case Retire():
                del leaves[step.leaf]
            case Drop():
                del strays[step.leaf]
    return Situation(policy=before.policy, leaves=tuple(leaves.values()), strays=tuple(strays.values()))


def test_an_empty_table_gets_today_and_the_days_ahead_before_the_days_behind() -> None:
    steps = plan(situation(), NOW)
    assert all(isinstance(step, Create) for step in steps)
    days = [(step.period.lower.date() - TODAY).days for step in steps if isinstance(step, Create)]
    assert days == [0, 1, 2, 3, 4, 5, 6, 7, -1, -2]


def test_nothing_is_done_when_every_wanted_day_has_its_partition() -> None:
    assert plan(situation(*kept()), NOW) == []


def test_a_gap_is_filled() -> None:
    without_tomorrow = [one for one in kept() if one.name != "device_logs_20261124"]
    assert plan(situation(*without_tomorrow), NOW) == [
        Create(
            parent="device_logs",
            leaf="device_logs_20261124",
            period=period_of(date(2026, 11, 24)),
            key="timestamp",
        )
    ]


def test_a_day_counts_as_made_by_its_bounds_whatever_its_name() -> None:
    renamed = [replace(one, name=f"old_{index}") for index, one in enumerate(kept())]
    assert plan(situation(*renamed), NOW) == []


def test_a_partition_that_spans_many_days_covers_all_of_them() -> None:
    month = Leaf(
        name="device_logs_2026_11",
        lower=datetime(2026, 11, 1, tzinfo=UTC),
        upper=datetime(2026, 12, 1, tzinfo=UTC),
    )
    steps = plan(situation(month, policy=replace(POLICY, keep=timedelta(days=30))), NOW)
    assert steps == []


def test_the_last_day_that_is_kept_stays_and_the_day_before_it_goes() -> None:
    steps = plan(situation(*kept(), leaf(-7), leaf(-8), leaf(-9)), NOW)
    assert steps == [
        Retire(parent="device_logs", leaf="device_logs_20261114"),
        Retire(parent="device_logs", leaf="device_logs_20261115"),
    ]


def test_a_day_is_retired_at_midnight_utc_and_not_a_moment_before() -> None:
    policy = replace(POLICY, back=0)
    leaves = [leaf(days) for days in range(-7, 9)]
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    before = plan(situation(*leaves, policy=policy), midnight - timedelta(microseconds=1))
    after = plan(situation(*leaves, policy=policy), midnight)
    assert not [step for step in before if isinstance(step, Retire)]
    assert [step.leaf for step in after if isinstance(step, Retire)] == ["device_logs_20261116"]


def test_the_day_is_judged_in_utc_whatever_zone_now_is_told_in() -> None:
    tokyo = NOW.astimezone(datetime.strptime("+0900", "%z").tzinfo)
    assert tokyo.date() != TODAY
    assert plan(situation(), tokyo) == plan(situation(), NOW)


def test_an_interrupted_detach_of_an_old_day_is_finalised_first_and_the_table_dropped() -> None:
    steps = plan(situation(*kept(), leaf(-8, pending=True)), NOW)
    assert steps == [
        Finalise(parent="device_logs", leaf="device_logs_20261115"),
        Drop(parent="device_logs", leaf="device_logs_20261115"),
    ]


def test_an_interrupted_detach_of_a_day_that_is_needed_is_undone() -> None:
    others = [one for one in kept() if one.name != "device_logs_20261123"]
    steps = plan(situation(*others, leaf(0, pending=True)), NOW)
    assert steps == [
        Finalise(parent="device_logs", leaf="device_logs_20261123"),
        Attach(parent="device_logs", leaf="device_logs_20261123", period=period_of(TODAY), key="timestamp"),
    ]


def test_an_interrupted_detach_of_a_kept_day_that_nobody_needs_is_left_to_a_person() -> None:
    steps = plan(situation(*kept(), leaf(-5, pending=True)), NOW)
    assert steps == [Finalise(parent="device_logs", leaf="device_logs_20261118")]


def test_a_detached_table_is_dropped_only_if_it_was_meant_to_be() -> None:
    marked, unmarked = stray(-8, retiring=True), stray(-9)
    steps = plan(situation(*kept(), strays=(marked, unmarked)), NOW)
    assert steps == [Drop(parent="device_logs", leaf="device_logs_20261115")]


@pytest.mark.parametrize("retiring", [True, False])
def test_a_detached_table_of_a_needed_day_is_attached_again(retiring: bool) -> None:
    others = [one for one in kept() if one.name != "device_logs_20261122"]
    steps = plan(situation(*others, strays=(stray(-1, retiring=retiring),)), NOW)
    assert steps == [
        Attach(
            parent="device_logs",
            leaf="device_logs_20261122",
            period=period_of(date(2026, 11, 22)),
            key="timestamp",
        )
    ]


def test_a_partition_without_plain_bounds_is_left_alone() -> None:
    odd = Leaf(name="device_logs_rest", lower=None, upper=None)
    assert plan(situation(*kept(), odd), NOW) == []


def test_no_more_days_behind_are_made_than_are_kept() -> None:
    steps = plan(situation(policy=replace(POLICY, keep=timedelta(days=1), back=5)), NOW)
    assert min(step.period for step in steps if isinstance(step, Create)) == period_of(
        TODAY - timedelta(days=1)
    )


policies = st.builds(
    lambda premake, keep, back: Policy(
        parent="device_logs", premake=premake, keep=timedelta(days=keep), back=min(back, keep)
    ),
    st.integers(3, 14),
    st.integers(1, 30),
    st.integers(0, 5),
)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    days = draw(st.sets(st.integers(-40, 20)))
    kinds = {day: draw(st.sampled_from(["leaf", "pending", "stray", "retiring"])) for day in days}
    return Situation(
        policy=draw(policies),
        leaves=tuple(
            leaf(day, pending=kind == "pending") for day, kind in kinds.items() if kind in {"leaf", "pending"}
        ),
        strays=tuple(
            stray(day, retiring=kind == "retiring")
            for day, kind in kinds.items()
            if kind in {"stray", "retiring"}
        ),
    )


moments = st.timedeltas(timedelta(days=-3), timedelta(days=3)).map(lambda delta: NOW + delta)


@given(situations(), moments)
def test_taking_the_steps_leaves_nothing_to_do(before: Situation, now: datetime) -> None:
    after = taken(before, plan(before, now))
    assert plan(after, now) == []


@given(situations(), moments)
def test_after_the_steps_rows_of_every_premade_day_have_a_place(before: Situation, now: datetime) -> None:
    after = taken(before, plan(before, now))
    assert after.runway(now).days >= before.policy.premake


@given(situations(), moments)
def test_no_row_younger_than_the_policy_keeps_is_ever_dropped(before: Situation, now: datetime) -> None:
    start_of_kept = period_of(now.date()).lower - before.policy.keep
    ends = {one.name: one.upper for one in before.leaves}
    for step in plan(before, now):
        if isinstance(step, Retire | Drop) and step.leaf in ends:
            end = ends[step.leaf]
            assert end is not None
            assert end <= start_of_kept


@given(situations(), moments)
def test_nothing_that_was_detached_by_hand_is_dropped(before: Situation, now: datetime) -> None:
    by_hand = {one.name for one in before.strays if not one.retiring}
    assert not by_hand & {step.leaf for step in plan(before, now) if isinstance(step, Drop | Retire)}


MONTHLY = replace(POLICY, grain=Grain.MONTH, premake=2, back=1, keep=timedelta(days=90))


def months(*leaves: Leaf) -> list[str]:
    return [str(step) for step in plan(situation(*leaves, policy=MONTHLY), NOW)]


def test_months_are_made_by_the_same_rules() -> None:
    assert months() == [
        "create device_logs_202611 for 2026-11-01 to 2026-12-01",
        "create device_logs_202612 for 2026-12-01 to 2027-01-01",
        "create device_logs_202701 for 2027-01-01 to 2027-02-01",
        "create device_logs_202610 for 2026-10-01 to 2026-11-01",
    ]


def test_a_month_goes_when_its_last_day_is_old_enough_and_not_before() -> None:
    def retired(days: int) -> list[Step]:
        august = Grain.MONTH.period(datetime(2026, 8, 5, tzinfo=UTC))
        leaf = Leaf(name="device_logs_202608", lower=august.lower, upper=august.upper)
        steps = plan(situation(leaf, policy=replace(MONTHLY, keep=timedelta(days=days))), NOW)
        return [step for step in steps if isinstance(step, Retire)]

    assert retired(84) == []  # 2026-09-01 is 83 days before NOW
    assert retired(83) == [Retire(parent="device_logs", leaf="device_logs_202608")]


def test_after_a_change_from_days_to_months_the_rest_of_the_month_is_made_of_days() -> None:
    until_tomorrow = [leaf(days) for days in range(-22, 2)]
    steps = months(*until_tomorrow)
    assert steps[:2] == [
        "create device_logs_20261125 for 2026-11-25",
        "create device_logs_20261126 for 2026-11-26",
    ]
    assert steps[6] == "create device_logs_202612 for 2026-12-01 to 2027-01-01"


def test_after_a_change_from_months_to_days_days_follow_the_last_month() -> None:
    month = Grain.MONTH.period(NOW)
    now = datetime(2026, 11, 29, tzinfo=UTC)
    steps = plan(situation(Leaf(name="device_logs_202611", lower=month.lower, upper=month.upper)), now)
    assert str(steps[0]) == "create device_logs_20261201 for 2026-12-01"
    assert len(steps) == 6


@given(
    grain=st.sampled_from(list(Grain)),
    now=st.timedeltas(timedelta(days=-3000), timedelta(days=3000)).map(lambda delta: NOW + delta),
)
def test_whatever_the_grain_the_plan_covers_what_is_made_ahead_and_is_done_once(
    grain: Grain, now: datetime
) -> None:
    policy = replace(POLICY, grain=grain, premake=2, back=1, keep=timedelta(days=400))
    before = situation(policy=policy)
    after = taken(before, plan(before, now))
    assert plan(after, now) == []
    ahead = grain.after(grain.after(grain.period(now)))
    assert after.covered_until(now) == ahead.upper
    assert after.gaps == []


@given(st.sampled_from(list(Grain)), st.sampled_from(list(Grain)), moments)
def test_a_change_of_grain_leaves_neither_gap_nor_overlap(old: Grain, new: Grain, now: datetime) -> None:
    before = situation(policy=replace(POLICY, grain=old, premake=3, keep=timedelta(days=400)))
    made = taken(before, plan(before, now))
    changed = replace(made, policy=replace(made.policy, grain=new))
    after = taken(changed, plan(changed, now))
    assert plan(after, now) == []
    assert after.gaps == []
    whole = sorted(one.period for one in after.leaves if one.period)
    assert all(one.upper == other.lower for one, other in itertools.pairwise(whole))
