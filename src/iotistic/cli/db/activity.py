"""`iotistic db activity`: what the server's sessions do now, live on a terminal."""

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from iotistic.cli.db.which import Database, Which, opened
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import print_json, print_table, run_async, shortened
from iotistic.config import Settings
from iotistic.operations.inspection import Inspector, ProgressRow, Session

__all__ = ["show_activity"]

_COLUMNS = ["pid", "role", "application", "database", "state", "seconds", "wait", "blocked_by", "statement"]
_PROGRESS = ["pid", "command", "relation", "phase", "percent"]
_CLIENT = "client backend"
_SHOWN = 90
Seen = tuple[Sequence[Session], Sequence[ProgressRow]]


def show_activity(
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Idle sessions and the server's own processes too.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Print one picture, on a terminal too.")] = False,
    interval: Annotated[
        float,
        typer.Option("--interval", metavar="SECONDS", min=0.2, help="How often a live picture is drawn."),
    ] = 2.0,
    database: Which = Database.platform,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what sessions do, whom they wait for, and how far long commands are. Live on a terminal, until Ctrl-C."""
    settings = settings_from(data_dir, url)
    if not as_json and not once and sys.stdout.isatty():
        with contextlib.suppress(KeyboardInterrupt):
            run_async(_live(settings, database, every=every, interval=interval))
        return
    sessions, progress = run_async(_once(settings, database, every=every))
    if as_json:
        print_json(
            {
                "sessions": [asdict(one) for one in sessions],
                "progress": [{**asdict(one), "percent": one.percent} for one in progress],
            }
        )
        return
    print_table([_row(one) for one in sessions], _COLUMNS, empty="Nobody does anything.")
    if progress:
        sys.stdout.write("\n")
        print_table([_progress_row(one) for one in progress], _PROGRESS, empty="")


async def _once(settings: Settings, database: Database, *, every: bool) -> Seen:
    async with opened(settings, database, role="monitor") as connection:
        return await _look(Inspector(connection), every=every)


async def _live(settings: Settings, database: Database, *, every: bool, interval: float) -> None:
    async with opened(settings, database, role="monitor") as connection:
        inspector = Inspector(connection)
        with Live(console=Console(), auto_refresh=False, screen=True) as live:
            while True:
                live.update(picture(*await _look(inspector, every=every)), refresh=True)
                await asyncio.sleep(interval)


async def _look(inspector: Inspector, *, every: bool) -> Seen:
    sessions = [one for one in await inspector.sessions() if every or _is_busy(one)]
    return sessions, await inspector.progress()


def _is_busy(session: Session) -> bool:
    return session.kind == _CLIENT and session.state != "idle"


def picture(sessions: Sequence[Session], progress: Sequence[ProgressRow]) -> Group:
    """Both tables as Rich draws them."""
    return Group(
        _drawn([_row(one) for one in sessions], _COLUMNS),
        Text(""),
        *([_drawn([_progress_row(one) for one in progress], _PROGRESS)] if progress else []),
        Text(f"{len(sessions)} sessions · Ctrl-C ends", style="dim"),
    )


def _drawn(rows: Sequence[dict[str, object]], columns: Sequence[str]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column.upper().replace("_", " "), no_wrap=True)
    for row in rows:
        # Text, not markup: a statement may hold brackets.
        cells = [Text("-" if row[column] is None else str(row[column])) for column in columns]
        table.add_row(*cells, style="yellow" if row.get("blocked_by") else "")
    return table


def _row(session: Session) -> dict[str, object]:
    seconds = session.statement_seconds if session.state == "active" else session.transaction_seconds
    return {
        "pid": session.pid,
        "role": session.role or session.kind,
        "application": session.application or None,
        "database": session.database,
        "state": session.state,
        "seconds": None if seconds is None else f"{max(0.0, seconds):.1f}",
        "wait": session.wait,
        "blocked_by": ", ".join(map(str, session.blocked_by)) or None,
        "statement": shortened(session.query or "", _SHOWN),
    }


def _progress_row(progress: ProgressRow) -> dict[str, object]:
    return {**asdict(progress), "percent": None if progress.percent is None else f"{progress.percent:.0f} %"}
