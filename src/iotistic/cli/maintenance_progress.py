"""How far a vacuum, an analyze or a reindex is, as the terminal shows it."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from iotistic.cli.output import narrate
from iotistic.operations.inspection import ProgressRow
from iotistic.operations.maintenance import Done, Moment

__all__ = ["progress_view", "told"]


def told(one: Done) -> str:
    """One task that ended, in a line."""
    said = "; ".join((*([one.error] if one.error else []), *one.warnings))
    return f"{one.task} failed: {said}" if said else f"{one.task} in {one.took.total_seconds():.2f} s"


@contextmanager
def progress_view(*, quiet: bool) -> Generator[Callable[[Moment], None]]:
    """A bar on a terminal, a line for each task elsewhere, nothing when `quiet`."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        yield from _bar()
    else:
        count = 0

        def tell(moment: Moment) -> None:
            nonlocal count
            for one in moment.done[count:]:
                narrate(told(one))
            count = len(moment.done)

        yield tell


def _bar() -> Generator[Callable[[Moment], None]]:
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[now]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=None, now="")

        def draw(moment: Moment) -> None:
            now = " · ".join(map(_phase, moment.progress)) or " · ".join(moment.running)
            progress.update(bar, total=moment.total, completed=len(moment.done), now=now)

        yield draw


def _phase(row: ProgressRow) -> str:
    percent = "" if row.percent is None else f" {row.percent:.0f} %"
    return f"{row.command} {row.relation or ''}: {row.phase}{percent}"
