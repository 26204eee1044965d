"""How far a copy of bytes is, as the terminal shows it."""

import sys
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from iotistic.operations import backups

__all__ = ["byte_progress"]


@contextmanager
def byte_progress(title: str) -> Generator[backups.Observe | None]:
    """A bar with bytes, rate and remaining time on a terminal, from the first look on; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = Progress(
        "{task.description}",
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(title, total=None)

    def observe(progress: backups.Progress) -> None:
        bar.start()
        bar.update(task, completed=progress.bytes_done, total=progress.bytes_total)

    try:
        yield observe
    finally:
        if bar.live.is_started:  # else it ends a line that nobody began
            bar.stop()
