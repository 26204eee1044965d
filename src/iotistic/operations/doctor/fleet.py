"""What only a platform for devices has: partitions ahead, quarantine, silence, drift of migrations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from iotistic.operations.doctor.durability import DaySize
from iotistic.operations.doctor.model import (
    Circumstances,
    State,
    Verdict,
    critical,
    graded,
    ok,
    skipped,
    warn,
    worse_of,
)

__all__ = [
    "IngestAge",
    "Kept",
    "LeafBounds",
    "Quarantined",
    "judge_gaps",
    "judge_horizon",
    "judge_housekeeper",
    "judge_ingest",
    "judge_migrations",
    "judge_pending_detach",
    "judge_quarantine",
    "judge_rates",
    "judge_retention",
    "judge_silence",
]

_FAR = timedelta(days=60)
"""A leaf that begins later was made for a clock that was wrong, and says nothing about the days ahead."""
_RUN = "iotistic partitions run"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafBounds:
    """The time one leaf holds."""

    parent: str
    lower_bound: datetime
    upper_bound: datetime
    detach_pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How long a partitioned table keeps its rows."""

    parent: str
    keep_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """Reports that were set aside for one reason."""

    reason: str
    reports: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestAge:
    """The newest report, and how the fleet is."""

    newest: datetime | None
    online: int
    offline: int


def judge_horizon(leaves: Sequence[LeafBounds], policies: Sequence[Kept], seen: Circumstances) -> Verdict:
    """Less than 3 days ahead without a gap is a warning, less than 1 an alarm: then inserts fail."""
    ends = {
        kept.parent: _reach([leaf for leaf in leaves if leaf.parent == kept.parent], seen.now)
        for kept in policies
    }
    if not ends:
        return skipped("nothing is partitioned")
    parent, end = min(ends.items(), key=lambda pair: pair[1])
    days = (end - seen.now) / timedelta(days=1)
    observed = f"{parent} has partitions for {max(days, 0):.1f} more days, the fewest of {len(ends)}"
    state = worse_of(-days, warn_at=-3, critical_at=-1)
    if state is State.ok:
        return ok(observed, days=days)
    return graded(state, f"{observed}; inserts fail from {end:%Y-%m-%d %H:%M} UTC on", fix=_RUN, days=days)


def _reach(leaves: Sequence[LeafBounds], now: datetime) -> datetime:
    """How far the leaves go from now on without a gap."""
    end = now
    for leaf in sorted(leaves, key=lambda each: each.lower_bound):
        if leaf.lower_bound <= end < leaf.upper_bound and not leaf.detach_pending:
            end = leaf.upper_bound
    return end


def judge_gaps(leaves: Sequence[LeafBounds], seen: Circumstances) -> Verdict:
    """A hole between two leaves refuses the rows of that time."""
    holes: list[tuple[str, datetime]] = []
    for before, after in pairwise(leaves):
        near = after.lower_bound < seen.now + _FAR
        if before.parent == after.parent and before.upper_bound < after.lower_bound and near:
            holes.append((before.parent, before.upper_bound))
    if not holes:
        return ok("no partitioned table has a hole")
    parent, at = holes[0]
    return warn(
        f"{len(holes)} {'hole' if len(holes) == 1 else 'holes; the first'} in {parent} from {at:%Y-%m-%d} on: rows of that time are refused",
        fix="iotistic partitions repair",
        lock="SHARE UPDATE EXCLUSIVE on the parent: reads and writes go on",
    )


def judge_pending_detach(leaves: Sequence[LeafBounds], _: Circumstances) -> Verdict:
    """An interrupted DETACH CONCURRENTLY hides a day's rows and blocks every further one."""
    pending = [leaf for leaf in leaves if leaf.detach_pending]
    if not pending:
        return ok("no detach was interrupted")
    return critical(
        f"{len(pending)} leaves are half detached; the first of {pending[0].parent}, {pending[0].lower_bound:%Y-%m-%d}",
        fix=_RUN,
        lock="SHARE UPDATE EXCLUSIVE on the parent: reads and writes go on",
    )


def judge_retention(leaves: Sequence[LeafBounds], policies: Sequence[Kept], seen: Circumstances) -> Verdict:
    """One interval over is a warning, three an alarm: retention does not run, and the disk fills."""
    worst: tuple[float, str, datetime] | None = None
    for kept in policies:
        mine = [leaf for leaf in leaves if leaf.parent == kept.parent]
        if not mine:
            continue
        oldest = mine[0]
        length = oldest.upper_bound - oldest.lower_bound
        over = (seen.now - timedelta(days=kept.keep_days) - oldest.upper_bound) / length
        if worst is None or over > worst[0]:
            worst = (over, kept.parent, oldest.lower_bound)
    # A leaf may stay for the interval in which it becomes old.
    state = State.ok if worst is None else worse_of(worst[0], warn_at=1, critical_at=3)
    if worst is None or state is State.ok:
        return ok("no table keeps partitions longer than its policy says")
    return graded(
        state,
        f"{worst[1]} still has its partition of {worst[2]:%Y-%m-%d}, {worst[0]:.0f} intervals too long",
        fix=_RUN,
    )


def judge_quarantine(reasons: Sequence[Quarantined], _: Circumstances) -> Verdict:
    """Anything there is a warning, more than 10,000 reports an alarm."""
    total = sum(each.reports for each in reasons)
    if not total:
        return ok("no report is in quarantine")
    observed = f"{total} reports are set aside: " + ", ".join(
        f"{each.reports} {each.reason}" for each in reasons[:3]
    )
    many = 10_000
    fix = "iotistic telemetry quarantine list"
    return (
        critical(observed, fix=fix, reports=total) if total > many else warn(observed, fix=fix, reports=total)
    )


def judge_ingest(age: IngestAge, seen: Circumstances) -> Verdict:
    """With devices online, no report for 2 minutes is a warning, for 10 an alarm."""
    if not age.online:
        return ok("no device is online, so none has to report")
    if age.newest is None:
        return warn(
            f"devices are online ({age.online}), and none ever reported",
            fix="`iotistic status`; look at an agent's log",
        )
    minutes = (seen.now - age.newest) / timedelta(minutes=1)
    observed = f"the newest report was measured {minutes * 60:.0f} s ago; devices online: {age.online}"
    state = worse_of(minutes, warn_at=2, critical_at=10)
    return graded(
        state,
        observed,
        seconds=minutes * 60,
        fix="`iotistic status`; then `/ready` of each API process, and an agent's log",
    )


def judge_silence(age: IngestAge, _: Circumstances) -> Verdict:
    """A fifth of the fleet offline is an alarm, a twentieth a warning; single devices are not the doctor's."""
    known = age.online + age.offline
    if not known:
        return ok("no device was ever online")
    percent = 100 * age.offline / known
    observed = f"{age.offline} of {known} devices are offline ({percent:.0f} %)"
    state = worse_of(percent, warn_at=5, critical_at=20)
    few = 5
    if state is State.ok or known < few:
        return ok(observed, offline=age.offline, online=age.online)
    return graded(state, observed, fix="iotistic devices list --status offline")


def judge_rates(days: Sequence[DaySize], _: Circumstances) -> Verdict:
    """Three times more or fewer rows than the day before is a warning, ten times an alarm."""
    few = 10_000
    odd = [
        (max(day.rows / day.rows_before, day.rows_before / day.rows), day)
        for day in days
        if day.rows and day.rows_before and min(day.rows, day.rows_before) > few
    ]
    if not odd:
        return skipped("no table has two whole days with more than 10,000 rows each")
    times, worst = max(odd, key=lambda pair: pair[0])
    observed = f"{worst.parent} took {worst.rows} rows yesterday and {worst.rows_before} the day before"
    state = worse_of(times, warn_at=3, critical_at=10)
    return graded(
        state,
        observed,
        fix="Look for a device that repeats itself, or for a part of the fleet that fell silent",
    )


def judge_housekeeper(leads: bool, _: Circumstances) -> Verdict:  # noqa: FBT001 - the fact itself
    """Nobody makes tomorrow's partitions while no service leads."""
    if leads:
        return ok("a service does the periodic work")
    return warn(
        "no service does the periodic work: partitions, retention, offline detection",
        fix="iotistic serve  (or `iotistic up`)",
    )


def judge_migrations(pending: Sequence[str], problems: Sequence[str], _: Circumstances) -> Verdict:
    """A changed or half-applied file is an alarm, a pending one a warning."""
    if problems:
        return critical(
            f"{len(problems)} databases differ from their migrations: {problems[0]}",
            fix="iotistic migrate status",
        )
    if pending:
        return warn(f"pending migrations in {', '.join(pending)}", fix="iotistic migrate")
    return ok("every database is at the newest migration, and no file was changed")
