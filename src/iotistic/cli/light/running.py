"""Runs plain files: the same lock, the same statements, the same history as the full program, in a fifth of its time to start.

At the first thing that is not as it should be (a lock, an error, anything not plain) the connection is closed, which rolls
back what was begun, and the full program looks at the history and goes on from there: with its patience, its retries and its
explanations.
"""

import signal
import sys

from iotistic.cli.light.files import File, pending_in_order, plain_statements
from iotistic.cli.light.ledger import COLUMNS, columns_query, commands_for, lock_query, quoted, recorded_query
from iotistic.cli.light.libpq import Connection, Row
from iotistic.cli.light.request import Request

__all__ = ["Stopped", "run_files"]

# The first bunches are small, so that the server has work soon; none is more than a round trip may lose.
_BUNCHES = (4, 12, 32)
_HAS_TABLES = """
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
)
"""

Commands = list[tuple[str, tuple[str | None, ...]]]


class Stopped(BaseException):
    """Somebody wants the process to end."""


def run_files(connection: Connection, request: Request, service: str, files: list[File]) -> int | None:
    """Runs what is pending and answers how many files that was; None when the full program has to take over.

    Raises Stopped on SIGTERM and KeyboardInterrupt on Ctrl-C, after the running statement was cancelled.
    """
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        return _run(connection, request, service, files)
    except (Stopped, KeyboardInterrupt):
        connection.cancel()
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(*_: object) -> None:
    raise Stopped


def _run(connection: Connection, request: Request, service: str, files: list[File]) -> int | None:
    lock = lock_query(request, service, connection.backend_pid)
    looked = connection.pipeline([lock, columns_query(request), (_HAS_TABLES, ())])
    if looked is None or looked[0] != [("t",)]:
        return None
    columns, fresh = {row[0] for row in looked[1]}, looked[2] == [("f",)]
    if columns and not columns >= COLUMNS:
        return None
    recorded = _recorded(connection, request) if columns else dict[str, str | None]()
    pending = None if recorded is None else pending_in_order(files, recorded)
    if not pending:
        return None
    first = _prepared(request, service, pending[: _BUNCHES[0]], fresh=fresh)
    if first is None or not (columns or _make_tables(connection, request)):
        return None
    if not _send(connection, request, service, pending, first, fresh=fresh):
        return None
    unlocked = connection.pipeline([("SELECT pg_advisory_unlock($1)", lock[1][:1])])
    return len(pending) if unlocked == [[("t",)]] else None


def _recorded(connection: Connection, request: Request) -> dict[str, str | None] | None:
    answer = connection.pipeline([recorded_query(request)])
    return None if answer is None else {row[0] or "": row[1] for row in answer[0]}


class _Names:
    """What `iotistic.migrations.tables` asks of a history."""

    def __init__(self, request: Request) -> None:
        self.schema = request.schema
        self.table = request.table
        self.ledger = f"{quoted(request.schema)}.{quoted(request.table)}"
        self.events = f"{quoted(request.schema)}.{quoted(request.table + '_events')}"


def _make_tables(connection: Connection, request: Request) -> bool:
    from iotistic.migrations.tables import create_events, create_ledger  # noqa: PLC0415 - only a first run pays for it

    names = _Names(request)
    made = (*create_ledger(names), *create_events(names))
    return connection.pipeline([(text, ()) for text in ("BEGIN", *made, "COMMIT")]) is not None


def _prepared(
    request: Request, service: str, files: list[File], *, fresh: bool
) -> list[tuple[File, Commands]] | None:
    """The commands of each file; None when one of them is not plain."""
    found: list[tuple[File, Commands]] = []
    for file in files:
        plain = plain_statements(file.content, fresh=fresh)
        if plain is None:
            return None
        found.append((file, commands_for(request, service, file, *plain)))
    return found


def _send(
    connection: Connection,
    request: Request,
    service: str,
    pending: list[File],
    first: list[tuple[File, Commands]],
    *,
    fresh: bool,
) -> bool:
    """Runs bunch after bunch, preparing one while the server works on the one before."""
    bunch: list[tuple[File, Commands]] | None = first
    prepared, bunches = len(first), iter(_BUNCHES[1:])
    while bunch:
        commands = [command for _, part in bunch for command in part]
        if not connection.send(commands):
            return False
        size = next(bunches, _BUNCHES[-1])
        following = _prepared(request, service, pending[prepared : prepared + size], fresh=fresh)
        prepared += size
        answers = connection.receive()
        _tell(bunch, answers)
        if len(answers) < len(commands):
            return False
        bunch = following
    return bunch is not None


def _tell(bunch: list[tuple[File, Commands]], answers: list[list[Row]]) -> None:
    """Says of each file that is committed how long it took."""
    colour, plain = ("\033[32m", "\033[0m") if sys.stderr.isatty() else ("", "")
    end = 0
    for file, commands in bunch:
        end += len(commands)
        if end > len(answers):
            return
        milliseconds = float(answers[end - 2][0][0] or 0)
        sys.stderr.write(f"{colour}{file.name} applied in {milliseconds:.0f} ms{plain}\n")
