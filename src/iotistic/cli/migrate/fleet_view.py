"""How a run over many databases looks while it goes on and when it is over."""

import sys
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from iotistic.cli.output import narrate
from iotistic.migrations.tenants import FleetReport, State, TenantResult
from iotistic.migrations.tenants import Progress as Moment
from iotistic.migrations.tenants.model import ProgressObserver

__all__ = ["fleet_fields", "live_view", "show_report"]

_NAMED = 4
_WORDS = {
    State.APPLIED: "applied",
    State.CURRENT: "nothing to do",
    State.FAILED: "failed",
    State.INTERRUPTED: "interrupted",
    State.UNREACHED: "not reached",
}


@contextmanager
def live_view(*, quiet: bool) -> Generator[ProgressObserver]:
    """An observer that shows a run: a bar on a terminal, a line for each tenant elsewhere, nothing when `quiet`."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        yield from _bar()
    else:
        yield _tell


def _tell(moment: Moment) -> None:
    if moment.finished is not None:
        narrate(f"[{_done(moment)}/{moment.total}] {_line(moment.finished)}")


def _bar() -> Generator[ProgressObserver]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[who]}"), console=Console(stderr=True)) as progress:
        task = progress.add_task("canary", total=None, who="")

        def watch(moment: Moment) -> None:
            others = f" and {len(moment.running) - _NAMED} more" if len(moment.running) > _NAMED else ""
            who = ", ".join(moment.running[:_NAMED]) + others
            progress.update(
                task,
                description=_counts(moment.counts) or moment.wave.value,
                total=moment.total,
                completed=_done(moment),
                who=who,
            )
            if moment.finished is not None and not moment.finished.state.done:
                progress.console.print(_line(moment.finished), markup=False, highlight=False)

        yield watch


def _done(moment: Moment) -> int:
    return sum(moment.counts.values())


def _counts(counts: dict[State, int]) -> str:
    return ", ".join(f"{count} {_WORDS[state]}" for state, count in counts.items())


def _line(result: TenantResult) -> str:
    database = f" ({result.database})" if result.database != result.name else ""
    what = f": {len(result.applied)} files" if result.applied else ""
    failed = f": {result.error}" if result.error else ""
    took = f" in {result.took.total_seconds():.2f} s" if result.state is not State.UNREACHED else ""
    return f"{result.name}{database} {_WORDS[result.state]}{what}{took}{failed}"


def show_report(report: FleetReport, again: str) -> None:
    """The summary: how many ended how, who did not make it and why, the slowest, and `again`, what to type next."""
    for notice in report.notices:
        narrate(notice)
    for result in report.results:
        if not result.state.done and result.state is not State.UNREACHED:
            sys.stdout.write(_line(result) + "\n")
    stopped = f"; stopped because {report.stopped}" if report.stopped else ""
    narrate(
        f"run {report.run} of {report.service}: {_counts(report.counts)} of {len(report.results)}{stopped}"
    )
    slowest = ", ".join(f"{one.name} {one.took.total_seconds():.2f} s" for one in report.slowest())
    if slowest:
        narrate(f"slowest: {slowest}")
    if not report.complete:
        narrate(f"Next: {again}")


def fleet_fields(report: FleetReport) -> dict[str, object]:
    """The same with names that stay."""
    return {
        "run": report.run,
        "service": report.service,
        "started_at": report.started_at,
        "complete": report.complete,
        "stopped": report.stopped,
        "seconds": round(report.took.total_seconds(), 3),
        "counts": {state.value: count for state, count in report.counts.items()},
        "slowest": [one.name for one in report.slowest()],
        "notices": list(report.notices),
        "tenants": [
            {
                "name": one.name,
                "database": one.database,
                "state": one.state.value,
                "applied": list(one.applied),
                "seconds": round(one.took.total_seconds(), 3),
                "error": one.error,
                "code": one.code,
                "file": one.filename,
            }
            for one in report.results
        ],
    }
