"""What is to be done about the partitions of one table: pure, so that a dry run prints exactly what a run does."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from iotistic.database.identifiers import day_bounds, leaf_name
from iotistic.partitioning.policy import Leaf, Policy, Situation

__all__ = ["Attach", "Create", "Drop", "Finalise", "Retire", "Step", "plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Makes the partition of one UTC day."""

    parent: str
    leaf: str
    day: date
    key: str
    """The column that decides where a row goes."""

    def __str__(self) -> str:
        return f"create {self.leaf} for {self.day}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach:
    """Takes a table that was left unattached as the partition of a day that is needed."""

    parent: str
    leaf: str
    day: date
    key: str
    """The column that decides where a row goes."""

    def __str__(self) -> str:
        return f"attach {self.leaf} for {self.day}, which was left unattached"


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

    def __str__(self) -> str:
        return f"detach and drop {self.leaf}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Drops a table that an earlier run detached and did not get to drop."""

    parent: str
    leaf: str

    def __str__(self) -> str:
        return f"drop {self.leaf}, detached earlier"


Step = Create | Attach | Finalise | Retire | Drop


def plan(situation: Situation, now: datetime) -> list[Step]:
    """The steps that bring `situation` in line with its policy at `now`.

    In the order to take them: interrupted detaches first, since they hide rows and block everything else; then room for
    rows that come, nearest day first; then what may go, oldest first. Doing them and planning again gives nothing.
    """
    policy = situation.policy
    today = now.astimezone(UTC).date()
    horizon, _ = day_bounds(today - timedelta(days=policy.keep_days))
    pending = [leaf for leaf in situation.leaves if leaf.detach_pending]
    steps: list[Step] = [Finalise(parent=policy.parent, leaf=leaf.name) for leaf in pending]
    room = _room(situation, today)
    steps += room
    steps += _leftovers(situation, {step.leaf for step in room}, horizon)
    expired = [leaf for leaf in situation.leaves if leaf.holds and _expired(leaf, horizon)]
    expired.sort(key=lambda leaf: (leaf.upper or now, leaf.name))
    steps += [Retire(parent=policy.parent, leaf=leaf.name) for leaf in expired]
    return steps


def _room(situation: Situation, today: date) -> list[Step]:
    """A partition for each wanted day that nothing covers."""
    policy = situation.policy
    # What is about to be finalised becomes unattached too, and is needed again when its day still is.
    strays = {stray.name for stray in situation.strays}
    strays |= {leaf.name for leaf in situation.leaves if leaf.detach_pending}
    steps: list[Step] = []
    for day in _wanted(policy, today):
        start, end = day_bounds(day)
        if any(leaf.holds and leaf.covers(start, end) for leaf in situation.leaves):
            continue
        name = leaf_name(policy.parent, day)
        make = Attach if name in strays else Create
        steps.append(make(parent=policy.parent, leaf=name, day=day, key=situation.key))
    return steps


def _wanted(policy: Policy, today: date) -> list[date]:
    ahead = [today + timedelta(days=days) for days in range(policy.premake_days + 1)]
    behind = [today - timedelta(days=days) for days in range(1, min(policy.back_days, policy.keep_days) + 1)]
    return ahead + behind


def _leftovers(situation: Situation, needed: set[str], horizon: datetime) -> list[Step]:
    """Detached tables to drop: marked by an earlier run, or whose interrupted detach was of an expired day."""
    doomed = {leaf.name for leaf in situation.leaves if leaf.detach_pending and _expired(leaf, horizon)}
    doomed |= {stray.name for stray in situation.strays if stray.retiring}
    return [Drop(parent=situation.policy.parent, leaf=name) for name in sorted(doomed - needed)]


def _expired(leaf: Leaf, horizon: datetime) -> bool:
    return leaf.upper is not None and leaf.upper <= horizon
