"""What is written to a history: one command for each thing there is to remember."""

# ruff: noqa: S608 - the only texts put into the SQL are names of the operator's choice, quoted in `History`

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from iotistic import __version__
from iotistic.migrations.entry import EntryKind
from iotistic.migrations.files import MigrationFile
from iotistic.migrations.history import History
from iotistic.migrations.script import ALGORITHM, Script, digest, normalised_checksum
from iotistic.migrations.session import Command

__all__ = [
    "Signature",
    "event_command",
    "failed_record",
    "finish_record",
    "mark_record",
    "progress_record",
    "record_applied",
    "remove_record",
    "repair_record",
    "start_record",
]

_RECORDED: Final = {
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
        """The signature of a program on this machine."""
        return cls(application=application, host=socket.gethostname())


def record_applied(history: History, script: Script, signature: Signature, *, replace: bool) -> Command:
    """The command that records a file as applied, in the file's own transaction; answers milliseconds and the moment.

    `replace` allows the file to have a row already: a repeatable file, or one that got stuck before.
    """
    update = ", ".join(f"{column} = excluded.{column}" for column in _RECORDED)
    conflict = f" ON CONFLICT (filename) DO UPDATE SET {update}" if replace else ""
    return Command(
        f"INSERT INTO {history.ledger} ({', '.join(_RECORDED)}) VALUES ({', '.join(_RECORDED.values())}){conflict}"
        " RETURNING execution_time_ms, extract(epoch FROM applied_at)",
        (
            *_identity(script.file, _own_kind(script.file)),
            str(len(script.statements)),
            signature.host,
            signature.application,
            __version__,
        ),
    )


def event_command(
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


def start_record(history: History, script: Script, signature: Signature, *, afresh: bool) -> Command:
    """The command that records a no-transaction file as running, before its first statement; `afresh`: nothing of it is done."""
    reset = (
        ", statements_done = 0, statement_digests = '{}', started_at = excluded.started_at" if afresh else ""
    )
    kept = (
        "checksum",
        "normalised_checksum",
        "checksum_algorithm",
        "statements_total",
        "host",
        "application",
    )
    update = ", ".join(f"{column} = excluded.{column}" for column in kept)
    return Command(
        f"INSERT INTO {history.ledger} (migration_number, name, filename, kind, state, checksum, normalised_checksum,"
        " checksum_algorithm, statements_total, started_at, applied_by, host, application, tool_version, server_version)"
        " VALUES ($1::bigint, $2, $3, $4, 'running', $5, $6, $7, $8::integer, now(), session_user, $9, $10, $11,"
        " current_setting('server_version'))"
        f" ON CONFLICT (filename) DO UPDATE SET state = 'running', applied_at = NULL, {update}{reset}",
        (
            *_identity(script.file, _own_kind(script.file)),
            str(len(script.statements)),
            signature.host,
            signature.application,
            __version__,
        ),
    )


def progress_record(history: History, script: Script, done: int) -> Command:
    """The command that records that `done` statements of a no-transaction file are done, and what the last of them was."""
    return Command(
        f"UPDATE {history.ledger} SET statements_done = $2::integer,"
        " statement_digests = statement_digests[1:$2::integer - 1] || $3::text WHERE filename = $1",
        (script.file.filename, str(done), digest(script.statements[done - 1])),
    )


def finish_record(history: History, script: Script) -> Command:
    """The command that records a no-transaction file as applied; answers milliseconds and the moment."""
    return Command(
        f"UPDATE {history.ledger} SET state = 'applied', applied_at = clock_timestamp(),"
        " execution_time_ms = least(extract(epoch FROM clock_timestamp() - started_at) * 1000, 2147483647)"
        " WHERE filename = $1 RETURNING execution_time_ms, extract(epoch FROM applied_at)",
        (script.file.filename,),
    )


def failed_record(history: History, script: Script) -> Command:
    """The command that records that a statement of a no-transaction file failed."""
    return Command(
        f"UPDATE {history.ledger} SET state = 'failed' WHERE filename = $1", (script.file.filename,)
    )


def mark_record(history: History, file: MigrationFile, kind: EntryKind, signature: Signature) -> Command:
    """The command that records a file as applied without running it; an unfinished one is finished by it."""
    kept = (
        "kind",
        "state",
        "checksum",
        "normalised_checksum",
        "checksum_algorithm",
        "applied_at",
        "applied_by",
    )
    update = ", ".join(f"{column} = excluded.{column}" for column in kept)
    return Command(
        f"INSERT INTO {history.ledger} (migration_number, name, filename, kind, state, checksum, normalised_checksum,"
        " checksum_algorithm, started_at, applied_at, execution_time_ms, applied_by, host, application, tool_version,"
        " server_version) VALUES ($1::bigint, $2, $3, $4, 'applied', $5, $6, $7, now(), now(), 0, session_user, $8, $9,"
        f" $10, current_setting('server_version')) ON CONFLICT (filename) DO UPDATE SET {update}",
        (*_identity(file, kind), signature.host, signature.application, __version__),
    )


def remove_record(history: History, filename: str) -> Command:
    """The command that forgets a file."""
    return Command(f"DELETE FROM {history.ledger} WHERE filename = $1", (filename,))


def repair_record(history: History, was: str, file: MigrationFile | None) -> Command:
    """The command that takes a file as it is now for what was applied as `was`; None: its file may be gone."""
    if file is None:
        return Command(f"UPDATE {history.ledger} SET kind = 'baseline' WHERE filename = $1", (was,))
    return Command(
        f"UPDATE {history.ledger} SET filename = $2, name = $3, checksum = $4, normalised_checksum = $5,"
        " checksum_algorithm = $6 WHERE filename = $1",
        (was, file.filename, file.name, file.checksum, normalised_checksum(file), ALGORITHM),
    )


def _own_kind(file: MigrationFile) -> EntryKind:
    return EntryKind.REPEATABLE if file.repeatable else EntryKind.SQL


def _identity(file: MigrationFile, kind: EntryKind) -> tuple[str | None, ...]:
    """Parameters 1 to 7 of every command that makes a row."""
    return (
        str(file.number) if file.number is not None else None,
        file.name,
        file.filename,
        kind,
        file.checksum,
        normalised_checksum(file),
        ALGORITHM,
    )
