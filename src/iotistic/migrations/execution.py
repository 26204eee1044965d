"""The steps of a plan, carried out on a session that holds the lock."""

import asyncio
import contextlib
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, final

from iotistic.migrations import ledger
from iotistic.migrations.advice import Circumstances
from iotistic.migrations.batch import Stuck, compose, in_batches, send_stepwise, sends_ahead
from iotistic.migrations.blockers import Watch, watch_blockers
from iotistic.migrations.connecting import Target, open_session, server_name
from iotistic.migrations.errors import Blocker, Failure, MigrationFailed, Outcome
from iotistic.migrations.failures import Scene, describe
from iotistic.migrations.files import MigrationFile
from iotistic.migrations.ledger import Signature
from iotistic.migrations.patience import RETRYABLE, Patience
from iotistic.migrations.plan import Step
from iotistic.migrations.report import Applied, Event, EventKind, Observer
from iotistic.migrations.session import Command, CommandFailed, Session

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
        self.sent: list[str] = []
        """Files sent and not known to be done: when the connection is lost, their outcome is looked up."""

    async def run(self, session: Session, steps: tuple[Step, ...]) -> None:
        """All steps in order. Raises MigrationFailed at the first that fails for good, ConnectionLost."""
        for batch in in_batches(steps):
            await self._with_patience(session, batch)

    async def _with_patience(self, session: Session, batch: tuple[Step, ...]) -> None:
        """Sends `batch`, and what remains of it again while only locks are in the way."""
        patience = self._patience()
        remaining = list(batch)
        while remaining:
            async with self._watching(session, remaining[0]) as watch:
                stuck = await self._send(session, tuple(remaining))
            if stuck is None:
                return
            await session.pipeline([Command("ROLLBACK")])
            if remaining[0] is not stuck.step:
                patience = self._patience()  # the files before it are done: its own tries begin here
            del remaining[: remaining.index(stuck.step)]
            pause = patience.next_pause() if stuck.report.sqlstate in RETRYABLE else None
            if pause is None:
                raise await self._failed(session, stuck, tries=patience.tries, blockers=watch.blockers)
            self._say_retry(stuck, pause, watch.blockers)
            await asyncio.sleep(pause.total_seconds())

    async def _send(self, session: Session, steps: tuple[Step, ...]) -> Stuck | None:
        self.sent = [step.script.file.filename for step in steps]
        settings = self._settings
        self._say_started(steps[0])
        try:
            if len(steps) > 1 or sends_ahead(steps[0]):
                batch = compose(self._history, steps, signature=settings.signature, role=settings.role)
                await batch.send(session, self._note)
            else:
                self._note(
                    steps[0],
                    await send_stepwise(
                        session, self._history, steps[0], signature=settings.signature, role=settings.role
                    ),
                )
        except Stuck as stuck:
            return stuck
        return None

    def _note(self, step: Step, applied: Applied) -> None:
        self.applied.append(applied)
        self.sent.remove(step.script.file.filename)
        milliseconds = applied.took / timedelta(milliseconds=1)
        self._settings.observe(
            Event(
                kind=EventKind.APPLIED,
                message=f"{applied.filename} applied in {milliseconds:.0f} ms",
                filename=applied.filename,
                took=applied.took,
            )
        )

    async def _failed(
        self, session: Session, stuck: Stuck, *, tries: int, blockers: tuple[Blocker, ...]
    ) -> MigrationFailed:
        """The error for a file that fails for good, after it is written down among the events."""
        target = self._settings.target
        scene = Scene(
            server=server_name(target.endpoint),
            database=target.database,
            script=stuck.step.script,
            statement=stuck.statement,
            outcome=Outcome.ROLLED_BACK,
            attempts=tries,
            blockers=blockers,
        )
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
        command = ledger.event(
            self._history,
            "failure",
            signature=self._settings.signature,
            filename=failure.filename,
            facts=facts,
        )
        # The report to the caller is what counts; a server that is out of disk cannot take a note of it.
        with contextlib.suppress(CommandFailed):
            await session.pipeline([Command("RESET SESSION AUTHORIZATION"), Command("RESET ALL"), command])

    async def _circumstances(self, session: Session, stuck: Stuck) -> Circumstances:
        script = stuck.step.script
        return Circumstances(
            service=self._history.service,
            user=self._settings.role or self._settings.target.endpoint.user,
            file=script.file,
            statement=script.statements[stuck.statement] if stuck.statement is not None else None,
            transaction=script.directives.transaction,
            others=tuple(file for file in self._files if file is not script.file),
            last_unmark=await ledger.last_unmark(session, self._history, script.file.filename),
        )

    def _patience(self) -> Patience:
        return Patience(self._settings.target.limits, now=asyncio.get_running_loop().time)

    def _watching(self, session: Session, step: Step) -> AbstractAsyncContextManager[Watch]:
        target = self._settings.target
        limit = step.script.directives.lock_timeout or target.limits.lock_timeout
        return watch_blockers(
            session, lambda: open_session(target, purpose="watch"), after=min(_WATCH_AFTER, limit / 3)
        )

    def _say_started(self, step: Step) -> None:
        filename = step.script.file.filename
        self._settings.observe(Event(kind=EventKind.STARTED, message=f"{filename} ...", filename=filename))

    def _say_retry(self, stuck: Stuck, pause: timedelta, blockers: tuple[Blocker, ...]) -> None:
        filename = stuck.step.script.file.filename
        who = (
            f"; process {blockers[0].pid} ({blockers[0].application or 'no name'}) is in the way"
            if blockers
            else ""
        )
        self._settings.observe(
            Event(
                kind=EventKind.RETRY,
                message=f"{filename}: {stuck.report.message}{who}; trying again in {pause.total_seconds():.1f} s",
                filename=filename,
                blocker=blockers[0] if blockers else None,
            )
        )
