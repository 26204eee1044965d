"""The words a person reads at three in the morning: what failed, where, what stands, who is in the way, what to type next.

Pure: an error in, text out, coloured or plain. The tests hold golden copies.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final, final

from iotistic.errors import IotisticError
from iotistic.migrations.errors import (
    Blocker,
    BusyLock,
    Failure,
    FilesRefused,
    HistoryRefused,
    LockBusy,
    MigrationFailed,
    Outcome,
    Problem,
)

__all__ = ["Ink", "age_text", "blocker_text", "render", "render_failure", "render_problems"]

_CODES: Final = {"bad": "1;31", "strong": "1", "weak": "2", "warn": "33", "good": "32", "do": "36"}
_LABEL: Final = 9
# Locks, deadlocks, serialization, disk, rights: the same file may work the next time.
_NOT_THE_FILES_FAULT: Final = {"55P03", "40P01", "40001", "53100", "42501"}
_WIDEST_LINE: Final = 160


@final
class Ink:
    """Colours, or none."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    def __call__(self, kind: str, text: str) -> str:
        """`text` in the colour of `kind`: bad, strong, weak, warn, good or do."""
        return f"\033[{_CODES[kind]}m{text}\033[0m" if self._colour and text else text


def render(error: IotisticError, *, colour: bool) -> str:
    """The whole text of an error of this package, or of any other error of ours, without a final line break."""
    ink = Ink(colour=colour)
    match error:
        case MigrationFailed():
            return render_failure(error.failure, ink)
        case FilesRefused() | HistoryRefused():
            return render_problems(error.service, error.problems, ink)
        case LockBusy():
            return _render_busy(error, ink)
        case _:
            lines = [f"{ink('bad', 'error:')} {error.message}"]
            return "\n".join([*lines, *([_next(ink, error.hint)] if error.hint else [])])


def render_failure(failure: Failure, ink: Ink) -> str:
    """A file that failed."""
    blocks = [
        _headline(failure, ink),
        _source(failure, ink),
        _report(failure, ink),
        _outcome(failure, ink),
        _blocked(failure.blockers, ink),
        "\n".join(failure.advice),
        _next(ink, _what_next(failure)) if failure.next_command else "",
    ]
    return "\n\n".join(block for block in blocks if block)


def render_problems(service: str, problems: Sequence[Problem], ink: Ink) -> str:
    """Files or a history that are refused."""
    count = f"{len(problems)} reasons" if len(problems) > 1 else "one reason"
    lines = [f"{ink('bad', 'refused:')} nothing was run for {ink('strong', service)}, for {count}."]
    for problem in problems:
        where = f" ({_place(problem.line, problem.column)})" if problem.line is not None else ""
        lines += ["", f"{ink('bad', '*')} {problem.message}{where}", f"  {ink('do', problem.hint)}"]
    return "\n".join(lines)


def blocker_text(blocker: Blocker) -> str:
    """A session in one line."""
    parts = [f"process {blocker.pid}"]
    parts += [f"user {blocker.user}"] if blocker.user else []
    parts += [f'application "{blocker.application}"'] if blocker.application else []
    parts += [f"from {blocker.host}"] if blocker.host else []
    parts.append(blocker.state or "state not visible")
    parts += [f"open for {age_text(blocker.age)}"] if blocker.age is not None else []
    parts += [f"query began {age_text(blocker.query_age)} ago"] if blocker.query_age is not None else []
    return ", ".join(parts) + (f": {blocker.query}" if blocker.query else "")


def age_text(age: timedelta) -> str:
    """A duration the way people say it: 4 min 3 s."""
    seconds = round(age.total_seconds())
    if seconds < 1:
        return f"{round(age / timedelta(milliseconds=1))} ms"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h"] if hours else []
    parts += [f"{minutes} min"] if minutes else []
    parts += [f"{seconds} s"] if seconds and not hours else []
    return " ".join(parts) or f"{hours} h"


def _headline(failure: Failure, ink: Ink) -> str:
    where = f"{failure.service}, database {failure.database} on {failure.server}"
    if failure.statement is None:
        part = " while it was recorded or committed"
    else:
        part = f" at statement {failure.statement} of {failure.statements}"
    tries = f", after {failure.attempts} tries" if failure.attempts > 1 else ""
    return f"{ink('bad', 'failed:')} {ink('strong', failure.filename)}{part}{tries}\n{ink('weak', where)}"


def _source(failure: Failure, ink: Ink) -> str:
    if failure.statement is None:
        return ""
    marked = failure.line if failure.line is not None else failure.statement_line
    width = len(str(failure.excerpt[-1][0])) if failure.excerpt else 1
    lines = [_where(failure)]
    for number, text in failure.excerpt:
        arrow = ">" if number == marked else " "
        margin = ink("weak", f"{number:>{width}} |")
        lines.append(f"{ink('bad', arrow) if arrow == '>' else arrow} {margin} {_cut(text)}".rstrip())
        if number == failure.line and failure.column is not None:
            # A tab stays a tab, so that the caret stands below its character in every terminal.
            space = "".join("\t" if character == "\t" else " " for character in text[: failure.column - 1])
            lines.append(f"  {' ' * width} {ink('weak', '|')} {space}{ink('bad', '^')}")
    return "\n".join(lines)


def _where(failure: Failure) -> str:
    if failure.line is not None:
        return f"{failure.filename}, {_place(failure.line, failure.column)}:"
    begins = f"the statement begins in line {failure.statement_line}: {failure.statement_text}"
    return f"{failure.filename}, position not reported; {begins}"


def _report(failure: Failure, ink: Ink) -> str:
    code = f" {failure.sqlstate}" if failure.sqlstate else ""
    label = f"{failure.severity or 'ERROR'}{code}:"
    lines = [f"{ink('bad', label)} {failure.message}"]
    for label, text in (("detail", failure.detail), ("hint", failure.hint), ("context", failure.context)):
        if text:
            first, *more = text.splitlines()
            lines.append(f"{ink('weak', f'{label}:'.ljust(_LABEL))}{first}")
            lines += [" " * _LABEL + line for line in more]
    return "\n".join(lines)


def _outcome(failure: Failure, ink: Ink) -> str:
    match failure.outcome:
        case Outcome.ROLLED_BACK:
            return f"{ink('good', 'Rolled back:')} nothing of this file stands."
        case Outcome.UNKNOWN:
            return f"{ink('warn', 'Outcome unknown:')} the server did not answer; the next run looks first."
        case Outcome.STATEMENTS_STAND if failure.done:
            stand = _numbers(failure.done)
            goes = f"the next run goes on at statement {failure.done[-1] + 1}"
            return f"{ink('warn', 'Not a transaction:')} {stand} of this file; {goes}."
        case Outcome.STATEMENTS_STAND:
            return f"{ink('warn', 'Not a transaction:')} no statement of this file stands; the next run begins with the first."


def _numbers(done: Sequence[int]) -> str:
    if len(done) == 1:
        return "statement 1 stands"
    return f"statements {done[0]} to {done[-1]} stand"


def _blocked(blockers: Iterable[Blocker], ink: Ink) -> str:
    lines = [f"{ink('warn', 'In the way:')} {blocker_text(blocker)}" for blocker in blockers]
    if not lines:
        return ""
    pids = [blocker.pid for blocker in blockers]
    return "\n".join([*lines, f"To end it: SELECT pg_terminate_backend({pids[0]});"])


def _what_next(failure: Failure) -> str:
    nothing_to_correct = failure.sqlstate in _NOT_THE_FILES_FAULT
    return (
        failure.next_command if nothing_to_correct else f"correct the file, then type: {failure.next_command}"
    )


def _render_busy(error: LockBusy, ink: Ink) -> str:
    who = (
        "another runner works on"
        if error.lock is BusyLock.MIGRATION
        else "a dump, restore, partition work or another migration works on the database of"
    )
    lines = [f"{ink('bad', 'busy:')} {who} {ink('strong', error.service)}; waited {age_text(error.waited)}."]
    if error.holder is not None:
        lines += ["", _blocked([error.holder], ink)]
    return "\n".join([*lines, "", "Nothing was done. It is safe to run this again."])


def _next(ink: Ink, command: str) -> str:
    return f"{ink('do', 'Next:')} {command}"


def _place(line: int, column: int | None) -> str:
    return f"line {line}, column {column}" if column is not None else f"line {line}"


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST_LINE else text[: _WIDEST_LINE - 1] + "…"
