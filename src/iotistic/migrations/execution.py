"""The steps of a plan, carried out on a session that holds the lock."""

import asyncio
import contextlib
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, final

from iotistic.migrations.advice import Circumstances
from iotistic.migrations.answers import CommandFailed
from iotistic.migrations.batch import Stuck, compose, in_batches, role_commands, send_stepwise, sends_ahead
from iotistic.migrations.blockers import Watch, watch_blockers
from iotistic.migrations.connecting import Target, open_session, server_name
from iotistic.migrations.errors import Failure, MigrationFailed, Outcome
from iotistic.migrations.failures import Scene, describe
from iotistic.migrations.files import MigrationFile
from iotistic.migrations.ledger import last_unmark
from iotistic.migrations.patience import RETRYABLE, Patience
from iotistic.migrations.plan import Step
from iotistic.migrations.records import Signature, event_command, failed_record
from iotistic.migrations.report import Applied, Event, EventKind, Observer
from iotistic.migrations.session import Command, Session
from iotistic.migrations.statementwise import Statementwise

__all__ = ["Execution", "Settings"]

_WATCH_AFTER: Final = timedelta(seconds=0.5)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What every file of a run has in common."""

    target: Target
    """Which history, in which database."""
    signature: Signature
    """Who runs it."""
    role: str | None
    """The role it runs as, when it is not the one that logged in."""
    observe: Observer
    """Who watches."""


@final
class Execution:
    """Runs steps one after the other and remembers what it has sent and what is done."""

    def __init__(self, settings: Settings, files: tuple[MigrationFile, ...]) -> None:
        self._settings = settings
        self._files = files
        self._history = settings.target.history
        self.applied: list[Applied] = []
        """Files that are committed and on disk."""
        self._committed: dict[str, Applied] = {}
        self._running: list[str] = []

    @property
    def sent(self) -> tuple[str, ...]:
        """Files sent and not known to be on disk: when the connection is lost, their outcome is looked up."""
        return (*self._committed, *self._running)

    @property
    def running(self) -> str | None:
        """The file that the server is at, as far as is known."""
        return next(iter(self._running), None)

    async def run(self, session: Session, steps: tuple[Step, ...]) -> None:
        """All steps in order. Raises MigrationFailed at the first that fails for good, ConnectionLost."""
        for batch in in_batches(steps):
            if batch[0].script.directives.transaction:
                await self._transactional(session, batch)
            else:
                await self._statementwise(session, batch[0])

    async def _transactional(self, session: Session, batch: tuple[Step, ...]) -> None:
        """Sends `batch`, and what remains of it again while only locks are in the way."""
        remaining = list(batch)
        patience = self._patience()
        while remaining:
            watch, stuck = await self._watched(session, remaining[0], self._send(session, tuple(remaining)))
            if stuck is None:
                self._flushed()
                return
            await session.pipeline([Command("ROLLBACK")])
            if remaining[0] is not stuck.step:
                patience = self._patience()  # the files before it are done: its own tries begin here
            del remaining[: remaining.index(stuck.step)]
            pause = patience.next_pause() if stuck.report.sqlstate in RETRYABLE else None
            if pause is None:
                scene = self._scene(stuck, tries=patience.tries, watch=watch)
                raise await self._failed(session, stuck, scene)
            await self._pause(stuck, pause, watch)

    async def _statementwise(self, session: Session, step: Step) -> None:
        """Runs a no-transaction file, again from its failed statement while only locks are in the way."""
        work = Statementwise(
            self._history,
            step,
            signature=self._settings.signature,
            role=self._settings.role,
            limits=self._settings.target.limits,
            say=lambda message: self._say(EventKind.NOTICE, step, f"{step.script.file.filename}: {message}"),
        )
        patience, done = self._patience(), work.done
        self._say(EventKind.RESUMED if step.start else EventKind.STARTED, step, _beginning(step))
        while True:
            self._running = [step.script.file.filename]
            watch, stuck = await self._watched(session, step, self._run(session, work, step))
            if stuck is None:
                self._flushed()
                return
            if work.done != done:
                patience, done = self._patience(), work.done
            pause = patience.next_pause() if stuck.report.sqlstate in RETRYABLE else None
            if pause is None:
                await session.pipeline(
                    [*role_commands(self._settings.role), failed_record(self._history, step.script)]
                )
                scene = self._scene(stuck, tries=patience.tries, watch=watch)
                scene = replace(scene, outcome=Outcome.STATEMENTS_STAND, done=work.done)
                raise await self._failed(session, stuck, scene)
            await self._pause(stuck, pause, watch)

    async def _watched(
        self, session: Session, step: Step, work: Awaitable[Stuck | None]
    ) -> tuple[Watch, Stuck | None]:
        async with self._watching(session, step) as watch:
            return watch, await work

    async def _run(self, session: Session, work: Statementwise, step: Step) -> Stuck | None:
        try:
            self._note(step, await work.run(session))
        except Stuck as stuck:
            return stuck
        return None

    async def _send(self, session: Session, steps: tuple[Step, ...]) -> Stuck | None:
        self._running = [step.script.file.filename for step in steps]
        settings = self._settings
        self._say(EventKind.STARTED, steps[0], _beginning(steps[0]))
        try:
            if sends_ahead(steps[0]):
                batch = compose(self._history, steps, signature=settings.signature, role=settings.role)
                await batch.send(session, self._note)
            else:
                step = steps[0]
                applied = await send_stepwise(
                    session, self._history, step, signature=settings.signature, role=settings.role
                )
                self._note(step, applied)
        except Stuck as stuck:
            return stuck
        return None

    def _flushed(self) -> None:
        """What is committed is on disk too."""
        self.applied += self._committed.values()
        self._committed.clear()

    def _note(self, step: Step, applied: Applied) -> None:
        self._committed[applied.filename] = applied
        self._running.remove(step.script.file.filename)
        milliseconds = applied.took / timedelta(milliseconds=1)
        self._settings.observe(
            Event(
                kind=EventKind.APPLIED,
                message=f"{applied.filename} applied in {milliseconds:.0f} ms",
                filename=applied.filename,
                took=applied.took,
            )
        )

    def _scene(self, stuck: Stuck, *, tries: int, watch: Watch) -> Scene:
        target = self._settings.target
        return Scene(
            server=server_name(target.endpoint),
            database=target.database,
            script=stuck.step.script,
            statement=stuck.statement,
            outcome=Outcome.ROLLED_BACK,
            attempts=tries,
            blockers=watch.blockers if stuck.report.sqlstate in RETRYABLE else (),
        )

    async def _failed(self, session: Session, stuck: Stuck, scene: Scene) -> MigrationFailed:
        """The error for a file that fails for good, after it is written down among the events."""
        failure = describe(stuck.report, scene, await self._circumstances(session, stuck))
        await self._record_failure(session, failure)
        return MigrationFailed(failure)

    async def _record_failure(self, session: Session, failure: Failure) -> None:
        facts = {
            "statement": failure.statement,
            "line": failure.line,
            "sqlstate": failure.sqlstate,
            "message": failure.message,
            "outcome": failure.outcome,
            "attempts": failure.attempts,
        }
        command = event_command(
            self._history,
            "failure",
            signature=self._settings.signature,
            filename=failure.filename,
            facts=facts,
        )
        # The report to the caller is what counts; a server that is out of disk cannot take a note of it.
        with contextlib.suppress(CommandFailed):
            await session.pipeline([*role_commands(self._settings.role), Command("RESET ALL"), command])

    async def _circumstances(self, session: Session, stuck: Stuck) -> Circumstances:
        script = stuck.step.script
        return Circumstances(
            service=self._history.service,
            user=self._settings.role or self._settings.target.endpoint.user,
            file=script.file,
            statement=script.statements[stuck.statement] if stuck.statement is not None else None,
            transaction=script.directives.transaction,
            others=tuple(file for file in self._files if file is not script.file),
            last_unmark=await last_unmark(session, self._history, script.file.filename),
        )

    def _patience(self) -> Patience:
        return Patience(self._settings.target.limits, now=asyncio.get_running_loop().time)

    def _watching(self, session: Session, step: Step) -> AbstractAsyncContextManager[Watch]:
        target = self._settings.target
        limit = step.script.directives.lock_timeout or target.limits.lock_timeout
        return watch_blockers(
            session, lambda: open_session(target, purpose="watch"), after=min(_WATCH_AFTER, limit / 3)
        )

    async def _pause(self, stuck: Stuck, pause: timedelta, watch: Watch) -> None:
        """Says what is in the way, and waits."""
        filename = stuck.step.script.file.filename
        first = watch.blockers[0] if watch.blockers else None
        who = f"; process {first.pid} ({first.application or 'no name'}) is in the way" if first else ""
        message = f"{filename}: {stuck.report.message}{who}; trying again in {pause.total_seconds():.1f} s"
        self._settings.observe(Event(kind=EventKind.RETRY, message=message, filename=filename, blocker=first))
        await asyncio.sleep(pause.total_seconds())

    def _say(self, kind: EventKind, step: Step, message: str) -> None:
        self._settings.observe(Event(kind=kind, message=message, filename=step.script.file.filename))


def _beginning(step: Step) -> str:
    filename, total = step.script.file.filename, len(step.script.statements)
    if step.start:
        return f"{filename}: going on at statement {step.start + 1} of {total}"
    return f"{filename}: {total} statement{'' if total == 1 else 's'}"
