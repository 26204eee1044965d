"""Transactional files: BEGIN, statements, history row and COMMIT of several files in one round trip.

The commands of a file are one transaction; the server skips everything after the first error, the following files too, so
that sending ahead never runs anything behind a failure.

Only the last file of a bunch waits until the disk has it, and with it everything before it: the log is written in order.
Each file still is in the database whole, with its history row, or not at all, whatever breaks; see
docs/decisions/0009-one-flush-a-bunch.md.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from iotistic.database.conninfo import milliseconds
from iotistic.migrations.answers import CommandFailed, Row, ServerReport
from iotistic.migrations.history import History, quoted
from iotistic.migrations.plan import Step
from iotistic.migrations.records import Signature, record_applied
from iotistic.migrations.report import Applied
from iotistic.migrations.session import Command, Session

__all__ = [
    "Batch",
    "Place",
    "Stuck",
    "applied_from",
    "commands_before",
    "compose",
    "in_batches",
    "send_stepwise",
    "sends_ahead",
]

_FILES_AHEAD: Final = 64
_CHARACTERS_AHEAD: Final = 500_000
# LOCAL and just before COMMIT: what a file has set itself must not make it less durable than its report says.
_FLUSH: Final = "SET LOCAL synchronous_commit = on"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What one command of a batch is for."""

    step: int
    """Which step of the batch."""
    statement: int | None = None
    """Which of its statements; None is a command of ours."""
    records: bool = False
    """Whether it writes the history row."""


def in_batches(steps: Sequence[Step]) -> Iterator[tuple[Step, ...]]:
    """Consecutive steps that are sent together: transactional files in bunches, every other one alone."""
    bunch: list[Step] = []
    size = 0
    for step in steps:
        length = len(step.script.text)
        if bunch and (
            not sends_ahead(step) or len(bunch) == _FILES_AHEAD or size + length > _CHARACTERS_AHEAD
        ):
            yield tuple(bunch)
            bunch, size = [], 0
        if sends_ahead(step):
            bunch.append(step)
            size += length
        else:
            yield (step,)
    if bunch:
        yield tuple(bunch)


def sends_ahead(step: Step) -> bool:
    """Whether a file can be sent together with others in one round trip."""
    # COPY has a protocol of its own that stops a pipeline.
    copies = any(statement.copy_data is not None for statement in step.script.statements)
    return step.script.directives.transaction and not copies


def commands_before(service: str, step: Step, role: str | None, *, flushed: bool = True) -> list[Command]:
    """What precedes the statements of a file: every trace of the file before it in this session is taken back.

    Not `flushed`: its COMMIT is answered before the disk has it.
    """
    directives = step.script.directives
    settings = {"application_name": _literal(f"migrate:{service}:{step.script.file.filename}"[:63])}
    if not flushed:
        settings["synchronous_commit"] = "off"
    if directives.lock_timeout is not None:
        settings["lock_timeout"] = str(milliseconds(directives.lock_timeout))
    if directives.statement_timeout is not None:
        settings["statement_timeout"] = str(milliseconds(directives.statement_timeout))
    commands = ["RESET ALL", *(f"SET {name} = {value}" for name, value in settings.items())]
    return [*role_commands(role), *(Command(command) for command in commands)]


def role_commands(role: str | None) -> list[Command]:
    """What makes the session the login role again, or the role that migrations run as."""
    commands = [Command("RESET SESSION AUTHORIZATION")]
    return commands if role is None else [*commands, Command(f"SET ROLE {quoted(role)}")]


def _changes_role(step: Step) -> bool:
    heads = (statement.head(3) for statement in step.script.statements)
    return any(head[:1] == ("SET",) and {"ROLE", "AUTHORIZATION"} & set(head) for head in heads)


class Stuck(Exception):
    """The server refused a command of a step; of its transaction nothing stands."""

    def __init__(self, step: Step, statement: int | None, report: ServerReport) -> None:
        super().__init__(report.message)
        self.step = step
        self.statement = statement
        self.report = report


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Commands of some files, what each is for, and who wants to hear of commits."""

    steps: tuple[Step, ...]
    """The files."""
    commands: tuple[Command, ...]
    """All of their commands, in order."""
    places: tuple[Place, ...]
    """What each command is for."""

    async def send(self, session: Session, on_applied: Callable[[Step, Applied], None]) -> None:
        """One round trip; `on_applied` hears of each file that is committed; at the end all of them are on disk.

        Raises Stuck and ConnectionLost.
        """
        records: dict[int, Row] = {}

        def hear(index: int, rows: list[Row]) -> None:
            place = self.places[index]
            if place.records:
                records[place.step] = rows[0]
            elif place.statement is None and place.step in records:  # the COMMIT after it
                step = self.steps[place.step]
                on_applied(step, applied_from(step.script.file.filename, records.pop(place.step)))

        try:
            await session.pipeline(self.commands, on_rows=hear)
        except CommandFailed as failed:
            place = self.places[failed.index]
            raise Stuck(self.steps[place.step], place.statement, failed.report) from failed


def compose(history: History, steps: Sequence[Step], *, signature: Signature, role: str | None) -> Batch:
    """The batch that runs `steps`, all of them transactional files."""
    commands: list[Command] = []
    places: list[Place] = []
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        before = [*commands_before(history.service, step, role, flushed=last), Command("BEGIN")]
        commands += before
        places += [Place(step=number)] * len(before)
        for index, statement in enumerate(step.script.statements):
            commands.append(Command(statement.text))
            places.append(Place(step=number, statement=index))
        after = [*(role_commands(role) if _changes_role(step) else ()), *([Command(_FLUSH)] if last else ())]
        commands += after
        places += [Place(step=number)] * len(after)
        replace = step.resumed or step.script.file.repeatable
        commands.append(record_applied(history, step.script, signature, replace=replace))
        places.append(Place(step=number, records=True))
        commands.append(Command("COMMIT", milestone=True))
        places.append(Place(step=number))
    return Batch(steps=tuple(steps), commands=tuple(commands), places=tuple(places))


def applied_from(filename: str, row: Row) -> Applied:
    """What a history row's answer (milliseconds, epoch) says."""
    milliseconds_taken, at = row
    return Applied(
        filename=filename,
        took=timedelta(milliseconds=int(milliseconds_taken or 0)),
        at=datetime.fromtimestamp(float(at), UTC) if at is not None else None,
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


async def send_stepwise(
    session: Session, history: History, step: Step, *, signature: Signature, role: str | None
) -> Applied:
    """Runs one transactional file statement by statement: COPY data cannot be sent ahead. Raises Stuck and ConnectionLost."""
    statement: int | None = None
    try:
        await session.pipeline(commands_before(history.service, step, role))
        await session.pipeline([Command("BEGIN")])
        for index, part in enumerate(step.script.statements):
            statement = index
            if part.copy_data is None:
                await session.pipeline([Command(part.text)])
            else:
                await session.copy_in(part.text, part.copy_data)
        statement = None
        replace = step.resumed or step.script.file.repeatable
        record = record_applied(history, step.script, signature, replace=replace)
        rows = await session.pipeline([*role_commands(role), Command(_FLUSH), record, Command("COMMIT")])
    except CommandFailed as failed:
        raise Stuck(step, statement, failed.report) from failed
    return applied_from(step.script.file.filename, rows[-2][0])
