"""From the server's report on a command to everything known about the failure. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from iotistic.migrations.advice import Circumstances, advice_for
from iotistic.migrations.answers import ServerReport
from iotistic.migrations.errors import Blocker, Failure, Outcome
from iotistic.migrations.history import command_line
from iotistic.migrations.lexer import Kind, Statement
from iotistic.migrations.script import Script

__all__ = ["Scene", "describe"]

_INLINE_LINE = re.compile(r"inline_code_block line (?P<line>\d+)")
_AROUND = 2
_WIDEST = 160


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Where and how a script failed."""

    server: str
    """The server for people."""
    database: str
    """Which database."""
    script: Script
    """What was run."""
    statement: int | None
    """Index of the failed statement; None is a command of ours."""
    outcome: Outcome
    """What it left behind."""
    attempts: int = 1
    """How often it was tried."""
    blockers: tuple[Blocker, ...] = ()
    """Who held the lock it wanted."""
    done: int = 0
    """How many statements stand, when some do."""


def describe(report: ServerReport, scene: Scene, around: Circumstances) -> Failure:
    """Everything known about the failure."""
    script = scene.script
    statement = script.statements[scene.statement] if scene.statement is not None else None
    line, column = _position(report, statement)
    return Failure(
        service=around.service,
        server=scene.server,
        database=scene.database,
        filename=script.file.filename,
        outcome=scene.outcome,
        message=report.message,
        statement=scene.statement + 1 if scene.statement is not None else None,
        statements=len(script.statements),
        statement_line=statement.line if statement else None,
        statement_text=statement.text.split("\n", 1)[0].rstrip()[:_WIDEST] if statement else "",
        line=line,
        column=column,
        excerpt=_excerpt(script.text, line or (statement.line if statement else None)),
        sqlstate=report.sqlstate,
        severity=report.severity,
        detail=report.detail,
        hint=report.hint,
        context=report.context,
        done=tuple(range(1, scene.done + 1)) if scene.outcome is Outcome.STATEMENTS_STAND else (),
        attempts=scene.attempts,
        blockers=scene.blockers,
        advice=advice_for(report, around),
        next_command=command_line(around.service),
    )


def _position(report: ServerReport, statement: Statement | None) -> tuple[int | None, int | None]:
    """Line and column in the file; of a DO block's failure only the line is known, from the context."""
    if statement is None:
        return None, None
    if report.position is not None and report.internal_query is None:
        return statement.locate(report.position)
    inner = _INLINE_LINE.search(report.context or "")
    if inner is None or statement.head(1) != ("DO",):
        return None, None
    body = next((token for token in statement.tokens() if token.kind is Kind.STRING), None)
    if body is None:
        return None, None
    first, _ = statement.locate(body.offset + 1)
    return first + int(inner["line"]) - 1, None


def _excerpt(text: str, line: int | None) -> tuple[tuple[int, str], ...]:
    if line is None:
        return ()
    lines: Sequence[str] = text.split("\n")
    first = max(1, line - _AROUND)
    return tuple(
        (number, lines[number - 1].rstrip("\r")) for number in range(first, min(len(lines), line + 1) + 1)
    )
