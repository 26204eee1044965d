"""`iotistic jobs watch`: how a rollout goes, until it is over."""

import asyncio
import sys
from collections.abc import AsyncGenerator

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.jobs.rows import told_tally
from iotistic.cli.jobs.words import JobNumber
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json_lines, run_async
from iotistic.config import Settings
from iotistic.jobs import Job, Tally

__all__ = ["bar", "follow", "watch"]

_EVERY = 0.5
_WIDTH = 30
_NOT_AS_WANTED = 3
_SIGNS = (("succeeded", "█"), ("failures", "x"), ("cancelled", "-"), ("active", "▒"), ("queued", "·"))


def watch(job: JobNumber, data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """Watch a job until it is over (with --json: one object a change). Exit code 3 unless every device succeeded."""
    follow(settings_from(data_dir, url), job, as_json=as_json)


def follow(settings: Settings, job_id: int, *, as_json: bool) -> None:
    """The same for other commands."""
    job = run_async(_follow(settings, job_id, as_json=as_json))
    if job.status != "completed" or job.tally.succeeded < job.tally.total:
        raise typer.Exit(_NOT_AS_WANTED)


def bar(tally: Tally, width: int = _WIDTH) -> str:
    """The devices as a row of signs: done, failed, cancelled, at work, waiting. Whoever is there is seen."""
    present = [(count, sign) for name, sign in _SIGNS if (count := getattr(tally, name))]
    if not present:
        return _SIGNS[-1][1] * width
    widths = [max(1, count * width // tally.total) for count, _ in present]
    # Rounding leaves some over, or takes some too many: the widest part has it.
    widths[widths.index(max(widths))] += width - sum(widths)
    return "".join(sign * size for (_, sign), size in zip(present, widths, strict=True))


async def _follow(settings: Settings, job_id: int, *, as_json: bool) -> Job:
    live = sys.stderr.isatty() and not as_json
    last: Job | None = None
    async for job in _looks(settings, job_id):
        if as_json:
            print_json_lines([{"id": job.id, "status": job.status, **_counts(job.tally)}])
            sys.stdout.flush()
        elif live:
            sys.stderr.write(f"\r\033[K{_line(job)}")
            sys.stderr.flush()
        else:
            narrate(_line(job))
        last = job
    if live:
        sys.stderr.write("\n")
    assert last is not None  # noqa: S101 - there is a first look, or JobNotFound
    return last


async def _looks(settings: Settings, job_id: int) -> AsyncGenerator[Job]:
    """The job at first and at each change, up to the one with which nothing happens any more by itself."""
    last: Job | None = None
    async with opened(settings) as platform:
        while True:
            async with platform.begin(read_only=True) as work:
                job = await work.jobs.get_job(job_id)
            if last is None or (job.status, job.tally) != (last.status, last.tally):
                last = job
                yield job
            if job.status in {"completed", "halted", "cancelled"} and job.tally.active == 0:
                return
            await asyncio.sleep(_EVERY)


def _line(job: Job) -> str:
    why = f" ({job.status_reason})" if job.status_reason else ""
    return f"job {job.id} {job.name}  [{bar(job.tally)}]  {job.status}{why}: {told_tally(job.tally)}"


def _counts(tally: Tally) -> dict[str, int]:
    return {
        "total": tally.total,
        "queued": tally.queued,
        "released": tally.released,
        "in_progress": tally.in_progress,
        "succeeded": tally.succeeded,
        "failed": tally.failed,
        "timed_out": tally.timed_out,
        "rejected": tally.rejected,
        "cancelled": tally.cancelled,
    }
