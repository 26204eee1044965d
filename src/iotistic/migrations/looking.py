"""Looking at a history without a trace: in read-only sessions, without a lock, never making a table."""

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta

from iotistic.config import Endpoint
from iotistic.migrations.boundary import translated
from iotistic.migrations.connecting import Target, folder_ahead, open_session, server_name
from iotistic.migrations.entry import Entry, LoggedEvent
from iotistic.migrations.errors import HistoryUnusable, SchemaBehind, ServerUnreachable
from iotistic.migrations.files import MigrationFile
from iotistic.migrations.history import History, command_line
from iotistic.migrations.ledger import read_events, read_history
from iotistic.migrations.plan import Plan, RunOptions, compare, make_plan
from iotistic.migrations.report import Event, EventKind, Observer, RunLimits, Status, unobserved

__all__ = ["inspect", "list_events", "preview", "wait_until_current"]

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0


async def inspect(endpoint: Endpoint, database: str, history: History) -> Status:
    """How `database` stands to `history`.

    Raises HistoryRefused when two files have one number or the table is another tool's, HistoryUnusable when this role may
    not read it, ServerUnreachable.
    """
    target = Target(endpoint=endpoint, database=database, history=history, limits=RunLimits())
    files, entries = await _files_and_entries(target)
    comparison = compare(files, entries or ())
    return Status(
        service=history.service, database=database, exists=entries is not None, comparison=comparison
    )


async def preview(
    endpoint: Endpoint, database: str, history: History, *, options: RunOptions | None = None
) -> Plan:
    """What `apply` would do now, or the refusal it would raise: HistoryRefused or FilesRefused. A dry run."""
    target = Target(endpoint=endpoint, database=database, history=history, limits=RunLimits())
    files, entries = await _files_and_entries(target)
    return make_plan(history.service, files, entries or (), options)


async def list_events(
    endpoint: Endpoint, database: str, history: History, *, limit: int = 50
) -> tuple[LoggedEvent, ...]:
    """The newest events of a history, newest first: who changed it by hand, what failed, and why."""
    target = Target(endpoint=endpoint, database=database, history=history, limits=RunLimits())
    session = await open_session(target, read_only=True)
    with translated(target):
        async with session:
            return await read_events(session, history, limit)


async def wait_until_current(
    endpoint: Endpoint,
    database: str,
    history: History,
    *,
    wait: timedelta = timedelta(minutes=5),
    observe: Observer = unobserved,
    jitter: Callable[[], float] = random.random,
) -> Status:
    """Looks until nothing of `history` is pending in `database`: for services whose role may not change the schema.

    A server that does not answer yet is waited for too. Raises SchemaBehind after `wait`, naming what is pending.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait.total_seconds()
    pause, told = _FIRST_PAUSE, ""
    while True:
        obstacle = ""
        try:
            status = await inspect(endpoint, database, history)
        except (ServerUnreachable, HistoryUnusable) as error:
            obstacle = error.message
        else:
            if status.at_head:
                return status
            obstacle = f"{len(status.pending)} files are pending, the first is {status.pending[0]}"
        if loop.time() + pause > deadline:
            raise SchemaBehind(
                f"Database {database} on {server_name(endpoint)} is not at the schema of {history.service} after "
                f"{wait.total_seconds():.0f} s: {obstacle}.",
                hint=f"Run {command_line(history.service)} as a role that owns the schema.",
                service=history.service,
                database=database,
            )
        if obstacle != told:
            observe(Event(kind=EventKind.NOTICE, message=f"{history.service}: waiting, {obstacle}"))
            told = obstacle
        await asyncio.sleep(pause * (0.5 + jitter()))
        pause = min(_LONGEST_PAUSE, pause * 1.5)


async def _files_and_entries(
    target: Target,
) -> tuple[tuple[MigrationFile, ...], tuple[Entry, ...] | None]:
    async with folder_ahead(target) as reading:
        session = await open_session(target, read_only=True)
        with translated(target):
            async with session:
                entries = await read_history(session, target.history)
        return (await reading).files(), entries
