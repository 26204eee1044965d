"""Who is connected, who waits, who holds others up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

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
    "BlockedSession",
    "ConnectionUse",
    "OpenTransaction",
    "ServiceSession",
    "Statement",
    "judge_blocking",
    "judge_connections",
    "judge_idle_transactions",
    "judge_long_transactions",
    "judge_rights",
    "judge_statements",
    "judge_transport",
]

# A dump and an index build are long on purpose.
_PATIENT = ("pg_dump", "iotistic-dump", "iotistic-backup", "migrate")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionUse:
    """Connections taken and there."""

    used: int
    available: int
    top: str | None
    """Role, application and number of whoever has most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTransaction:
    """One session that is in a transaction."""

    pid: int
    role: str | None
    application: str
    state: str
    seconds: float
    """Since the transaction began."""
    idle_seconds: float
    """Since the session last changed what it does."""
    xmin_age: int
    """Transactions since the oldest row version it may still see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedSession:
    """One session that waits, and one of those it waits for."""

    pid: int
    blocked_by: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One kind of statement, as pg_stat_statements counts."""

    query: str
    calls: int
    mean_ms: float
    percent: float | None
    """Of the time of all statements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSession:
    """One client session."""

    role: str | None
    application: str
    is_superuser: bool
    is_bare: bool
    """From another machine, without TLS."""


def judge_connections(use: ConnectionUse, _: Circumstances) -> Verdict:
    """75 % of what is not reserved is a warning, 90 % an alarm."""
    percent = 100 * use.used / max(1, use.available)
    state = worse_of(percent, warn_at=75, critical_at=90)
    observed = f"{use.used} of {use.available} connections are taken" + (
        f"; most by {use.top}" if use.top else ""
    )
    return graded(
        state,
        observed,
        used=use.used,
        available=use.available,
        fix="Lower IOTISTIC_POOL_MAX or the number of replicas, or put a pooler in front; see `iotistic db activity`",
    )


def judge_idle_transactions(open_ones: Sequence[OpenTransaction], _: Circumstances) -> Verdict:
    """Idle for a minute is a warning, for five an alarm: it keeps locks and dead rows and does nothing."""
    idle = [each for each in open_ones if each.state.startswith("idle in transaction")]
    if not idle:
        return ok("no transaction sits idle")
    worst = max(idle, key=lambda each: each.idle_seconds)
    state = worse_of(worst.idle_seconds, warn_at=60, critical_at=300)
    observed = (
        f"{len(idle)} transactions sit idle, the longest for {worst.idle_seconds:.0f} s "
        f"(pid {worst.pid}, {worst.role}, {worst.application or 'no name'})"
    )
    return graded(state, observed, fix=f"SELECT pg_terminate_backend({worst.pid});")


def judge_long_transactions(open_ones: Sequence[OpenTransaction], _: Circumstances) -> Verdict:
    """Five minutes is a warning, thirty an alarm; dumps and migrations are expected to be long."""
    long = [each for each in open_ones if not each.application.startswith(_PATIENT)]
    worst = max(long, key=lambda each: each.seconds, default=None)
    if worst is None:
        return ok("no transaction is open")
    state = worse_of(worst.seconds, warn_at=300, critical_at=1800)
    observed = (
        f"the longest transaction is {worst.seconds:.0f} s old (pid {worst.pid}, {worst.role}, "
        f"{worst.application or 'no name'}, {worst.state})"
    )
    return graded(
        state,
        observed,
        seconds=worst.seconds,
        fix=f"SELECT pg_cancel_backend({worst.pid});  -- then pg_terminate_backend",
    )


def judge_blocking(waits: Sequence[BlockedSession], _: Circumstances) -> Verdict:
    """A wait of five seconds is a warning; of thirty, or five sessions behind one root, an alarm."""
    if not waits:
        return ok("nobody waits for a lock")
    blocked = {each.pid for each in waits}
    roots = Counter(each.blocked_by for each in waits if each.blocked_by not in blocked)
    root, behind = roots.most_common(1)[0] if roots else (waits[0].blocked_by, len(blocked))
    longest = max(each.seconds for each in waits)
    state = worse_of(longest, warn_at=5, critical_at=30)
    many = 5
    if len(blocked) >= many:
        state = State.critical
    observed = (
        f"{len(blocked)} sessions wait, the longest for {longest:.0f} s; {behind} directly behind pid {root}"
    )
    return graded(state, observed, fix=f"SELECT pg_cancel_backend({root});  -- the root, not those who wait")


def judge_statements(statements: Sequence[Statement] | None, _: Circumstances) -> Verdict:
    """A mean over 50 ms in more than 100 calls is worth a look; None: nobody counts."""
    if statements is None:
        return skipped(
            "pg_stat_statements is not loaded: add it to shared_preload_libraries, then CREATE EXTENSION pg_stat_statements"
        )
    slow_ms, often = 50, 100
    slow = [each for each in statements if each.mean_ms > slow_ms and each.calls > often]
    if not slow:
        return ok("none of the five statements that take most time is slow and frequent")
    first = slow[0]
    return warn(
        f"{first.mean_ms:.0f} ms in the mean of {first.calls} calls ({first.percent or 0:.0f} % of all time): {first.query}",
        fix="`iotistic db queries`, then EXPLAIN (ANALYZE, BUFFERS) of the statement",
    )


def judge_rights(sessions: Sequence[ServiceSession], _: Circumstances) -> Verdict:
    """A service that works as superuser is an alarm: one hole in it is the whole server."""
    strong = sorted(
        {
            each.application
            for each in sessions
            if each.is_superuser and each.application.startswith("iotistic-api")
        }
    )
    if strong:
        return critical(
            f"services work as superuser: {', '.join(strong)}",
            fix="iotistic db roles apply; then start them with IOTISTIC_DB_ROLES=each (docs/runbooks/managed-server.md)",
        )
    return ok(f"none of {len(sessions)} sessions is a service with a superuser's rights")


def judge_transport(sessions: Sequence[ServiceSession], _: Circumstances) -> Verdict:
    """A session from another machine without TLS is an alarm."""
    bare = sorted({f"{each.role}/{each.application or '?'}" for each in sessions if each.is_bare})
    if bare:
        return critical(
            f"{len(bare)} sessions come from other machines without TLS: {', '.join(bare[:3])}",
            fix="Set ssl = on, use hostssl lines in pg_hba.conf, and DB_SSLMODE=verify-full for clients",
        )
    return ok("every session from another machine is encrypted")
