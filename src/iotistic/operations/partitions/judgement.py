"""What the facts about one table mean: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from iotistic.operations.partitions.model import (
    DefaultPartition,
    Gap,
    Orphan,
    ParentHealth,
    State,
)
from iotistic.partitioning import ALARM_DAYS, READY_DAYS, Grain, Period, Situation, Stray, horizon

__all__ = ["Facts", "judge"]

_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the catalog does not say."""

    bytes: Mapping[str, int]
    """By the name of the leaf or orphan."""
    default_partition: DefaultPartition | None = None
    quarantined_rows: int = 0


def judge(situation: Situation, facts: Facts, now: datetime) -> ParentHealth:
    """How the partitions of one table are at `now`."""
    runway = situation.runway(now)
    sizes = {leaf.name: facts.bytes.get(leaf.name, 0) for leaf in situation.leaves}
    ranges = situation.ranges
    problems = _problems(situation, facts, now)
    policy = situation.policy
    return ParentHealth(
        parent=policy.parent,
        grain=policy.grain.value,
        premake=policy.premake,
        keep_days=policy.keep // _DAY,
        state=_state(runway.days, problems),
        problems=tuple(problems),
        runway_days=runway.days,
        inserts_fail_at=runway.covered_until,
        leaves=len(situation.leaves),
        oldest=ranges[0].lower if ranges else None,
        gaps=tuple(Gap(lower=gap.lower, upper=gap.upper) for gap in situation.gaps),
        pending_detaches=tuple(leaf.name for leaf in situation.leaves if leaf.detach_pending),
        orphans=_orphans(situation, facts),
        default_partition=facts.default_partition,
        quarantined_rows=facts.quarantined_rows,
        bytes=sum(sizes.values()),
        bytes_per_day=_bytes_per_day(situation, sizes, now),
    )


def _state(days: int, problems: list[str]) -> State:
    if days < READY_DAYS:
        return State.FAILING
    return State.ATTENTION if problems else State.FINE


def _problems(situation: Situation, facts: Facts, now: datetime) -> list[str]:
    problems: list[str] = []
    runway = situation.runway(now)
    if runway.covered_until is None and facts.default_partition is None:
        problems.append("Inserts fail now: there is no partition for the present.")
    elif runway.covered_until is None:
        problems.append("Rows of the present go to the DEFAULT partition.")
    elif runway.days < ALARM_DAYS:
        problems.append(f"Inserts will fail at {runway.covered_until:%Y-%m-%d %H:%M} UTC.")
    problems += [f"There is no partition for {gap}." for gap in situation.gaps]
    problems += [
        f"The detach of {leaf.name} was interrupted: its rows are hidden, and no other can be detached."
        for leaf in situation.leaves
        if leaf.detach_pending
    ]
    problems += [_about(stray, situation, now) for stray in situation.strays if not stray.retiring]
    if facts.default_partition is not None:
        problems.append(
            f"{facts.default_partition.name} is a DEFAULT partition: it forbids concurrent detach."
        )
    return problems


def _about(stray: Stray, situation: Situation, now: datetime) -> str:
    if stray.period.upper <= horizon(now, situation.policy.keep):
        return f"{stray.name} is attached to nothing, and older than all that is kept: `DROP TABLE {stray.name}` lets go of it."
    return f"{stray.name} is attached to nothing: `iotistic partitions repair` attaches it where it fits."


def _orphans(situation: Situation, facts: Facts) -> tuple[Orphan, ...]:
    return tuple(
        Orphan(
            name=stray.name,
            reason="retiring" if stray.retiring else "unattached",
            bytes=facts.bytes.get(stray.name, 0),
        )
        for stray in situation.strays
    )


def _bytes_per_day(situation: Situation, sizes: Mapping[str, int], now: datetime) -> int:
    """Of the leaves that ended within the last complete week, or of the last one that ended where they are longer."""
    today = Grain.DAY.period(now).lower
    over = sorted(
        (leaf.period, leaf.name) for leaf in situation.leaves if leaf.period and leaf.period.upper <= today
    )
    recent = [(period, name) for period, name in over if period.upper > today - _WEEK] or over[-1:]
    days = sum((_length(period) for period, _ in recent), timedelta()) / _DAY
    return round(sum(sizes[name] for _, name in recent) / days) if days else 0


def _length(period: Period) -> timedelta:
    return period.upper - period.lower
