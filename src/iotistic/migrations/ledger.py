"""The history in its database: looked at without a trace, made or adopted under the lock, written in the file's own transaction."""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from iotistic import __version__
from iotistic.migrations.entry import Entry, EntryKind, entry_of
from iotistic.migrations.errors import HistoryRefused, Problem, ProblemKind
from iotistic.migrations.history import History
from iotistic.migrations.script import ALGORITHM, Script, normalised_checksum
from iotistic.migrations.session import Command, CommandFailed, Session
from iotistic.migrations.tables import (
    COLUMNS,
    adopt_ledger,
    columns_of_ledger,
    create_events,
    create_ledger,
    is_readable,
    read_current,
    read_entries,
)

__all__ = ["Signature", "current_rows", "ensure", "event", "last_unmark", "read", "record_applied"]

_NO_TABLE = {"42P01", "3F000"}
_NO_COLUMN = "42703"

_RECORDED = {
    "migration_number": "$1::bigint",
    "name": "$2",
    "filename": "$3",
    "kind": "$4",
    "state": "'applied'",
    "checksum": "$5",
    "normalised_checksum": "$6",
    "checksum_algorithm": "$7",
    "statements_total": "$8::integer",
    "statements_done": "$8::integer",
    "started_at": "now()",
    "applied_at": "clock_timestamp()",
    "execution_time_ms": "extract(epoch FROM clock_timestamp() - now()) * 1000",
    "applied_by": "session_user",
    "host": "$9",
    "application": "$10",
    "tool_version": "$11",
    "server_version": "current_setting('server_version')",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """Who writes to the history, besides the database role."""

    application: str
    """Which program."""
    host: str
    """On which machine."""

    @classmethod
    def of(cls, application: str) -> "Signature":
        """This machine's signature for a program."""
        return cls(application=application, host=socket.gethostname())


async def current_rows(session: Session, history: History) -> Mapping[str, str | None] | None:
    """Filename -> checksum of every finished entry (None for an unfinished one), in one query; None when there is no table.

    Also None when the table has another layout, which `read` then tells apart.
    """
    try:
        rows = await session.rows(Command(read_current(history)))
    except CommandFailed as failed:
        if failed.report.sqlstate in _NO_TABLE or failed.report.sqlstate == _NO_COLUMN:
            return None
        raise
    return {row[0] or "": row[1] for row in rows}


async def read(session: Session, history: History) -> tuple[Entry, ...] | None:
    """Every entry, from our own table or from one in another runner's layout; None when there is no table. Writes nothing.

    Raises HistoryRefused when the table is no history we can read.
    """
    present = _columns(await session.rows(Command(columns_of_ledger(history))))
    if not present:
        return None
    _check_layout(history, present)
    return tuple(entry_of(row) for row in await session.rows(Command(read_entries(history, present))))


async def ensure(session: Session, history: History, present: Mapping[str, str]) -> tuple[Entry, ...]:
    """Makes the tables, or adds what they lack, and reads every entry. Only under the lock.

    `present` is the answer of `columns_of_ledger`, read under the lock.
    """
    if not present:
        statements = ("BEGIN", *create_ledger(history), *create_events(history), "COMMIT")
        await session.pipeline([Command(statement) for statement in statements])
        return ()
    _check_layout(history, present)
    if not set(present) >= set(COLUMNS):
        adopted = Command(
            f"INSERT INTO {history.events} (action, facts, host, tool_version) VALUES ('adopt', $1, $2, $3)",
            (json.dumps({"columns": list(present)}), socket.gethostname(), __version__),
        )
        changes = [
            Command(statement) for statement in (*adopt_ledger(history, present), *create_events(history))
        ]
        await session.pipeline([Command("BEGIN"), *changes, adopted, Command("COMMIT")])
    return tuple(entry_of(row) for row in await session.rows(Command(read_entries(history))))


def record_applied(history: History, script: Script, signature: Signature, *, replace: bool) -> Command:
    """The command that records a file as applied, in the file's own transaction; answers milliseconds and the moment.

    `replace` allows the file to have a row already: a repeatable file, or one that got stuck before.
    """
    file = script.file
    update = ", ".join(f"{column} = excluded.{column}" for column in _RECORDED)
    conflict = f" ON CONFLICT (filename) DO UPDATE SET {update}" if replace else ""
    return Command(
        f"INSERT INTO {history.ledger} ({', '.join(_RECORDED)}) VALUES ({', '.join(_RECORDED.values())}){conflict}"
        " RETURNING execution_time_ms, extract(epoch FROM applied_at)",
        (
            str(file.number) if file.number is not None else None,
            file.name,
            file.filename,
            EntryKind.REPEATABLE if file.repeatable else EntryKind.SQL,
            file.checksum,
            normalised_checksum(file),
            ALGORITHM,
            str(len(script.statements)),
            signature.host,
            signature.application,
            __version__,
        ),
    )


def event(
    history: History,
    action: str,
    *,
    signature: Signature,
    filename: str | None = None,
    reason: str | None = None,
    facts: Mapping[str, object] | None = None,
) -> Command:
    """The command that adds one event."""
    return Command(
        f"INSERT INTO {history.events} (action, filename, reason, facts, host, application, tool_version)"
        " VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7)",
        (
            action,
            filename,
            reason,
            json.dumps(facts or {}),
            signature.host,
            signature.application,
            __version__,
        ),
    )


async def last_unmark(session: Session, history: History, filename: str) -> str | None:
    """When, by whom and why a file was last unmarked, in words; None when it never was."""
    query = (
        "SELECT to_char(happened_at, 'YYYY-MM-DD HH24:MI'), actor, reason"
        f" FROM {history.events} WHERE action = 'unmark' AND filename = $1 ORDER BY id DESC LIMIT 1"
    )
    try:
        rows = await session.rows(Command(query, (filename,)))
    except CommandFailed:
        return None  # no events yet, or none that this role may read: a courtesy, not a need
    if not rows:
        return None
    at, actor, reason = rows[0]
    return f"on {at} UTC by {actor}{f' ({reason})' if reason else ''}"


def _columns(rows: list[tuple[str | None, ...]]) -> dict[str, str]:
    return {row[0] or "": row[1] or "" for row in rows}


def _check_layout(history: History, present: Mapping[str, str]) -> None:
    if is_readable(present):
        return
    problem = Problem(
        kind=ProblemKind.FOREIGN,
        filenames=(),
        message=f"The table {history.ledger} belongs to another tool: it has the columns {', '.join(present)}.",
        hint="Take its history over with `iotistic migrate import --from ...`, or keep ours under another name: --table",
    )
    raise HistoryRefused(history.service, (problem,))
