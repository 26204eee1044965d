"""One row of a history: what the database remembers about a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

__all__ = ["Entry", "EntryKind", "EntryState", "LoggedEvent", "entry_of"]


class EntryKind(StrEnum):
    """How a file came to be recorded."""

    SQL = "sql"
    """A numbered file that was run."""
    REPEATABLE = "repeatable"
    """A repeatable file that was run, in its present version."""
    BASELINE = "baseline"
    """Taken as applied when the history was begun on a database that already existed."""
    MARKED = "marked"
    """Marked as applied by hand, without running it."""
    IMPORTED = "imported"
    """Taken over from another tool's history."""


class EntryState(StrEnum):
    """How far a file got."""

    APPLIED = "applied"
    """All of it is done."""
    RUNNING = "running"
    """A no-transaction file is being run, or its runner died."""
    FAILED = "failed"
    """A statement of a no-transaction file failed; those before it stand."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What is recorded about one file."""

    filename: str
    """The file's name when it was applied."""
    number: int | None
    """Its number; None is a repeatable file."""
    kind: EntryKind = EntryKind.SQL
    """How it came to be recorded."""
    state: EntryState = EntryState.APPLIED
    """How far it got."""
    checksum: str | None = None
    """SHA-256 of its bytes; None when whoever recorded it kept none."""
    normalised_checksum: str | None = None
    """SHA-256 of its normalised text, by the rule `algorithm`."""
    algorithm: str | None = None
    """The rule of the normalised checksum."""
    statements_total: int = 0
    """How many statements it has."""
    statements_done: int = 0
    """How many of them are done."""
    digests: tuple[str, ...] = ()
    """Fingerprints of the done statements of a no-transaction file."""
    applied_at: datetime | None = None
    """When it was done; None while it is not."""
    applied_by: str | None = None
    """The database role that did it."""
    took_ms: int | None = None
    """How long the server needed, in milliseconds."""

    @property
    def done(self) -> bool:
        """Whether all of it is applied."""
        return self.state is EntryState.APPLIED


@dataclass(frozen=True, kw_only=True, slots=True)
class LoggedEvent:
    """What somebody did to a history, or what failed."""

    at: datetime
    """When, by the database's clock."""
    action: str
    """mark, unmark, baseline, repair, import, adopt or failure."""
    filename: str | None
    """Which file."""
    reason: str | None
    """Why, in the words of whoever did it; for a failure the server's."""
    actor: str | None
    """The database role."""
    host: str | None
    """The machine."""
    application: str | None
    """The program."""


def entry_of(row: Sequence[str | None]) -> Entry:
    """An entry from the columns of `iotistic.migrations.tables.read_entries`, in text form."""
    filename, number, kind, state, checksum, normalised, algorithm, total, done, digests, at, by, took = row
    return Entry(
        filename=filename or "",
        number=int(number) if number is not None else None,
        kind=EntryKind(kind or "sql"),
        state=EntryState(state or "applied"),
        checksum=checksum,
        normalised_checksum=normalised,
        algorithm=algorithm,
        statements_total=int(total or 0),
        statements_done=int(done or 0),
        digests=tuple(digests.split(",")) if digests else (),
        applied_at=datetime.fromtimestamp(float(at), UTC) if at is not None else None,
        applied_by=by,
        took_ms=int(took) if took is not None else None,
    )
