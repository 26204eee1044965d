"""What a check answers, and under which circumstances it was asked."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from pathlib import Path

__all__ = [
    "Circumstances",
    "Finding",
    "State",
    "Verdict",
    "critical",
    "graded",
    "ok",
    "skipped",
    "warn",
    "worse_of",
]


class State(IntEnum):
    """How a thing is; a greater one is worse. `skipped` is no verdict: the check could not or need not look."""

    skipped = 0
    ok = 1
    warn = 2
    critical = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a look at one thing came to."""

    state: State
    observed: str
    """What was seen, with the numbers; for `skipped` the reason."""
    fix: str | None = None
    """The command or statement that mends it, ready to be typed."""
    lock: str | None = None
    """What the fix locks, where it locks anything."""
    figures: dict[str, float] = field(default_factory=dict[str, float])
    """Numbers for a time series, by a short name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict, with what it is about."""

    id: str
    title: str
    why: str
    """What happens to somebody who does nothing about it."""
    state: State
    observed: str
    fix: str | None
    lock: str | None
    figures: dict[str, float]
    milliseconds: float
    """How long the look took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a judgement needs to know beside the facts."""

    now: datetime
    server_version: int
    stats_age: timedelta | None
    """Since when the server counts; None: it does not say."""
    data_disk: tuple[int, int] | None = None
    """Total and free bytes of the disk with the data, where it is a disk of this machine."""
    memory_bytes: int | None = None
    """Of the machine the server runs on, where that is this one."""
    backups: Path | None = None
    """Where backups of this installation lie."""
    database: str = ""
    tls_ends: datetime | None = None
    """When the certificate ends that the server shows; None: it shows none."""
    installed_version: tuple[int, int] | None = None
    """Of the server program on disk, where the server is of this machine."""

    @property
    def major(self) -> int:
        return self.server_version // 10_000


def ok(observed: str, **figures: float) -> Verdict:
    """Nothing to do."""
    return Verdict(state=State.ok, observed=observed, figures=figures)


def warn(observed: str, *, fix: str | None = None, lock: str | None = None, **figures: float) -> Verdict:
    """To be done in working hours."""
    return Verdict(state=State.warn, observed=observed, fix=fix, lock=lock, figures=figures)


def critical(observed: str, *, fix: str | None = None, lock: str | None = None, **figures: float) -> Verdict:
    """To be done now."""
    return Verdict(state=State.critical, observed=observed, fix=fix, lock=lock, figures=figures)


def graded(
    state: State, observed: str, *, fix: str | None = None, lock: str | None = None, **figures: float
) -> Verdict:
    """A verdict of this state; what is fine needs no fix."""
    if state is State.ok:
        return ok(observed, **figures)
    return Verdict(state=state, observed=observed, fix=fix, lock=lock, figures=figures)


def skipped(reason: str) -> Verdict:
    """Not looked at, and why; never to be read as good."""
    return Verdict(state=State.skipped, observed=reason)


def worse_of(value: float, *, warn_at: float, critical_at: float) -> State:
    """Where a value stands that gets worse as it grows; a bound itself counts as passed."""
    if value >= critical_at:
        return State.critical
    return State.warn if value >= warn_at else State.ok
