"""What is to be done about the partitions of one table: pure, so that a dry run prints exactly what a run does."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from iotistic.partitioning.grain import Grain, Period
from iotistic.partitioning.policy import Leaf, Policy, Situation

__all__ = [
    "Attach",
    "Create",
    "Drop",
    "Finalise",
    "MoveOut",
    "Retire",
    "Step",
    "horizon",
    "plan",
    "room",
    "uncovered",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Makes the partition of one period."""

    parent: str
    leaf: str
    period: Period
    key: str
    """The column that decides where a row goes."""

    def __str__(self) -> str:
        return f"create {self.leaf} for {self.period}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach:
    """Takes a table that was left unattached as the partition of a period that is needed."""

    parent: str
    leaf: str
    period: Period
    key: str
    """The column that decides where a row goes."""

    def __str__(self) -> str:
        return f"attach {self.leaf} for {self.period}, which was left unattached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finalise:
    """Ends a concurrent detach that was interrupted; until then no other partition can be detached."""

    parent: str
    leaf: str

    def __str__(self) -> str:
        return f"finalise the interrupted detach of {self.leaf}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retire:
    """Detaches a partition that is older than the policy keeps, without stopping ingest, and drops it."""

    parent: str
    leaf: str
    archived_as: Period | None = None
    """The period its rows are archived under before they are dropped; None: the policy does not ask for it."""

    def __str__(self) -> str:
        return f"detach, archive and drop {self.leaf}" if self.archived_as else f"detach and drop {self.leaf}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Drops a table that an earlier run detached and did not get to drop."""

    parent: str
    leaf: str
    archived_as: Period | None = None
    """As with Retire."""

    def __str__(self) -> str:
        act = "archive and drop" if self.archived_as else "drop"
        return f"{act} {self.leaf}, detached earlier"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveOut:
    """Moves the rows of a DEFAULT partition to partitions of their own and drops it. Only a repair does."""

    parent: str
    leaf: str

    def __str__(self) -> str:
        return f"move the rows of the DEFAULT partition {self.leaf} out, and drop it"


Step = Create | Attach | Finalise | Retire | Drop | MoveOut


def plan(situation: Situation, now: datetime) -> list[Step]:
    """The steps that bring `situation` in line with its policy at `now`.

    In the order to take them: interrupted detaches first, since they hide rows and block everything else; then room for
    rows that come, nearest period first; then what may go, oldest first. Doing them and planning again gives nothing.
    """
    policy = situation.policy
    oldest = horizon(now, situation.longest)
    pending = [leaf for leaf in situation.leaves if leaf.detach_pending]
    steps: list[Step] = [Finalise(parent=policy.parent, leaf=leaf.name) for leaf in pending]
    room = _room(situation, now)
    steps += room
    steps += _leftovers(situation, {step.leaf for step in room}, oldest)
    expired = [leaf for leaf in situation.leaves if leaf.holds and _expired(leaf, oldest)]
    expired.sort(key=lambda leaf: (leaf.upper or now, leaf.name))
    steps += [
        Retire(parent=policy.parent, leaf=leaf.name, archived_as=leaf.period if policy.archive else None)
        for leaf in expired
    ]
    return steps


def room(situation: Situation, now: datetime) -> list[Step]:
    """Only what rows that come need: what a service does before it starts."""
    return [step for step in plan(situation, now) if isinstance(step, Create | Attach | Finalise)]


def horizon(now: datetime, keep: timedelta) -> datetime:
    """The moment before which a partition must end to be no longer kept: a midnight, so that days go whole."""
    return Grain.DAY.period(now).lower - keep


def _room(situation: Situation, now: datetime) -> list[Create | Attach]:
    """A partition for each wanted period, or for those parts of it that no partition covers."""
    policy = situation.policy
    # What is about to be finalised becomes unattached too, and is needed again when its period still is.
    strays = {stray.name for stray in situation.strays}
    strays |= {leaf.name for leaf in situation.leaves if leaf.detach_pending}
    taken = {leaf.name for leaf in situation.leaves if leaf.holds}
    steps: list[Create | Attach] = []
    for period in _wanted(policy, now):
        for grain, part in uncovered(policy.grain, period, situation):
            name = grain.leaf(policy.parent, part)
            if name in taken:  # a partition of other bounds has the name: a person must look
                continue
            make = Attach if name in strays else Create
            steps.append(make(parent=policy.parent, leaf=name, period=part, key=situation.key))
    return steps


def _wanted(policy: Policy, now: datetime) -> Iterator[Period]:
    present = policy.grain.period(now)
    period = present
    for _ in range(policy.premake + 1):
        yield period
        period = policy.grain.after(period)
    period = present
    for _ in range(policy.back):
        period = policy.grain.before(period)
        if period.upper > horizon(now, policy.keep):
            yield period


def uncovered(grain: Grain, period: Period, situation: Situation) -> Iterator[tuple[Grain, Period]]:
    """The whole period where nothing is in the way; else its parts that are free, as after a change of the grain."""
    met = [leaf for leaf in situation.leaves if leaf.holds and leaf.covers(period.lower, period.upper)]
    if not met:
        yield grain, period
        return
    if grain.finer is None or any(
        leaf.lower <= period.lower and period.upper <= leaf.upper for leaf in met if leaf.lower and leaf.upper
    ):
        return
    for part in grain.finer.within(period):
        yield from uncovered(grain.finer, part, situation)


def _leftovers(situation: Situation, needed: set[str], oldest: datetime) -> list[Step]:
    """Detached tables to drop: marked by an earlier run, or whose interrupted detach was of an expired period."""
    doomed = {
        leaf.name: leaf.period for leaf in situation.leaves if leaf.detach_pending and _expired(leaf, oldest)
    }
    doomed |= {stray.name: stray.period for stray in situation.strays if stray.retiring}
    policy = situation.policy
    return [
        Drop(parent=policy.parent, leaf=name, archived_as=doomed[name] if policy.archive else None)
        for name in sorted(doomed.keys() - needed)
    ]


def _expired(leaf: Leaf, oldest: datetime) -> bool:
    return leaf.upper is not None and leaf.upper <= oldest
