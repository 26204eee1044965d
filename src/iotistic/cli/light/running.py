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

# The first bunch is small, so that the server has work soon.
_BUNCHES = (4, 16)
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
    run = _Run(connection, request, service, pending, fresh=fresh)
    if not run.send([] if columns else _tables(request), [unlock_query(request, service)]):
        return None
    return len(pending) if run.tell() == [("t", "t")] else None


def _recorded(connection: Connection, request: Request) -> dict[str, str | None] | None:
    answer = connection.pipeline([recorded_query(request)])
    return None if answer is None else {row[0] or "": row[1] for row in answer[0]}


def _tables(request: Request) -> Commands:
    from iotistic.migrations.tables import create_events, create_ledger  # noqa: PLC0415 - only a first run pays for it

    made = (*create_ledger(request), *create_events(request))
    return [(text, ()) for text in ("SET synchronous_commit = off", "BEGIN", *made, "COMMIT")]


class _Run:
    """Files on their way, all in one pipeline: the server works on some while others are prepared."""

    def __init__(
        self, connection: Connection, request: Request, service: str, pending: list[File], *, fresh: bool
    ) -> None:
        self._connection = connection
        self._recorder = Recorder(request, service)
        self._pending = pending
        self._fresh = fresh
        self._sent = 0
        self._ends: dict[int, File] = {}
        """The number of the command that commits a file, and the file."""

    def send(self, before: Commands, after: Commands) -> bool:
        """Sends `before`, then bunch after bunch, then `after`; up to the first file that is not plain. False: no file was."""
        rest, sizes = self._pending, iter(_BUNCHES)
        while rest:
            size = next(sizes, _BUNCHES[-1])
            files, rest = self._prepared(rest[:size]), rest[size:]
            if not files:
                break
            if len(files) < size:
                rest = []
            commands = [
                *before,
                *self._noted(files, len(before)),
                *(after if files[-1][0] is self._pending[-1] else ()),
            ]
            before = []
            if not self._connection.send(commands):
                return False
        return self._sent > 0 and self._connection.end()

    def tell(self) -> list[Row]:
        """Says of each file that is committed how long it took, as the answers come; answers the last answer."""
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

    def _prepared(self, files: list[File]) -> list[tuple[File, Commands]]:
        """The commands of the files up to the first that is not plain."""
        found: list[tuple[File, Commands]] = []
        for file in files:
            plain = plain_statements(file.content, fresh=self._fresh)
            if plain is None:
                break
            last = file is self._pending[-1]
            found.append((file, self._recorder.commands_for(file, *plain, last=last)))
        return found

    def _noted(self, files: list[tuple[File, Commands]], before: int) -> Commands:
        """The commands of the files; where each of them ends is kept for `tell`."""
        self._sent += before
        commands: Commands = []
        for file, part in files:
            commands += part
            self._sent += len(part)
            self._ends[self._sent] = file
        return commands
