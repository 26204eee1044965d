"""How `iotistic migrate` speaks: results on stdout, everything else on stderr, the exit codes of the specification."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

import typer

from iotistic.cli.output import narrate, print_json
from iotistic.errors import Conflict, IotisticError, Unavailable
from iotistic.migrations.errors import HistoryUnusable, LockBusy, MigrationFailed, SchemaBehind
from iotistic.migrations.fields import error_fields
from iotistic.migrations.judging import LintRefused
from iotistic.migrations.lint.texts import render_findings
from iotistic.migrations.report import Event, EventKind, Observer
from iotistic.migrations.texts import Ink, render

__all__ = ["PENDING", "carry_out", "exit_code", "narrator"]

T = TypeVar("T")

PENDING = 2
_TERMINATED = 143
# The first kind that fits decides.
_EXIT_CODES: dict[type[IotisticError], int] = {
    SchemaBehind: PENDING,
    LockBusy: 4,
    MigrationFailed: 5,
    HistoryUnusable: 5,
    LintRefused: 8,
    Conflict: 3,
    Unavailable: 6,
}


def carry_out(work: Coroutine[Any, Any, T], *, as_json: bool) -> T:
    """Runs the work of a command. An error is told, as text or JSON, and becomes the exit code.

    SIGTERM and Ctrl-C cancel the running statement on the server, roll back and give the lock back.
    """
    try:
        return asyncio.run(_until_terminated(work))
    except IotisticError as error:
        fail(error, as_json=as_json)
    except asyncio.CancelledError:
        narrate("Stopped: the running statement was cancelled and rolled back, the lock given back.")
        raise typer.Exit(_TERMINATED) from None


def fail(error: IotisticError, *, as_json: bool) -> NoReturn:
    """Tells an error and ends the command with its exit code."""
    if as_json:
        print_json({"error": error_fields(error)})
    else:
        narrate(_text(error, colour=sys.stderr.isatty()))
    raise typer.Exit(exit_code(error)) from error


def _text(error: IotisticError, *, colour: bool) -> str:
    if not isinstance(error, LintRefused):
        return render(error, colour=colour)
    return f"{render_findings(error.findings, error.texts, colour=colour)}\n\n{render(error, colour=colour)}"


def exit_code(error: IotisticError) -> int:
    """1 usage or unusable files, 2 pending, 3 drift or order, 4 lock busy, 5 SQL failed, 6 no connection, 8 lint refused."""
    return next((code for kind, code in _EXIT_CODES.items() if isinstance(error, kind)), 1)


def narrator(*, quiet: bool) -> Observer:
    """Says on stderr what a run does; a quiet one says nothing."""
    ink = Ink(colour=sys.stderr.isatty())
    colours = {
        EventKind.APPLIED: "good",
        EventKind.WARNING: "warn",
        EventKind.RETRY: "warn",
        EventKind.LOCK_WAIT: "warn",
        EventKind.RECONNECT: "warn",
        EventKind.RESUMED: "strong",
    }

    def tell(event: Event) -> None:
        if not quiet and event.kind is not EventKind.STARTED:
            narrate(ink(colours[event.kind], event.message) if event.kind in colours else event.message)

    return tell


async def _until_terminated(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
