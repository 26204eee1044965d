"""Running a history: the fast answer when there is nothing to do, and otherwise everything in order under the lock."""

import asyncio
import time
from datetime import timedelta
from typing import Final, final

from iotistic.config import Endpoint
from iotistic.migrations.answers import ConnectionLost
from iotistic.migrations.batch import role_commands
from iotistic.migrations.boundary import translated
from iotistic.migrations.connecting import (
    Target,
    folder_ahead,
    open_session,
    reopen_session,
    server_name,
)
from iotistic.migrations.entry import Entry
from iotistic.migrations.errors import ServerUnreachable
from iotistic.migrations.execution import Execution, Settings
from iotistic.migrations.files import Folder, MigrationFile
from iotistic.migrations.history import History
from iotistic.migrations.judging import LintRefused, finding_line, judge
from iotistic.migrations.ledger import ensure_tables, read_history, recorded_fingerprint
from iotistic.migrations.lock import take_lock, unlock
from iotistic.migrations.plan import Plan, RunOptions, compare, make_plan
from iotistic.migrations.records import Signature
from iotistic.migrations.report import Applied, Event, EventKind, Observer, Report, RunLimits, unobserved
from iotistic.migrations.session import Session

__all__ = ["apply"]

_MOST_LOSSES: Final = 3


async def apply(
    endpoint: Endpoint,
    database: str,
    history: History,
    *,
    application: str = "iotistic",
    options: RunOptions | None = None,
    limits: RunLimits | None = None,
    role: str | None = None,
    observe: Observer = unobserved,
) -> Report:
    """Brings `database` to the newest state of `history`, or to `options.target`. Safe to call from many replicas at once.

    With nothing to do it costs one connection and one query. Otherwise it works on one direct connection under a lock that
    other runners wait for; each transactional file is applied with its history row or not at all, a no-transaction file is
    resumed at the first statement that is not done. `role` is taken by SET ROLE before each file. Cancelling the task stops
    the running statement, rolls back and gives the lock back.

    Raises FilesRefused, HistoryRefused and LintRefused before anything ran; LockBusy, PoolerBetween; MigrationFailed with
    everything known about the failure; ServerUnreachable.
    """
    target = Target(endpoint=endpoint, database=database, history=history, limits=limits or RunLimits())
    settings = Settings(target=target, signature=Signature.of(application), role=role, observe=observe)
    return await _Run(settings, options or RunOptions()).go()


@final
class _Run:
    """One call of `apply`."""

    def __init__(self, settings: Settings, options: RunOptions) -> None:
        self._settings = settings
        self._target = settings.target
        self._history = settings.target.history
        self._options = options
        self._began = time.monotonic()
        self._waited = timedelta(0)
        self._losses: dict[str | None, int] = {}
        self._applied: list[Applied] = []
        self._sent: tuple[str, ...] = ()
        self._running: str | None = None
        self._left: tuple[str, ...] = ()
        self._notices: tuple[str, ...] = ()

    async def go(self) -> Report:
        async with folder_ahead(self._target) as reading:
            session = await open_session(self._target)
            with translated(self._target, but_losses=True):
                while True:
                    try:
                        async with session:
                            await self._attempt(session, reading)
                            return self._report(await reading)
                    except ConnectionLost as lost:
                        session = await self._reconnect(lost)

    async def _attempt(self, session: Session, reading: asyncio.Task[Folder]) -> None:
        """Answers at once when everything is on record as it lies there; after a loss only the lock tells what became of it."""
        if self._losses:
            await self._under_lock(session, (await reading).files())
            return
        recorded = await recorded_fingerprint(session, self._history)
        folder = await reading
        if recorded is None:
            await self._under_lock(session, folder.files())
        elif recorded != folder.fingerprint:
            await self._look_closer(session, folder.files())

    async def _look_closer(self, session: Session, files: tuple[MigrationFile, ...]) -> None:
        """Something differs: only something to run is a reason to take the lock."""
        entries = await read_history(session, self._history) or ()
        if compare(files, entries).pending:
            await self._under_lock(session, files)
        else:
            self._say_notices(make_plan(self._history.service, files, entries, self._options))

    async def _under_lock(self, session: Session, files: tuple[MigrationFile, ...]) -> None:
        # On an error the session is closed with its lock; asking an aborted transaction to unlock would only fail.
        locked = await take_lock(
            session,
            self._history,
            wait=self._target.limits.lock_wait,
            observe=self._settings.observe,
            open_second=lambda: open_session(self._target, purpose="probe"),
            operations=True,
        )
        self._waited += locked.waited
        if self._settings.role is not None:
            await session.pipeline(role_commands(self._settings.role))
        entries = await ensure_tables(session, self._history, locked.columns) if locked.columns else ()
        self._settle(entries)
        plan = make_plan(self._history.service, files, entries, self._options)
        if not locked.columns:  # what is refused leaves nothing behind, not even an empty history
            await ensure_tables(session, self._history, locked.columns)
        self._say_notices(plan)
        if entries:  # in a new database nobody is there to be stopped
            await self._lint(session, files, plan)
        execution = Execution(self._settings, files)
        session.hear_notices(self._hear)
        try:
            await execution.run(session, plan.steps)
        finally:
            self._applied += execution.applied
            self._sent, self._running = execution.sent, execution.running
        if not await unlock(session, self._history, operations=True):
            self._say(EventKind.NOTICE, "The migration lock was lost in mid-run; is there a pooler between?")

    async def _lint(self, session: Session, files: tuple[MigrationFile, ...], plan: Plan) -> None:
        if self._options.lint == "off" or not plan.steps:
            return
        findings = await judge(session, self._history, files, plan)
        if findings and self._options.lint == "refuse":
            texts = {step.script.file.filename: step.script.text for step in plan.steps}
            raise LintRefused(self._history.service, findings, texts)
        for finding in findings:
            self._say(EventKind.WARNING, finding_line(finding))

    def _settle(self, entries: tuple[Entry, ...]) -> None:
        """After a lost connection: files that were on their way and are on record now were committed after all."""
        done = {entry.filename: entry for entry in entries if entry.done}
        for filename in self._sent:
            if (entry := done.get(filename)) is not None:
                took = timedelta(milliseconds=entry.took_ms or 0)
                self._applied.append(Applied(filename=filename, took=took, at=entry.applied_at))
        lost = self._running
        if lost not in done and self._losses.get(lost, 0) >= _MOST_LOSSES:
            raise ServerUnreachable(
                f"The connection was lost {_MOST_LOSSES} times while {lost or 'preparing the run'} ran; nothing of it stands.",
                hint="Look into the server's log: a statement of this file may be what ends the session.",
                filename=lost or None,
            )
        self._sent, self._running = (), None

    async def _reconnect(self, lost: ConnectionLost) -> Session:
        filename = self._running
        self._losses[filename] = self._losses.get(filename, 0) + 1
        what = f"{filename}: " if filename else ""
        self._say(EventKind.RECONNECT, f"{what}the connection was lost ({lost}); looking what became of it")
        try:
            return await reopen_session(self._target)
        except ServerUnreachable as error:
            raise ServerUnreachable(
                f"{server_name(self._target.endpoint)} went away in mid-run and did not come back: {error.message}",
                hint=f"What became of {filename or 'the run'} is not known; the next run looks first, then goes on.",
                filename=filename or None,
            ) from error

    def _report(self, folder: Folder) -> Report:
        return Report(
            service=self._history.service,
            database=self._target.database,
            applied=tuple(self._applied),
            pending=self._left,
            head=folder.head,
            took=timedelta(seconds=time.monotonic() - self._began),
            waited=self._waited,
            notices=self._notices,
        )

    def _say_notices(self, plan: Plan) -> None:
        self._left = plan.left
        self._notices = plan.notices
        for notice in plan.notices:
            self._say(EventKind.NOTICE, notice)

    def _hear(self, severity: str, message: str) -> None:
        self._say(EventKind.SERVER, f"{severity}: {message}")

    def _say(self, kind: EventKind, message: str) -> None:
        self._settings.observe(Event(kind=kind, message=message))
