"""The history in its database: looked at without a trace, made or adopted under the lock."""

# ruff: noqa: S608 - the only texts put into the SQL are names of the operator's choice, quoted in `History`

import json
import socket
from collections.abc import Mapping
from datetime import UTC, datetime

from iotistic import __version__
from iotistic.migrations.answers import CommandFailed, Row
from iotistic.migrations.entry import Entry, LoggedEvent, entry_of
from iotistic.migrations.errors import HistoryRefused, Problem, ProblemKind
from iotistic.migrations.files import fingerprint_of
from iotistic.migrations.history import History
from iotistic.migrations.session import Command, Session
from iotistic.migrations.tables import (
    COLUMNS,
    adopt_ledger,
    columns_of_ledger,
    create_events,
    create_ledger,
    is_readable,
    read_entries,
    read_fingerprint,
)

__all__ = ["ensure_tables", "last_unmark", "read_events", "read_history", "recorded_fingerprint"]

_NOT_OURS = {"42P01", "3F000", "42703"}
"""No such table, schema or column."""


async def recorded_fingerprint(session: Session, history: History) -> str | None:
    """One value for all that is on record, in one query; None when no table of ours is there."""
    try:
        return (await session.rows(Command(read_fingerprint(history))))[0][0] or fingerprint_of(())
    except CommandFailed as failed:
        if failed.report.sqlstate in _NOT_OURS:
            return None
        raise


async def read_history(session: Session, history: History) -> tuple[Entry, ...] | None:
    """Every entry, from our own table or from one in another runner's layout; None when there is no table. Writes nothing.

    Raises HistoryRefused when the table is no history we can read.
    """
    try:
        return _entries(await session.rows(Command(read_entries(history))))
    except CommandFailed as failed:
        if failed.report.sqlstate not in _NOT_OURS:
            raise
    present = _columns(await session.rows(Command(columns_of_ledger(history))))
    if not present:
        return None
    _check_layout(history, present)
    return _entries(await session.rows(Command(read_entries(history, present))))


async def ensure_tables(session: Session, history: History, present: Mapping[str, str]) -> tuple[Entry, ...]:
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
    return _entries(await session.rows(Command(read_entries(history))))


async def read_events(session: Session, history: History, limit: int) -> tuple[LoggedEvent, ...]:
    """The newest events, newest first; none when there is no table yet."""
    query = (
        "SELECT extract(epoch FROM happened_at), action, filename, coalesce(reason, facts ->> 'message'), actor, host,"
        f" application FROM {history.events} ORDER BY id DESC LIMIT $1::integer"
    )
    try:
        rows = await session.rows(Command(query, (str(limit),)))
    except CommandFailed as failed:
        if failed.report.sqlstate in _NOT_OURS:
            return ()
        raise
    return tuple(
        LoggedEvent(
            at=datetime.fromtimestamp(float(at or 0), UTC),
            action=action or "",
            filename=filename,
            reason=reason,
            actor=actor,
            host=host,
            application=application,
        )
        for at, action, filename, reason, actor, host, application in rows
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


def _entries(rows: list[Row]) -> tuple[Entry, ...]:
    return tuple(entry_of(row) for row in rows)


def _columns(rows: list[Row]) -> dict[str, str]:
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
