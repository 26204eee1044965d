"""The same facts as `iotistic.migrations.texts`, for machines: names that stay, in the shapes of `output.schema.json`. Pure."""

from datetime import datetime, timedelta
from typing import Any

from iotistic.errors import IotisticError
from iotistic.migrations.entry import Entry, LoggedEvent
from iotistic.migrations.errors import (
    Blocker,
    Failure,
    FilesRefused,
    HistoryRefused,
    LockBusy,
    MigrationFailed,
    Problem,
)
from iotistic.migrations.judging import LintRefused
from iotistic.migrations.lint.texts import finding_fields
from iotistic.migrations.plan import Plan
from iotistic.migrations.report import Report, Status

__all__ = ["error_fields", "event_fields", "plan_fields", "report_fields", "status_fields"]

Fields = dict[str, Any]


def error_fields(error: IotisticError) -> Fields:
    """Any error of ours: code, message and hint always; problems, failure or holder where there are some."""
    fields: Fields = {"code": error.code, "message": error.message, "hint": error.hint}
    match error:
        case MigrationFailed():
            return fields | {"failure": _failure(error.failure)}
        case FilesRefused() | HistoryRefused():
            return fields | {
                "service": error.service,
                "problems": [_problem(problem) for problem in error.problems],
            }
        case LockBusy():
            holder = _blocker(error.holder) if error.holder is not None else None
            return fields | {
                "service": error.service,
                "waited_seconds": _seconds(error.waited),
                "lock": error.lock.value,
                "holder": holder,
            }
        case LintRefused():
            findings = [finding_fields(finding) for finding in error.findings]
            return fields | {"service": error.service, "findings": findings}
        case _:
            return fields | {"facts": {name: _plain(value) for name, value in error.facts.items()}}


def status_fields(status: Status) -> Fields:
    """How a database stands to its folder."""
    comparison = status.comparison
    return {
        "service": status.service,
        "database": status.database,
        "history_exists": status.exists,
        "at_head": status.at_head,
        "head": status.head,
        "applied": [_entry(entry) for entry in comparison.applied],
        "pending": list(status.pending),
        "late": [file.filename for file in comparison.late],
        "unfinished": [_entry(entry) for entry in comparison.unfinished],
        "edited": [file.filename for file in comparison.edited],
        "cosmetic": [file.filename for file in comparison.cosmetic],
        "renamed": [{"was": entry.filename, "is": file.filename} for entry, file in comparison.renamed],
        "missing": [entry.filename for entry in comparison.missing],
    }


def report_fields(report: Report) -> Fields:
    """What a run did."""
    return {
        "service": report.service,
        "database": report.database,
        "applied": [
            {
                "file": applied.filename,
                "milliseconds": round(applied.took / timedelta(milliseconds=1)),
                "applied_at": _moment(applied.at),
            }
            for applied in report.applied
        ],
        "pending": list(report.pending),
        "head": report.head,
        "seconds": _seconds(report.took),
        "waited_seconds": _seconds(report.waited),
        "notices": list(report.notices),
    }


def plan_fields(service: str, database: str, plan: Plan) -> Fields:
    """What a run would do."""
    return {
        "service": service,
        "database": database,
        "steps": [
            {
                "file": step.script.file.filename,
                "number": step.script.file.number,
                "transaction": step.script.directives.transaction,
                "statements": len(step.script.statements),
                "from_statement": step.start + 1,
                "resumed": step.resumed,
            }
            for step in plan.steps
        ],
        "left": list(plan.left),
        "notices": list(plan.notices),
    }


def event_fields(event: LoggedEvent) -> Fields:
    """One event of a history."""
    return {
        "at": _moment(event.at),
        "action": event.action,
        "file": event.filename,
        "reason": event.reason,
        "actor": event.actor,
        "host": event.host,
        "application": event.application,
    }


def _failure(failure: Failure) -> Fields:
    return {
        "service": failure.service,
        "server": failure.server,
        "database": failure.database,
        "file": failure.filename,
        "statement": failure.statement,
        "statements": failure.statements,
        "statement_line": failure.statement_line,
        "statement_text": failure.statement_text,
        "line": failure.line,
        "column": failure.column,
        "excerpt": [{"line": number, "text": text} for number, text in failure.excerpt],
        "sqlstate": failure.sqlstate,
        "severity": failure.severity,
        "message": failure.message,
        "detail": failure.detail,
        "hint": failure.hint,
        "context": failure.context,
        "outcome": failure.outcome.value,
        "statements_done": list(failure.done),
        "attempts": failure.attempts,
        "blockers": [_blocker(blocker) for blocker in failure.blockers],
        "advice": list(failure.advice),
        "next_command": failure.next_command,
    }


def _problem(problem: Problem) -> Fields:
    return {
        "kind": problem.kind.value,
        "files": list(problem.filenames),
        "message": problem.message,
        "hint": problem.hint,
        "line": problem.line,
        "column": problem.column,
    }


def _blocker(blocker: Blocker) -> Fields:
    return {
        "pid": blocker.pid,
        "user": blocker.user,
        "application": blocker.application,
        "host": blocker.host,
        "state": blocker.state,
        "age_seconds": _seconds(blocker.age) if blocker.age is not None else None,
        "query_age_seconds": _seconds(blocker.query_age) if blocker.query_age is not None else None,
        "query": blocker.query,
    }


def _entry(entry: Entry) -> Fields:
    return {
        "file": entry.filename,
        "number": entry.number,
        "kind": entry.kind.value,
        "state": entry.state.value,
        "applied_at": _moment(entry.applied_at),
        "applied_by": entry.applied_by,
        "milliseconds": entry.took_ms,
        "checksum": entry.checksum,
        "statements_total": entry.statements_total,
        "statements_done": entry.statements_done,
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment is not None else None


def _seconds(duration: timedelta) -> float:
    return round(duration.total_seconds(), 3)


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
