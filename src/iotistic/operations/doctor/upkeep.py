"""Vacuum, statistics, transaction numbers, memory: what PostgreSQL has to keep doing, and does not when it is hindered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from iotistic.operations.doctor.model import (
    Circumstances,
    State,
    Verdict,
    graded,
    ok,
    skipped,
    warn,
    worse_of,
)

__all__ = [
    "CacheUse",
    "DeadRows",
    "FreezeAge",
    "UnanalyzedParent",
    "judge_cache",
    "judge_dead_rows",
    "judge_freezing",
    "judge_parents",
]

_MILLION = 1_000_000
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheUse:
    """Pages of this database, found in memory and not."""

    hits: int
    reads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadRows:
    """One table that vacuum should visit."""

    name: str
    dead: int
    live: int
    bytes: int
    trigger_at: float
    """The number of dead rows at which autovacuum comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeAge:
    """One database's distance from wraparound."""

    name: str
    transactions: int
    multixacts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnanalyzedParent:
    """A partitioned table and when its own statistics were gathered."""

    name: str
    analyzed_at: datetime | None


def judge_cache(use: CacheUse, _: Circumstances) -> Verdict:
    """Never more than a note: a ratio since the beginning of time says little about now."""
    total = use.hits + use.reads
    few = 10_000
    if total < few:
        return skipped("fewer than 10,000 pages were asked for since the statistics began")
    percent = 100 * use.hits / total
    return ok(
        f"{percent:.1f} % of pages came from memory (a note: the ratio is over all time)", percent=percent
    )


def judge_dead_rows(tables: Sequence[DeadRows], _: Circumstances) -> Verdict:
    """Twice the point where autovacuum should have come is a warning, five times an alarm."""
    overdue = [(each.dead / max(1.0, each.trigger_at), each) for each in tables]
    times, worst = max(overdue, key=lambda pair: pair[0], default=(0.0, None))
    state = worse_of(times, warn_at=2, critical_at=5)
    if worst is None or state is State.ok:
        return ok("autovacuum keeps up with dead rows")
    return graded(
        state,
        f"{worst.name} has {worst.dead} dead rows beside {worst.live} live ones, {times:.1f} times what calls autovacuum",
        fix=f"VACUUM (ANALYZE) {worst.name};  -- if it cleans nothing, see long-transactions",
        lock="SHARE UPDATE EXCLUSIVE: reads and writes go on",
    )


def judge_freezing(databases: Sequence[FreezeAge], _: Circumstances) -> Verdict:
    """500 million transactions is a warning, 1,000 million an alarm; at 2,000 million the server takes no more writes."""
    worst = max(databases, key=lambda each: max(each.transactions, each.multixacts), default=None)
    if worst is None:
        return skipped("no database was listed")
    age = max(worst.transactions, worst.multixacts)
    state = worse_of(age, warn_at=500 * _MILLION, critical_at=1000 * _MILLION)
    what = "transactions" if worst.transactions >= worst.multixacts else "multixacts"
    observed = f"the oldest row of {worst.name} is {age / _MILLION:.1f} million {what} old"
    return graded(
        state,
        observed,
        age=age,
        fix=f"In {worst.name}: VACUUM (FREEZE);  -- after ending what long-transactions and slots name",
        lock="SHARE UPDATE EXCLUSIVE: reads and writes go on",
    )


def judge_parents(parents: Sequence[UnanalyzedParent], seen: Circumstances) -> Verdict:
    """Autovacuum gathers the leaves' statistics, never the parent's; plans over many leaves need those."""
    stale = [each for each in parents if each.analyzed_at is None or seen.now - each.analyzed_at > _WEEK]
    if not stale:
        return ok("the statistics of every partitioned table are younger than a week")
    names = ", ".join(each.name for each in stale)
    return warn(
        f"{len(stale)} partitioned tables have none of their own or old ones: {names}",
        fix=f"ANALYZE {names};",
        lock="SHARE UPDATE EXCLUSIVE: reads and writes go on",
    )
