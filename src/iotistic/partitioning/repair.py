"""What mends one table that a run would leave to a person: pure, like the plan of a run."""

from collections.abc import Iterator
from datetime import datetime

from iotistic.partitioning.grain import Grain, Period
from iotistic.partitioning.plan import Attach, Create, Finalise, MoveOut, Step, horizon, uncovered
from iotistic.partitioning.policy import Situation

__all__ = ["repairs"]


def repairs(situation: Situation, now: datetime) -> list[Step]:
    """Interrupted detaches end, tables left unattached come back, gaps are closed, a DEFAULT partition goes.

    Tables that a run detached to drop them are not brought back, nor any that is older than the policy keeps.
    """
    parent, key = situation.policy.parent, situation.key
    steps: list[Step] = [
        Finalise(parent=parent, leaf=leaf.name) for leaf in situation.leaves if leaf.detach_pending
    ]
    if situation.default is not None:  # its rows are in the way of every other step
        return [*steps, MoveOut(parent=parent, leaf=situation.default)]
    brought = _brought_back(situation, now)
    steps += [Attach(parent=parent, leaf=name, period=period, key=key) for period, name in brought]
    for grain, period in _missing(situation):
        if not any(one.lower < period.upper and period.lower < one.upper for one, _ in brought):
            steps.append(Create(parent=parent, leaf=grain.leaf(parent, period), period=period, key=key))
    return steps


def _brought_back(situation: Situation, now: datetime) -> list[tuple[Period, str]]:
    found = [(stray.period, stray.name) for stray in situation.strays if not stray.retiring]
    found += [(leaf.period, leaf.name) for leaf in situation.leaves if leaf.detach_pending and leaf.period]
    oldest = horizon(now, situation.policy.keep)
    return sorted(one for one in found if one[0].upper > oldest and _free(situation, one[0]))


def _free(situation: Situation, period: Period) -> bool:
    return not any(leaf.holds and leaf.covers(period.lower, period.upper) for leaf in situation.leaves)


def _missing(situation: Situation) -> Iterator[tuple[Grain, Period]]:
    """What the gaps are made of."""
    wanted = situation.policy.grain
    for gap in situation.gaps:
        for period in wanted.within(gap):
            for grain, part in uncovered(wanted, period, situation):
                if gap.lower <= part.lower and part.upper <= gap.upper:
                    yield grain, part
