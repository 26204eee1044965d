"""What can go wrong with migrations, as facts. The words for people are made in `iotistic.migrations.texts`."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from iotistic.errors import Conflict, Invalid, IotisticError, Unavailable

__all__ = [
    "Blocker",
    "Failure",
    "FilesRefused",
    "HistoryRefused",
    "HistoryUnusable",
    "LockBusy",
    "MarkRefused",
    "MigrationFailed",
    "Outcome",
    "PoolerBetween",
    "Problem",
    "ProblemKind",
    "SchemaBehind",
    "ServerUnreachable",
]


class ProblemKind(StrEnum):
    """Why a history or a file is refused; stable names for machines."""

    FILENAME = "filename"
    """The file's name is no migration's."""
    TEXT = "text"
    """The file is not readable as SQL text: encoding, quotes, psql commands."""
    DIRECTIVE = "directive"
    """A `-- migrate:` line is not understood."""
    TRANSACTION = "transaction"
    """The file handles transactions by itself."""
    NEEDS_NO_TRANSACTION = "needs_no_transaction"
    """A statement cannot run in a transaction and the file does not say so."""
    UNNAMED_INDEX = "unnamed_index"
    """An index is built concurrently without a name, so a broken build could not be found."""
    DUPLICATE = "duplicate"
    """Two files have the same number."""
    EDITED = "edited"
    """A file was changed after it was applied."""
    RENAMED = "renamed"
    """An applied number now belongs to a file of another name."""
    MISSING = "missing"
    """An applied file is no longer there."""
    LATE = "late"
    """A file that was never applied has a number below the highest applied one."""
    UNFINISHED = "unfinished"
    """A file was applied half, and its done part was changed since."""
    FOREIGN = "foreign"
    """The history's table is there and belongs to another tool."""
    TARGET = "target"
    """The number to stop at is not in the folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One reason to refuse."""

    kind: ProblemKind
    """Which reason."""
    filenames: tuple[str, ...]
    """The files it is about."""
    message: str
    """What is wrong, in one sentence."""
    hint: str
    """What to do, with the command to type where there is one."""
    line: int | None = None
    """Where in the file, from 1."""
    column: int | None = None
    """Where in the line, from 1."""


class Outcome(StrEnum):
    """What a failed file left behind."""

    ROLLED_BACK = "rolled_back"
    """Nothing: its transaction is gone."""
    STATEMENTS_STAND = "statements_stand"
    """The statements before the failed one; the next run goes on from there."""
    UNKNOWN = "unknown"
    """Not known: the connection was lost and the server did not come back in time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Blocker:
    """A session that stands in the way."""

    pid: int
    """Its backend's process id, for pg_terminate_backend."""
    user: str | None = None
    """Its role."""
    application: str | None = None
    """What it calls itself."""
    host: str | None = None
    """Where it comes from; None is a Unix socket, or not ours to see."""
    state: str | None = None
    """active, idle in transaction, ..."""
    age: timedelta | None = None
    """How long its transaction has been open, or its session when there is none."""
    query_age: timedelta | None = None
    """How long ago its present or last statement began."""
    query: str | None = None
    """The beginning of its present or last statement, in one line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Everything known about a file that failed."""

    service: str
    """Whose history."""
    server: str
    """host:port, or the socket folder."""
    database: str
    """Which database there."""
    filename: str
    """The file."""
    outcome: Outcome
    """What it left behind."""
    message: str
    """The server's sentence, or ours when it did not answer."""
    statement: int | None = None
    """Which statement of the file failed, from 1; None: none of the file's own."""
    statements: int = 0
    """How many the file has."""
    statement_line: int | None = None
    """Where that statement begins, from 1."""
    statement_text: str = ""
    """Its first line."""
    line: int | None = None
    """Where the server found the fault, from 1; None: it reported no position."""
    column: int | None = None
    """The column of that, from 1, in characters."""
    excerpt: tuple[tuple[int, str], ...] = ()
    """(line number, text) around the fault."""
    sqlstate: str | None = None
    """PostgreSQL's five-character code."""
    severity: str | None = None
    """ERROR or FATAL."""
    detail: str | None = None
    """The server's DETAIL."""
    hint: str | None = None
    """The server's HINT."""
    context: str | None = None
    """The server's CONTEXT."""
    done: tuple[int, ...] = ()
    """The statements that stand, from 1, when `outcome` is STATEMENTS_STAND."""
    attempts: int = 1
    """How often it was tried."""
    blockers: tuple[Blocker, ...] = ()
    """Who held the lock it wanted."""
    advice: tuple[str, ...] = ()
    """What we know about this kind of failure."""
    next_command: str = ""
    """What to type next."""


class FilesRefused(Invalid):
    """The files cannot be run as they are; nothing was done. `problems` lists every reason."""

    code = "migration_files_refused"

    def __init__(self, service: str, problems: tuple[Problem, ...]) -> None:
        self.service = service
        self.problems = problems
        super().__init__(_headline(service, problems), hint=problems[0].hint, service=service)


class HistoryRefused(Conflict):
    """Files and history contradict each other; nothing was done. `problems` lists every reason."""

    code = "migration_history_refused"

    def __init__(self, service: str, problems: tuple[Problem, ...]) -> None:
        self.service = service
        self.problems = problems
        super().__init__(_headline(service, problems), hint=problems[0].hint, service=service)


class MarkRefused(Invalid):
    """A request to mark, unmark, baseline or repair names something that does not fit."""

    code = "migration_mark_refused"


class BusyLock(StrEnum):
    """Which of the two locks of a run somebody else has."""

    MIGRATION = "migration"
    """Another runner works on the same history."""
    OPERATIONS = "operations"
    """A dump, a restore, partition work or the migration of another history works on the same database."""


class LockBusy(Unavailable):
    """Somebody else held the lock for as long as we were willing to wait; nothing was done."""

    code = "migration_lock_busy"

    def __init__(
        self,
        service: str,
        *,
        waited: timedelta,
        holder: Blocker | None,
        lock: BusyLock = BusyLock.MIGRATION,
    ) -> None:
        self.service = service
        self.waited = waited
        self.holder = holder
        self.lock = lock
        who = f" by process {holder.pid} ({holder.application or 'no name'})" if holder else ""
        what = (
            f"migration lock of {service}"
            if lock is BusyLock.MIGRATION
            else "operations lock of the database"
        )
        super().__init__(
            f"The {what} is still held{who} after {waited.total_seconds():.0f} s.",
            hint="Wait for it, or end the holder: SELECT pg_terminate_backend("
            f"{holder.pid if holder else '<pid>'});",
            retry_after=timedelta(seconds=10),
            service=service,
        )


class MigrationFailed(IotisticError):
    """A file failed; `failure` says everything."""

    code = "migration_failed"

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        where = f", statement {failure.statement} of {failure.statements}" if failure.statement else ""
        super().__init__(
            f"{failure.filename}{where}: {failure.message}",
            hint=failure.next_command or None,
            service=failure.service,
            database=failure.database,
            filename=failure.filename,
            sqlstate=failure.sqlstate,
        )


class HistoryUnusable(IotisticError):
    """The server refused a statement of ours on the history's tables."""

    code = "migration_history_unusable"


class SchemaBehind(Unavailable):
    """Migrations are pending, and nobody applied them for as long as we were willing to wait."""

    code = "migration_schema_behind"


class ServerUnreachable(Unavailable):
    """No connection, or the one there was is gone and could not be had again."""

    code = "migration_server_unreachable"


class PoolerBetween(Invalid):
    """The connection goes through a pooler that changes sessions between transactions: no lock would hold."""

    code = "migration_pooler_between"


def _headline(service: str, problems: tuple[Problem, ...]) -> str:
    first, *others = problems
    more = f" (and {len(others)} more)" if others else ""
    return f"{service}: {first.message}{more}"
