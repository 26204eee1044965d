"""The rollout, played out against devices that do as they like: the laws hold in every order of events."""

from datetime import UTC, datetime, time, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotistic.jobs.errors import RolloutInvalid
from iotistic.jobs.rollout import (
    Complete,
    Facts,
    Halt,
    Nothing,
    Release,
    RolloutPolicy,
    Share,
    Tally,
    plan_rollout,
    require_policy,
)
from iotistic.jobs.window import Window

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)

shares = st.one_of(
    st.integers(1, 20).map(lambda count: Share(count=count)),
    st.floats(0.1, 100).map(lambda percent: Share(percent=percent)),
)
policies = st.builds(
    RolloutPolicy,
    concurrency=st.none() | st.integers(1, 20),
    canary=st.none() | shares,
    failure_threshold=st.none() | shares,
)


class Play:
    """A job and its devices, each in a state; what may happen to them happens by chance."""

    def __init__(self, policy: RolloutPolicy, devices: int, chance: Random, failing: float) -> None:
        self.policy = policy
        self.states = ["queued"] * devices
        self.chance = chance
        self.failing = failing
        self.status = "running"
        self.passed = False
        self.most_active = 0
        self.begun = 0

    def tally(self) -> Tally:
        counts = {state: self.states.count(state) for state in set(self.states)}
        return Tally(**counts, ready=counts.get("queued", 0))

    def plan(self) -> object:
        step = plan_rollout(
            self.policy,
            Facts(
                status=self.status,
                is_continuous=False,
                tally=self.tally(),
                forgiven=0,
                is_canary_passed=self.passed,
            ),
            NOW,
        )
        match step:
            case Release(count=count, passes_canary=passes):
                self.passed = self.passed or passes
                for _ in range(count):
                    self.states[self.states.index("queued")] = "released"
                self.begun += count
            case Halt():
                self.status = "halted"
                self.states = ["queued" if state == "released" else state for state in self.states]
            case Complete():
                self.status = "completed"
            case _:
                pass
        self.most_active = max(self.most_active, self.tally().active)
        return step

    def happen(self) -> bool:
        """One device goes on; False: none can."""
        moving = [n for n, state in enumerate(self.states) if state in {"released", "in_progress"}]
        if not moving:
            return False
        one = self.chance.choice(moving)
        if self.states[one] == "released":
            self.states[one] = "in_progress"
        elif self.chance.random() < self.failing:
            self.states[one] = self.chance.choice(["failed", "timed_out", "rejected"])
        else:
            self.states[one] = "succeeded"
        return True


def play(policy: RolloutPolicy, devices: int, seed: int, failing: float) -> Play:
    game = Play(policy, devices, Random(seed), failing)
    for _ in range(devices * 6 + 10):
        game.plan()
        if not game.happen() and game.status != "running":
            break
    game.plan()
    return game


@given(policies, st.integers(1, 60), st.integers(), st.sampled_from([0.0, 0.05, 0.5, 1.0]))
@settings(max_examples=300, deadline=None)
def test_a_rollout_keeps_its_rules_and_comes_to_an_end(
    policy: RolloutPolicy, devices: int, seed: int, failing: float
) -> None:
    game = play(policy, devices, seed, failing)
    tally = game.tally()
    assert tally.total == devices
    if policy.concurrency is not None:
        assert game.most_active <= policy.concurrency
    # It never stands still: it is through, or it has halted and says why.
    assert game.status in {"completed", "halted"}
    if game.status == "completed":
        assert tally.queued == 0
        assert tally.active == 0
    if policy.failure_threshold is not None:
        limit = policy.failure_threshold.of(devices)
        assert tally.failures <= limit - 1 + (policy.concurrency or devices)
    if game.status == "halted":
        assert tally.failures > 0


@given(shares, st.integers(1, 60), st.integers(), st.none() | st.integers(1, 20))
@settings(max_examples=200, deadline=None)
def test_no_more_than_the_canary_begins_before_it_has_succeeded(
    canary: Share, devices: int, seed: int, concurrency: int | None
) -> None:
    game = play(RolloutPolicy(canary=canary, concurrency=concurrency), devices, seed, failing=1.0)
    assert game.begun <= canary.of(devices)
    assert game.status == ("halted" if game.tally().queued or game.begun < devices else game.status)
    good = play(RolloutPolicy(canary=canary, concurrency=concurrency), devices, seed, failing=0.0)
    assert good.status == "completed"
    assert good.tally().succeeded == devices


@given(policies, st.integers(0, 30), st.integers(0, 30), st.sampled_from(["paused", "halted"]))
def test_nobody_begins_while_it_does_not_run(
    policy: RolloutPolicy, queued: int, working: int, status: str
) -> None:
    facts = Facts(
        status=status,  # type: ignore[arg-type]
        is_continuous=False,
        tally=Tally(queued=queued, ready=queued, in_progress=working),
        forgiven=0,
        is_canary_passed=False,
    )
    expected = Complete() if queued + working == 0 else Nothing()
    assert plan_rollout(policy, facts, NOW) == expected


def facts(tally: Tally, *, forgiven: int = 0, passed: bool = False, continuous: bool = False) -> Facts:
    return Facts(
        status="running", is_continuous=continuous, tally=tally, forgiven=forgiven, is_canary_passed=passed
    )


def test_a_continuous_job_never_completes() -> None:
    assert plan_rollout(RolloutPolicy(), facts(Tally(succeeded=3), continuous=True), NOW) == Nothing()
    assert plan_rollout(RolloutPolicy(), facts(Tally(succeeded=3)), NOW) == Complete()


def test_the_threshold_is_reached_and_not_before() -> None:
    policy = RolloutPolicy(failure_threshold=Share(percent=10))
    below = facts(Tally(queued=91, ready=91, failed=9))
    assert plan_rollout(policy, below, NOW) == Release(count=91)
    at = plan_rollout(policy, facts(Tally(queued=90, ready=90, failed=5, timed_out=3, rejected=2)), NOW)
    assert at == Halt(reason="10 devices failed; the threshold is 10")


def test_what_was_forgiven_counts_no_more() -> None:
    policy = RolloutPolicy(failure_threshold=Share(count=2))
    tally = Tally(queued=5, ready=5, failed=3)
    assert plan_rollout(policy, facts(tally, forgiven=2), NOW) == Release(count=5)
    assert isinstance(plan_rollout(policy, facts(tally, forgiven=1), NOW), Halt)


def test_a_new_attempt_that_has_to_wait_is_not_released_and_not_forgotten() -> None:
    assert plan_rollout(RolloutPolicy(), facts(Tally(queued=2, ready=0)), NOW) == Nothing()


def test_outside_its_window_a_rollout_waits_and_still_halts_and_completes() -> None:
    policy = RolloutPolicy(window=Window(start=time(22), end=time(4)), failure_threshold=Share(count=1))
    queued = facts(Tally(queued=2, ready=2))
    assert plan_rollout(policy, queued, NOW) == Nothing()
    assert plan_rollout(policy, queued, NOW + timedelta(hours=10)) == Release(count=2)
    assert isinstance(plan_rollout(policy, facts(Tally(queued=1, failed=1)), NOW), Halt)
    assert plan_rollout(policy, facts(Tally(succeeded=2)), NOW) == Complete()


@pytest.mark.parametrize(
    ("start", "end", "inside", "outside"),
    [
        (time(9), time(17), [time(9), time(16, 59)], [time(8, 59), time(17)]),
        (time(22), time(4), [time(22), time(0), time(3, 59)], [time(21, 59), time(4), time(12)]),
    ],
)
def test_a_window_holds_its_start_and_not_its_end(
    start: time, end: time, inside: list[time], outside: list[time]
) -> None:
    window = Window(start=start, end=end)
    day = NOW.date()
    assert all(window.is_open(datetime.combine(day, one, UTC)) for one in inside)
    assert not any(window.is_open(datetime.combine(day, one, UTC)) for one in outside)


def test_a_window_goes_by_the_clocks_of_its_place() -> None:
    berlin = Window(start=time(2), end=time(3), time_zone="Europe/Berlin")
    assert berlin.is_open(datetime(2026, 11, 28, 1, 30, tzinfo=UTC))
    assert berlin.is_open(datetime(2026, 7, 1, 0, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    "policy",
    [
        RolloutPolicy(concurrency=0),
        RolloutPolicy(canary=Share()),
        RolloutPolicy(canary=Share(count=1, percent=1)),
        RolloutPolicy(canary=Share(count=0)),
        RolloutPolicy(failure_threshold=Share(percent=0)),
        RolloutPolicy(failure_threshold=Share(percent=100.1)),
        RolloutPolicy(attempts=0),
        RolloutPolicy(attempts=11),
        RolloutPolicy(claim_within=timedelta(seconds=9)),
        RolloutPolicy(retry_delay=timedelta(days=1, seconds=1)),
        RolloutPolicy(window=Window(start=time(3), end=time(3))),
        RolloutPolicy(window=Window(start=time(3), end=time(4), time_zone="Europe/Atlantis")),
    ],
)
def test_rules_that_make_no_sense_are_refused(policy: RolloutPolicy) -> None:
    with pytest.raises(RolloutInvalid):
        require_policy(policy)


def test_rules_at_their_bounds_are_taken() -> None:
    require_policy(
        RolloutPolicy(
            concurrency=1,
            canary=Share(count=1),
            failure_threshold=Share(percent=100),
            attempts=10,
            claim_within=timedelta(seconds=10),
            retry_delay=timedelta(days=1),
        )
    )
