"""Periodic work, and what is written down of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

__all__ = ["Book", "Job", "JobOutcome", "JobState", "Orders", "Run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One kind of periodic work. Must be safe to run again at any point, and beside itself for a moment."""

    name: str
    run: Callable[[], Awaitable[str | None]]
    """Does it; answers what it did, or None when there was nothing to do."""
    every: timedelta
    """From the end of one run to the start of the next, give or take a tenth."""
    limit: timedelta = timedelta(minutes=5)
    """How long one run may take before it is cancelled."""


class JobOutcome(StrEnum):
    """How a run ended."""

    DONE = "done"
    NOTHING = "nothing"
    FAILED = "failed"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run."""

    job: str
    started_at: datetime
    finished_at: datetime
    outcome: JobOutcome
    detail: str | None
    """What it did, or why it failed."""
    leader: str = ""
    """The process that did it: host:pid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """One job as it stands in the book."""

    job: str
    every: timedelta
    paused_at: datetime | None
    requested_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    outcome: str | None
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What an operator wants of one job."""

    job: str
    paused: bool
    requested_at: datetime | None


class Book(Protocol):
    """Where a housekeeper reads orders and writes down what it did. May raise Unavailable: work goes on without it."""

    async def register(self, jobs: dict[str, timedelta]) -> None:
        """Makes the jobs known."""
        ...

    async def orders(self) -> list[Orders]:
        """Of every job known."""
        ...

    async def note(self, run: Run, *, requested: bool) -> None:
        """Writes a run down."""
        ...
