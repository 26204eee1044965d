"""No-transaction files: each statement commits by itself, and a run that was interrupted goes on at the first one not done.

What can be part of a transaction is committed together with its progress, so that it happens exactly once wherever the runner
dies. What cannot (CONCURRENTLY, VACUUM, ...) is looked up in the catalog when an earlier run may have done it.
"""

from collections.abc import Callable
from typing import final

from iotistic.database.conninfo import milliseconds
from iotistic.migrations.answers import CommandFailed
from iotistic.migrations.batch import Stuck, applied_from, commands_before
from iotistic.migrations.history import History
from iotistic.migrations.indexes import build_index
from iotistic.migrations.lexer import Statement
from iotistic.migrations.plan import Step
from iotistic.migrations.records import Signature, finish_record, progress_record, start_record
from iotistic.migrations.recovery import clear_remains, finish_detaching, happened
from iotistic.migrations.report import Applied, RunLimits
from iotistic.migrations.session import Command, Session

__all__ = ["Statementwise"]

# They may commit inside: a transaction around them would be refused.
_MAY_COMMIT = {"CALL", "DO"}
_SESSION_SETTINGS = {"SET", "RESET"}


@final
class Statementwise:
    """One no-transaction file on its way. `run` may be called again after Stuck: it goes on where it was."""

    def __init__(
        self,
        history: History,
        step: Step,
        *,
        signature: Signature,
        role: str | None,
        limits: RunLimits,
        say: Callable[[str], None],
    ) -> None:
        self._history = history
        self._step = step
        self._script = step.script
        self._signature = signature
        self._role = role
        self._limits = limits
        self._say = say
        self._unsure = step.unsure
        self.done = step.start

    async def run(self, session: Session) -> Applied:
        """Runs what is not done yet. Raises Stuck at the first statement that fails, ConnectionLost."""
        await self._prepare(session)
        while self.done < len(self._script.statements):
            statement = self._script.statements[self.done]
            try:
                await self._run_one(session, statement)
            except CommandFailed as failed:
                self._unsure = False  # it failed, and said so
                raise Stuck(self._step, self.done, failed.report) from failed
            self.done += 1
            self._unsure = False
        rows = await session.rows(finish_record(self._history, self._script))
        return applied_from(self._script.file.filename, rows[0])

    async def _prepare(self, session: Session) -> None:
        """The row says "running" before the first statement runs; what SET had set before an interruption is set again."""
        await session.pipeline(commands_before(self._history.service, self._step, self._role))
        await session.pipeline(
            [start_record(self._history, self._script, self._signature, afresh=self.done == 0)]
        )
        for statement in self._script.statements[: self.done]:
            if statement.head(1)[0] in _SESSION_SETTINGS:
                await session.pipeline([Command(statement.text)])

    async def _run_one(self, session: Session, statement: Statement) -> None:
        record = progress_record(self._history, self._script, self.done + 1)
        if statement.outside_transaction is None and statement.head(1)[0] not in _MAY_COMMIT:
            await self._together(session, statement, record)
            return
        await self._alone(session, statement)
        await session.pipeline([record])

    async def _together(self, session: Session, statement: Statement, record: Command) -> None:
        """The statement and its progress in one commit."""
        try:
            if statement.copy_data is None:
                commands = [Command("BEGIN"), Command(statement.text), record, Command("COMMIT")]
                await session.pipeline(commands)
                return
            await session.pipeline([Command("BEGIN")])
            await session.copy_in(statement.text, statement.copy_data)
            await session.pipeline([record, Command("COMMIT")])
        except CommandFailed:
            await session.pipeline([Command("ROLLBACK")])
            raise

    async def _alone(self, session: Session, statement: Statement) -> None:
        index = statement.concurrent_index
        if await finish_detaching(session, statement) or (
            self._unsure and await happened(session, statement)
        ):
            self._say(f"statement {self.done + 1} was done by an earlier run")
            return
        patient = "CONCURRENTLY" in (statement.outside_transaction or "")
        if patient and self._script.directives.lock_timeout is None:
            await self._set_lock_timeout(session, milliseconds(self._limits.index_lock_timeout))
        for name in await clear_remains(session, statement):
            self._say(f"{name} was the remains of a broken REINDEX: dropped")
        if index is not None:
            await build_index(session, statement, index, resumed=self._step.resumed, say=self._say)
        else:
            await session.pipeline([Command(statement.text)])
        if patient and self._script.directives.lock_timeout is None:
            await self._set_lock_timeout(session, milliseconds(self._limits.lock_timeout))

    @staticmethod
    async def _set_lock_timeout(session: Session, value: int) -> None:
        await session.pipeline([Command(f"SET lock_timeout = {value}")])
