from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.database.identifiers import day_bounds, leaf_name
from iotistic.partitioning import (
    Attach,
    Create,
    Drop,
    Finalise,
    Leaf,
    Policy,
    Retire,
    Situation,
    Step,
    Stray,
    plan,
)

NOW = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)
TODAY = NOW.date()
POLICY = Policy(parent="device_logs", premake_days=7, back_days=2, keep_days=7)


def leaf(days: int, *, pending: bool = False, name: str | None = None) -> Leaf:
    day = TODAY + timedelta(days=days)
    start, end = day_bounds(day)
    return Leaf(name=name or leaf_name(POLICY.parent, day), lower=start, upper=end, detach_pending=pending)


def stray(days: int, *, retiring: bool = False) -> Stray:
    day = TODAY + timedelta(days=days)
    return Stray(name=leaf_name(POLICY.parent, day), day=day, retiring=retiring)


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
                start, end = day_bounds(step.day)
                assert (step.leaf in strays) == isinstance(step, Attach)
                strays.pop(step.leaf, None)
                leaves[step.leaf] = Leaf(name=step.leaf, lower=start, upper=end)
            case Finalise():
                gone = leaves.pop(step.leaf)
                assert gone.lower is not None
                strays[gone.name] = Stray(name=gone.name, day=gone.lower.date(), retiring=False)
            case Retire():
                del leaves[step.leaf]
            case Drop():
                del strays[step.leaf]
    return Situation(policy=before.policy, leaves=tuple(leaves.values()), strays=tuple(strays.values()))


def test_an_empty_table_gets_today_and_the_days_ahead_before_the_days_behind() -> None:
    steps = plan(situation(), NOW)
    assert all(isinstance(step, Create) for step in steps)
    days = [(step.day - TODAY).days for step in steps if isinstance(step, Create)]
    assert days == [0, 1, 2, 3, 4, 5, 6, 7, -1, -2]


def test_nothing_is_done_when_every_wanted_day_has_its_partition() -> None:
    assert plan(situation(*kept()), NOW) == []


def test_a_gap_is_filled() -> None:
    without_tomorrow = [one for one in kept() if one.name != "device_logs_20261124"]
    assert plan(situation(*without_tomorrow), NOW) == [
        Create(parent="device_logs", leaf="device_logs_20261124", day=date(2026, 11, 24), key="timestamp")
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
    steps = plan(situation(month, policy=replace(POLICY, keep_days=30)), NOW)
    assert steps == []


def test_the_last_day_that_is_kept_stays_and_the_day_before_it_goes() -> None:
    steps = plan(situation(*kept(), leaf(-7), leaf(-8), leaf(-9)), NOW)
    assert steps == [
        Retire(parent="device_logs", leaf="device_logs_20261114"),
        Retire(parent="device_logs", leaf="device_logs_20261115"),
    ]


def test_a_day_is_retired_at_midnight_utc_and_not_a_moment_before() -> None:
    policy = replace(POLICY, back_days=0)
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
        Attach(parent="device_logs", leaf="device_logs_20261123", day=TODAY, key="timestamp"),
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
        Attach(parent="device_logs", leaf="device_logs_20261122", day=date(2026, 11, 22), key="timestamp")
    ]


def test_a_partition_without_plain_bounds_is_left_alone() -> None:
    odd = Leaf(name="device_logs_rest", lower=None, upper=None)
    assert plan(situation(*kept(), odd), NOW) == []


def test_no_more_days_behind_are_made_than_are_kept() -> None:
    steps = plan(situation(policy=replace(POLICY, keep_days=1, back_days=5)), NOW)
    assert min(step.day for step in steps if isinstance(step, Create)) == TODAY - timedelta(days=1)


policies = st.builds(
    lambda premake, keep, back: Policy(
        parent="device_logs", premake_days=premake, keep_days=keep, back_days=min(back, keep)
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
    assert after.runway(now).days >= before.policy.premake_days


@given(situations(), moments)
def test_no_row_younger_than_the_policy_keeps_is_ever_dropped(before: Situation, now: datetime) -> None:
    start_of_kept, _ = day_bounds(now.date() - timedelta(days=before.policy.keep_days))
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
