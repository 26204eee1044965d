"""What the server answers to commands: rows, and its report on an error."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGresult

__all__ = ["Answers", "CommandFailed", "ConnectionLost", "Row", "ServerReport", "report_of"]

Row = tuple[str | None, ...]
"""One row in text form."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerReport:
    """What PostgreSQL said about an error, field by field."""

    message: str
    sqlstate: str | None = None
    severity: str | None = None
    detail: str | None = None
    hint: str | None = None
    context: str | None = None
    position: int | None = None
    """In characters from 1, within the command's text."""
    internal_query: str | None = None
    """The text that `position` counts in when it is not the command's own."""
    schema: str | None = None
    table: str | None = None
    constraint: str | None = None


class CommandFailed(Exception):
    """The server refused a command; those after it were not run."""

    def __init__(self, index: int, report: ServerReport) -> None:
        super().__init__(report.message)
        self.index = index
        self.report = report


class ConnectionLost(Exception):
    """The connection ended before every answer was in: what was asked last may have happened or not."""

    def __init__(self, message: str, report: ServerReport | None = None) -> None:
        super().__init__(message)
        self.report = report


@final
class Answers:
    """Sorts the results of one pipeline to its commands."""

    def __init__(self, expected: int, on_rows: Callable[[int, list[Row]], None] | None) -> None:
        self.rows: list[list[Row]] = []
        self.failed: CommandFailed | None = None
        self._complete = False
        self._expected = expected
        self._on_rows = on_rows

    def complete(self) -> bool:
        """Whether every command is answered."""
        return self._complete

    @property
    def report(self) -> ServerReport | None:
        """The server's report on the command that failed, if one did."""
        return self.failed.report if self.failed else None

    def take(self, result: PGresult | None) -> None:
        """The next result, as libpq hands it out."""
        if result is None:
            return  # the end of one command's answer
        status = result.status
        if status == ExecStatus.PIPELINE_SYNC:
            self._complete = True
        elif status == ExecStatus.FATAL_ERROR:
            # After the first error the rest is "aborted"; a FATAL may follow it when the server goes down.
            self.failed = self.failed or CommandFailed(len(self.rows), report_of(result))
        elif status != ExecStatus.PIPELINE_ABORTED:
            self.rows.append(_rows(result))
            if self._on_rows is not None:
                self._on_rows(len(self.rows) - 1, self.rows[-1])


def _rows(result: PGresult) -> list[Row]:
    columns = range(result.nfields)
    return [
        tuple(_text(result.get_value(row, column)) for column in columns) for row in range(result.ntuples)
    ]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode(errors="replace")


def report_of(result: PGresult) -> ServerReport:
    """The fields of an error result."""

    def field(which: DiagnosticField) -> str | None:
        return _text(result.error_field(which))

    own = field(DiagnosticField.STATEMENT_POSITION)
    return ServerReport(
        message=field(DiagnosticField.MESSAGE_PRIMARY) or _text(result.error_message) or "unknown error",
        sqlstate=field(DiagnosticField.SQLSTATE),
        severity=field(DiagnosticField.SEVERITY_NONLOCALIZED) or field(DiagnosticField.SEVERITY),
        detail=field(DiagnosticField.MESSAGE_DETAIL),
        hint=field(DiagnosticField.MESSAGE_HINT),
        context=field(DiagnosticField.CONTEXT),
        position=int(own) if own else None,
        internal_query=field(DiagnosticField.INTERNAL_QUERY),
        schema=field(DiagnosticField.SCHEMA_NAME),
        table=field(DiagnosticField.TABLE_NAME),
        constraint=field(DiagnosticField.CONSTRAINT_NAME),
    )
