"""Runs plain files: the same lock, the same statements, the same history as the full program, in a fifth of its time to start.

At the first thing that is not as it should be (a lock, an error, anything not plain) the connection is closed, which rolls
back what was begun, and the full program looks at the history and goes on from there: with its patience, its retries and its
explanations.
"""

import signal
import sys

from iotistic.cli.light.files import File, pending_in_order
from iotistic.cli.light.ledger import (
    COLUMNS,
    Recorder,
    columns_query,
    lock_query,
    recorded_query,
    unlock_query,
)
from iotistic.cli.light.libpq import Connection, Row
from iotistic.cli.light.plain import plain_statements
from iotistic.cli.light.request import Request

__all__ = ["Stopped", "run_files"]

_HAS_TABLES = """
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
)
"""

Command = tuple[str, tuple[str | None, ...]]
Commands = list[Command]


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
        connection.stop()
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(*_: object) -> None:
    raise Stopped


def _run(connection: Connection, request: Request, service: str, files: list[File]) -> int | None:
    lock = lock_query(request, service, connection.backend_pid)
    looked = connection.pipeline([lock, columns_query(request), (_HAS_TABLES, ())])
    if looked is None or looked[0] != [("ours",)]:
        return None
    columns, fresh = {row[0] for row in looked[1]}, looked[2] == [("f",)]
    if columns and not columns >= COLUMNS:
        return None
    recorded = _recorded(connection, request) if columns else dict[str, str | None]()
    pending = None if recorded is None else pending_in_order(files, recorded)
    if not pending:
        return None
    plain = _plain(pending, fresh=fresh)
    if plain is None:
        return None
    run = _Run(connection, [] if columns else _tables(request))
    recorder = Recorder(request, service)
    for file, (statements, normalised) in plain:
        last = file is pending[-1]
        run.add(recorder.commands_for(file, statements, normalised, last=last), file)
    return len(pending) if run.carry_out(unlock_query(request, service)) == [("t", "t")] else None


def _plain(pending: list[File], *, fresh: bool) -> list[tuple[File, tuple[list[str], str]]] | None:
    """The statements and the normalised text of each file; None when one is not plain: a refusal comes before anything runs."""
    found: list[tuple[File, tuple[list[str], str]]] = []
    for file in pending:
        plain = plain_statements(file.content, fresh=fresh)
        if plain is None:
            return None
        found.append((file, plain))
    return found


def _recorded(connection: Connection, request: Request) -> dict[str, str | None] | None:
    answer = connection.pipeline([recorded_query(request)])
    return None if answer is None else {row[0] or "": row[1] for row in answer[0]}


def _tables(request: Request) -> Commands:
    from iotistic.migrations.tables import create_events, create_ledger  # noqa: PLC0415 - only a first run pays for it

    made = (*create_ledger(request), *create_events(request))
    return [(text, ()) for text in ("SET synchronous_commit = off", "BEGIN", *made, "COMMIT")]


class _Run:
    """Files on their way, all in one pipeline."""

    def __init__(self, connection: Connection, before: Commands) -> None:
        self._connection = connection
        self._commands = before
        self._ends: dict[int, File] = {}
        """The number of the command that commits a file, and the file."""

    def add(self, commands: Commands, file: File) -> None:
        """Puts the commands of a file behind those of the others."""
        self._commands += commands
        self._ends[len(self._commands)] = file

    def carry_out(self, after: Command) -> list[Row]:
        """Sends everything, and says of each file that is committed how long it took; answers the answer to `after`."""
        if not (self._connection.send([*self._commands, after]) and self._connection.end()):
            return []
        colour, plain = ("\033[32m", "\033[0m") if sys.stderr.isatty() else ("", "")
        rows: list[Row] = []
        for number, answer in enumerate(self._connection.answers(), start=1):
            if number in self._ends:
                milliseconds = float(rows[0][0] or 0)
                sys.stderr.write(
                    f"{colour}{self._ends[number].name} applied in {milliseconds:.0f} ms{plain}\n"
                )
            rows = answer
        return rows
