"""The statements of a run. Tests hold each to the one that the full program sends."""

# ruff: noqa: S608 - the only names put into SQL are quoted

import os

from iotistic import __version__
from iotistic.cli.light.files import File, digest_of, hasher
from iotistic.cli.light.request import Request
from iotistic.migrations.quoting import quoted

__all__ = [
    "COLUMNS",
    "Recorder",
    "columns_query",
    "fingerprint_query",
    "lock_query",
    "recorded_query",
    "session_settings",
    "unlock_query",
]

Command = tuple[str, tuple[str | None, ...]]

_ALGORITHM = "sha256/1"
_VALUES = {
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
_TRY = """
SELECT CASE
  WHEN current_setting('idle_in_transaction_session_timeout') <> '1min' THEN 'no settings'
  WHEN pg_backend_pid() <> $2 AND NOT $3 THEN 'another session'
  WHEN NOT pg_try_advisory_lock($1) THEN 'migration'
  WHEN $4::bigint IS NULL OR pg_try_advisory_lock($4) THEN 'ours'
  WHEN pg_advisory_unlock($1) THEN 'operations'
END
"""
COLUMNS = frozenset(_VALUES) | {"statement_digests"}


def session_settings(request: Request, service: str) -> dict[str, str]:
    """Libpq's parameters of a run, besides where and as whom: as `iotistic.migrations.connecting` sets them."""
    path = quoted(request.schema) + ("" if request.schema == "public" else ", public")
    settings = {
        "client_connection_check_interval": "2s",
        "lock_timeout": "3000",
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "60000",
        "search_path": path,
        "synchronous_commit": "on",
        "client_encoding": "UTF8",
        "TimeZone": "UTC",
        "DateStyle": "ISO, MDY",
    }
    escaped = {name: value.replace("\\", "\\\\").replace(" ", "\\ ") for name, value in settings.items()}
    return {
        "application_name": f"migrate:{service}"[:63],
        "connect_timeout": "10",
        "options": " ".join(f"-c {name}={value}" for name, value in escaped.items()),
    }


def fingerprint_query(request: Request) -> Command:
    """One value for all that is on record: `iotistic.migrations.tables.read_fingerprint`."""
    line = "filename || ' ' || CASE WHEN state = 'applied' THEN coalesce(checksum, '-') ELSE '-' END"
    gathered = f"string_agg({line}, E'\\n' ORDER BY filename COLLATE \"C\")"
    return f"SELECT encode(sha256(convert_to({gathered}, 'UTF8')), 'hex') FROM {request.ledger}", ()


def columns_query(request: Request) -> Command:
    """The columns of the table: `iotistic.migrations.tables.columns_of_ledger`."""
    table = request.ledger.replace("'", "''")
    where = f"attrelid = to_regclass('{table}') AND attnum > 0 AND NOT attisdropped"
    columns = "attname, format_type(atttypid, atttypmod)"
    return f"SELECT {columns} FROM pg_catalog.pg_attribute WHERE {where} ORDER BY attnum", ()


def lock_query(request: Request, service: str, backend_pid: int) -> Command:
    """One try for the two locks that all runners take, answered with 'ours' or what is in the way: `iotistic.migrations.lock`."""
    keys = lock_keys(request, service)
    return _TRY, (keys[0], str(backend_pid), "f", keys[1])


def unlock_query(request: Request, service: str) -> Command:
    """Gives both back, answered with ('t', 't')."""
    return "SELECT pg_advisory_unlock($1), $2::bigint IS NULL OR pg_advisory_unlock($2)", lock_keys(
        request, service
    )


def lock_keys(request: Request, service: str) -> tuple[str, str]:
    """The numbers of the history's lock and of the lock of operations: `iotistic.database.locks.key_of`."""
    names = f"iotistic.migrations:{service}:{request.schema}.{request.table}", "iotistic.operations"
    blake2b = hasher("_blake2").blake2b
    history, operations = (
        str(int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True))
        for name in names
    )
    return history, operations


def recorded_query(request: Request) -> Command:
    """Name of every file on record, and the checksum of the finished ones."""
    return f"SELECT filename, CASE WHEN state = 'applied' THEN checksum END FROM {request.ledger}", ()


class Recorder:
    """What runs one transactional file after the other and records each: `iotistic.migrations.batch.compose`."""

    def __init__(self, request: Request, service: str) -> None:
        self._service = service
        self._signature = (os.uname().nodename, "iotistic migrate", __version__)
        columns, values = ", ".join(_VALUES), ", ".join(_VALUES.values())
        update = ", ".join(f"{column} = excluded.{column}" for column in _VALUES)
        self._insert = f"INSERT INTO {request.ledger} ({columns}) VALUES ({values})"
        self._conflict = f" ON CONFLICT (filename) DO UPDATE SET {update}"

    def commands_for(
        self, file: File, statements: list[str], normalised: str, *, last: bool
    ) -> list[Command]:
        """The commands of one file; the last one waits for the disk."""
        application = f"migrate:{self._service}:{file.name}"[:63].replace("'", "''")
        record = self._insert + (self._conflict if file.number is None else "")
        parameters = (
            None if file.number is None else str(file.number),
            file.title,
            file.name,
            "repeatable" if file.number is None else "sql",
            file.checksum,
            digest_of(normalised),
            _ALGORITHM,
            str(len(statements)),
            *self._signature,
        )
        return [
            ("RESET SESSION AUTHORIZATION", ()),
            ("RESET ALL", ()),
            (f"SET application_name = '{application}'", ()),
            *(() if last else (("SET synchronous_commit = off", ()),)),
            ("BEGIN", ()),
            *((statement, ()) for statement in statements),
            *((("SET LOCAL synchronous_commit = on", ()),) if last else ()),
            (record + " RETURNING execution_time_ms, extract(epoch FROM applied_at)", parameters),
            ("COMMIT", ()),
        ]
