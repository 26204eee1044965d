"""`iotistic housekeeper ...`."""

import asyncio
import sys
from dataclasses import asdict
from datetime import timedelta
from textwrap import shorten
from typing import Annotated, Any

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.operations.housekeeping import HousekeepingService, JobOutcome, Run, RunTakesLong

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="See what the periodic work did, pause it, ask for it now.",
)

RUN_FAILED = 5
_POLL = 0.2
_HISTORY = timedelta(days=90)

Name = Annotated[str, typer.Argument(help="The job, as `status` lists it.", metavar="JOB")]


@app.command()
def status(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """Show who does the periodic work, and how the last run of each job ended."""
    seen = run_async(_status(settings_from(data_dir, url)))
    if as_json:
        print_json(seen)
        return
    leader = seen["leader"]
    told = f"{leader['application']} (backend {leader['pid']})" if leader else "nobody: start a service"
    sys.stdout.write(f"Leader  {told}\n\n")
    rows = [{**row, "last_run": row["finished_at"], "detail": _brief(row["detail"])} for row in seen["jobs"]]
    print_table(
        rows,
        ["job", "every", "paused_at", "last_run", "outcome", "detail"],
        empty="No leader has known a job yet.",
    )


@app.command()
def history(
    job: Annotated[str | None, typer.Argument(help="Only this job.", metavar="JOB")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many runs.")] = 20,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List runs that did something, failed or were asked for, newest first (with --json: one object a line)."""
    rows = [asdict(run) for run in run_async(_history(settings_from(data_dir, url), job, limit))]
    if as_json:
        print_json_lines(rows)
    else:
        rows = [{**row, "detail": _brief(row["detail"])} for row in rows]
        print_table(rows, ["job", "started_at", "outcome", "detail", "leader"], empty="There was no run yet.")


@app.command()
def run(
    job: Name,
    wait: Annotated[int, typer.Option("--wait", min=1, help="How many seconds to wait for its end.")] = 300,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> int:
    """Ask the leader to do a job now, and wait for its end. Refused while it is paused or nobody leads.

    Exits with 5 when the job failed.
    """
    done = run_async(_run(settings_from(data_dir, url), job, wait))
    if as_json:
        print_json(asdict(done))
    elif done.outcome == JobOutcome.NOTHING:
        narrate("There was nothing to do.")
    else:
        sys.stdout.write(f"{done.detail}\n")
    return 0 if done.outcome in {JobOutcome.DONE, JobOutcome.NOTHING} else RUN_FAILED


@app.command()
def pause(job: Name, data_dir: DataDir = None, url: Url = None) -> None:
    """Keep a job from being run, in every process and after every restart, until it is resumed."""
    run_async(_pause(settings_from(data_dir, url), job, paused=True))
    narrate(f"{job} is paused. `iotistic housekeeper resume` lets it run again.")


@app.command()
def resume(job: Name, data_dir: DataDir = None, url: Url = None) -> None:
    """Let a paused job be run again."""
    run_async(_pause(settings_from(data_dir, url), job, paused=False))
    narrate(f"{job} is run again.")


def _brief(detail: str | None) -> str | None:
    """What fits beside the other columns; --json has it whole."""
    return detail if detail is None else shorten(detail, width=80, placeholder=" ...")


async def _status(settings: Settings) -> dict[str, Any]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        service = HousekeepingService(work.connection)
        leader = await service.find_leader()
        return {
            "leader": asdict(leader) if leader else None,
            "jobs": [asdict(job) for job in await service.list_jobs()],
        }


async def _history(settings: Settings, job: str | None, limit: int) -> list[Run]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        now = platform.clock()
        return await HousekeepingService(work.connection).list_runs(
            limit=limit, since=now - _HISTORY, before=now + timedelta(minutes=1), job=job
        )


async def _run(settings: Settings, job: str, wait: int) -> Run:
    async with opened(settings) as platform:
        async with platform.begin() as work:
            requested = await HousekeepingService(work.connection).request(job)
        try:
            async with asyncio.timeout(wait):
                while True:
                    async with platform.begin(read_only=True) as work:
                        done = await HousekeepingService(work.connection).find_run_since(job, requested)
                    if done is not None:
                        return done
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise RunTakesLong(
                f"{job} has not ended within {wait} seconds; it goes on.",
                hint="`iotistic housekeeper status` shows how it ended.",
                job=job,
            ) from None


async def _pause(settings: Settings, job: str, *, paused: bool) -> None:
    async with opened(settings) as platform, platform.begin() as work:
        service = HousekeepingService(work.connection)
        await (service.pause(job) if paused else service.resume(job))
