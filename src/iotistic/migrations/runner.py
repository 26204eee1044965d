"""Running a history: the fast answer when there is nothing to do, and otherwise everything in order under the lock."""

import time
from datetime import timedelta
from typing import Final, final

from iotistic.config import Endpoint
from iotistic.migrations.answers import ConnectionLost
from iotistic.migrations.batch import role_commands
from iotistic.migrations.boundary import translated
from iotistic.migrations.connecting import (
    Target,
    files_and_session,
    open_session,
    reopen_session,
    server_name,
)
from iotistic.migrations.entry import Entry
from iotistic.migrations.errors import ServerUnreachable
from iotistic.migrations.execution import Execution, Settings
from iotistic.migrations.files import MigrationFile
from iotistic.migrations.history import History
from iotistic.migrations.ledger import current_rows, ensure_tables, read_history
from iotistic.migrations.lock import take_lock, unlock
from iotistic.migrations.plan import Plan, RunOptions, is_current, make_plan
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

    Raises FilesRefused and HistoryRefused before anything ran; LockBusy, PoolerBetween; MigrationFailed with everything
    known about the failure; ServerUnreachable.
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
        self._losses: dict[str, int] = {}
        self._left: tuple[str, ...] = ()
        self._notices: tuple[str, ...] = ()

    async def go(self) -> Report:
        files, session = await files_and_session(self._target)
        execution = Execution(self._settings, files)
        while True:
            try:
                with translated(self._target, but_losses=True):
                    async with session:
                        return await self._attempt(session, files, execution)
            except ConnectionLost as lost:
                session = await self._reconnect(lost, execution)

    async def _attempt(
        self, session: Session, files: tuple[MigrationFile, ...], execution: Execution
    ) -> Report:
        # After a loss the lost session may still be at work: only under the lock is it certain what became of it.
        rows = await current_rows(session, self._history) if not self._losses else None
        if rows is None or any(rows.get(file.filename) is None for file in files):
            await self._under_lock(session, files, execution)
        elif not is_current(files, rows):
            await self._without_lock(session, files, execution)
        return Report(
            service=self._history.service,
            database=self._target.database,
            applied=tuple(execution.applied),
            pending=self._left,
            head=max((file.number for file in files if file.number is not None), default=None),
            took=timedelta(seconds=time.monotonic() - self._began),
            waited=self._waited,
            notices=self._notices,
        )

    async def _without_lock(
        self, session: Session, files: tuple[MigrationFile, ...], execution: Execution
    ) -> None:
        """Everything is on record and something differs: only a changed repeatable file is a reason to take the lock."""
        entries = await read_history(session, self._history)
        plan = make_plan(self._history.service, files, entries or (), self._options)
        if plan.steps:
            await self._under_lock(session, files, execution)
        else:
            self._say_notices(plan)

    async def _under_lock(
        self, session: Session, files: tuple[MigrationFile, ...], execution: Execution
    ) -> None:
        # On an error the session is closed with its lock; asking an aborted transaction to unlock would only fail.
        locked = await take_lock(
            session,
            self._history,
            wait=self._target.limits.lock_wait,
            observe=self._settings.observe,
            open_second=lambda: open_session(self._target, purpose="probe"),
        )
        self._waited += locked.waited
        if self._settings.role is not None:
            await session.pipeline(role_commands(self._settings.role))
        entries = await ensure_tables(session, self._history, locked.columns)
        self._settle(entries, execution)
        plan = make_plan(self._history.service, files, entries, self._options)
        self._say_notices(plan)
        await execution.run(session, plan.steps)
        if not await unlock(session, self._history):
            self._say(EventKind.NOTICE, "The migration lock was lost in mid-run; is there a pooler between?")

    def _settle(self, entries: tuple[Entry, ...], execution: Execution) -> None:
        """After a lost connection: files that were on their way and are on record now were committed after all."""
        done = {entry.filename: entry for entry in entries if entry.done}
        for filename in list(execution.sent):
            entry = done.get(filename)
            if entry is not None:
                took = timedelta(milliseconds=entry.took_ms or 0)
                execution.applied.append(Applied(filename=filename, took=took, at=entry.applied_at))
                execution.sent.remove(filename)
        lost = execution.sent[0] if execution.sent else ""
        if self._losses.get(lost, 0) >= _MOST_LOSSES:
            raise ServerUnreachable(
                f"The connection was lost {_MOST_LOSSES} times while {lost or 'preparing the run'} ran; nothing of it stands.",
                hint="Look into the server's log: a statement of this file may be what ends the session.",
                filename=lost or None,
            )
        execution.sent.clear()

    async def _reconnect(self, lost: ConnectionLost, execution: Execution) -> Session:
        filename = execution.sent[0] if execution.sent else ""
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

    def _say_notices(self, plan: Plan) -> None:
        self._left = plan.left
        self._notices = plan.notices
        for notice in plan.notices:
            self._say(EventKind.NOTICE, notice)

    def _say(self, kind: EventKind, message: str) -> None:
        self._settings.observe(Event(kind=kind, message=message))
