"""What a look at a history and a run answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from iotistic.migrations.entry import Entry
from iotistic.migrations.errors import Blocker
from iotistic.migrations.plan import Comparison

__all__ = ["Applied", "Event", "EventKind", "Observer", "Report", "RunLimits", "Status", "unobserved"]


class EventKind(StrEnum):
    """What happens during a run, for whoever watches it."""

    NOTICE = "notice"
    """Something people should know."""
    WARNING = "warning"
    """Lint found a danger in a pending file."""
    SERVER = "server"
    """The server said something beside its answers: RAISE NOTICE, "already exists, skipping", a warning."""
    LOCK_WAIT = "lock_wait"
    """Another runner is at work; `blocker` is it."""
    STARTED = "started"
    """A file begins."""
    APPLIED = "applied"
    """A file is done and on record."""
    RESUMED = "resumed"
    """A file goes on where an earlier run stopped."""
    RETRY = "retry"
    """A lock was not to be had in time; the file is tried again; `blocker` held it."""
    RECONNECT = "reconnect"
    """The connection was lost; what happened to the last file is looked up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that happened."""

    kind: EventKind
    """What."""
    message: str
    """The same as a sentence."""
    filename: str | None = None
    """Which file it is about."""
    took: timedelta | None = None
    """How long it took, where that is known."""
    blocker: Blocker | None = None
    """Who stands in the way."""


Observer = Callable[[Event], None]
"""Hears every event of a run; must not block."""


def unobserved(_: Event) -> None:
    """The observer where nobody watches."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunLimits:
    """How patient a run is, with other runners and with other people's locks."""

    lock_wait: timedelta = timedelta(minutes=5)
    """How long to wait for another runner."""
    lock_timeout: timedelta = timedelta(seconds=3)
    """How long a statement may wait for a lock, with everybody else queueing behind it."""
    index_lock_timeout: timedelta = timedelta(seconds=30)
    """The same for statements that run CONCURRENTLY: nobody queues behind those."""
    statement_timeout: timedelta = timedelta(0)
    """How long a statement may run; zero is no limit."""
    tries: int = 20
    """How often a file is tried that does not get its locks."""
    retry_for: timedelta = timedelta(minutes=5)
    """How long a file is tried that does not get its locks."""
    reconnect_for: timedelta = timedelta(minutes=1)
    """How long a server that went away in mid-run is waited for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """A file that a run applied."""

    filename: str
    """The file."""
    took: timedelta
    """How long the server needed."""
    at: datetime | None = None
    """When it was done, by the server's clock."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a run did."""

    service: str
    """Whose history."""
    database: str
    """Which database."""
    applied: tuple[Applied, ...] = ()
    """The files it applied, in order."""
    pending: tuple[str, ...] = ()
    """Files it left alone because of its target."""
    head: int | None = None
    """The highest number in the folder."""
    took: timedelta = timedelta(0)
    """How long all of it took."""
    waited: timedelta = timedelta(0)
    """How much of that was waiting for another runner."""
    notices: tuple[str, ...] = ()
    """What people should know."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """How a database stands to its folder. Nothing was written to find out."""

    service: str
    """Whose history."""
    database: str
    """Which database."""
    exists: bool
    """Whether there is a history table yet."""
    comparison: Comparison = field(default_factory=Comparison)
    """Files and entries compared."""

    @property
    def at_head(self) -> bool:
        """Whether everything in the folder is applied: the schema is what this program expects."""
        return self.comparison.current

    @property
    def pending(self) -> tuple[str, ...]:
        """Names of the files to run."""
        return tuple(file.filename for file in self.comparison.pending)

    @property
    def applied(self) -> tuple[Entry, ...]:
        """Entries that are done."""
        return self.comparison.applied

    @property
    def head(self) -> int | None:
        """The highest number in the folder."""
        return self.comparison.head

    @property
    def drift(self) -> tuple[str, ...]:
        """Names of the files that contradict the history: edited, renamed, missing."""
        found = self.comparison
        return (
            *(file.filename for file in found.edited),
            *(file.filename for _, file in found.renamed),
            *(entry.filename for entry in found.missing),
        )
