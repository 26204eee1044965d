"""`iotistic db kill`: stop a statement, or end a session."""

import sys
from datetime import timedelta
from typing import Annotated

import typer

from iotistic.cli.db.which import Database, Which, opened
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, run_async
from iotistic.config import Settings
from iotistic.operations.inspection import Ending, SessionEnder

__all__ = ["end_session"]

NOT_ENDED = 3
_SHOWN = 80


def end_session(
    pid: Annotated[
        int, typer.Argument(metavar="PID", min=1, help="The process, as `iotistic db activity` shows it.")
    ],
    *,
    terminate: Annotated[
        bool, typer.Option("--terminate", help="End the session, instead of only its statement.")
    ] = False,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for its end.")
    ] = 10.0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    database: Which = Database.platform,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Stop the statement of a session, or with --terminate the session. Never our own, never a process of the server's.

    Exit code: 0 it has ended, 3 it may not be ended or has not within --wait.
    """
    settings = settings_from(data_dir, url)
    found = run_async(_find(settings, database, pid, terminate=terminate))
    narrate(_described(found, terminate=terminate))
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("nobody is here to be asked: give --yes", param_hint="--yes")
        typer.confirm("Do it?", abort=True, err=True)
    ended = run_async(_end(settings, database, found, terminate=terminate, wait=timedelta(seconds=wait)))
    if as_json:
        print_json({"pid": pid, "action": "terminate" if terminate else "cancel", "ended": ended})
    elif ended:
        narrate(f"Process {pid}: {'the session has ended' if terminate else 'its statement was stopped'}.")
    else:
        narrate(
            f"Process {pid} was told, and goes on after {wait:g} s; some work of the server cannot be stopped at once."
        )
    if not ended:
        raise typer.Exit(NOT_ENDED)


async def _find(settings: Settings, database: Database, pid: int, *, terminate: bool) -> Ending:
    async with opened(settings, database, role="superuser") as connection:
        return await SessionEnder(connection).find(pid, terminate=terminate)


async def _end(
    settings: Settings, database: Database, found: Ending, *, terminate: bool, wait: timedelta
) -> bool:
    async with opened(settings, database, role="superuser") as connection:
        ender = SessionEnder(connection)
        return await (ender.terminate(found, wait=wait) if terminate else ender.cancel(found, wait=wait))


def _described(found: Ending, *, terminate: bool) -> str:
    query = (found.query or "-")[:_SHOWN]
    seconds = "" if found.statement_seconds is None else f" for {found.statement_seconds:.1f} s"
    what = "End the session" if terminate else "Stop the statement"
    return (
        f"{what} of process {found.pid}: {found.role or found.kind}/{found.application or '-'} on {found.database or '-'},"
        f" {found.state or 'state not visible'}{seconds}: {query}"
    )
