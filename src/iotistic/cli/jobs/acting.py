"""`iotistic jobs pause`, `resume`, `cancel` and `retry`."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from iotistic.bootstrap.platform import Platform, Work
from iotistic.cli.device_options import opened
from iotistic.cli.jobs.rows import told_tally
from iotistic.cli.jobs.words import CREATED_BY, JobNumber
from iotistic.cli.options import DataDir, Url, settings_from
from iotistic.cli.output import narrate, run_async
from iotistic.config import Settings
from iotistic.jobs import Job

__all__ = ["cancel", "pause", "resume", "retry"]

Reason = Annotated[str | None, typer.Option("--reason", help="Why, for those who look at it later.")]
Act = Callable[[Platform, Work], Awaitable[Job]]


def pause(job: JobNumber, reason: Reason = None, data_dir: DataDir = None, url: Url = None) -> None:
    """Let no more devices begin; those at work go on."""
    _carry_out(settings_from(data_dir, url), lambda _, work: work.jobs.pause(job, reason=reason))


def resume(job: JobNumber, data_dir: DataDir = None, url: Url = None) -> None:
    """Let it go on, also one that its own rules halted."""
    _carry_out(
        settings_from(data_dir, url), lambda platform, work: work.jobs.resume(job, now=platform.clock())
    )


def cancel(job: JobNumber, reason: Reason = None, data_dir: DataDir = None, url: Url = None) -> None:
    """End it: devices at work are asked to stop, the others never begin."""
    _carry_out(settings_from(data_dir, url), lambda _, work: work.jobs.cancel(job, reason=reason))


def retry(job: JobNumber, data_dir: DataDir = None, url: Url = None) -> None:
    """Make a job of the devices for which one that is over failed."""
    _carry_out(
        settings_from(data_dir, url),
        lambda platform, work: work.jobs.retry(job, created_by=CREATED_BY, now=platform.clock()),
    )


def _carry_out(settings: Settings, act: Act) -> None:
    job = run_async(_act(settings, act))
    narrate(f"Job {job.id} is {job.status}: {told_tally(job.tally)}.")


async def _act(settings: Settings, act: Act) -> Job:
    async with opened(settings) as platform, platform.begin() as work:
        job = await act(platform, work)
        return await work.jobs.get_job(job.id)
