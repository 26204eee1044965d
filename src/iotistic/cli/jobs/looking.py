"""`iotistic jobs list`, `show`, `devices` and `result`."""

import sys
from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.jobs.rows import execution_row, job_row, told_rollout, told_tally, told_target
from iotistic.cli.jobs.words import JobNumber
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.jobs import Attempt, Execution, ExecutionStatus, Job, JobStatus

__all__ = ["devices", "list_jobs", "result", "show"]

_PAGE = 1000
_COLUMNS = ["device", "status", "attempt", "step", "message", "started_at", "finished_at"]


def list_jobs(
    *,
    status: Annotated[
        JobStatus | None, typer.Option("--status", help="Only those that are so.", metavar="STATUS")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many.")] = 20,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, the newest first (with --json: one object a line)."""
    found = run_async(_list(settings_from(data_dir, url), status, limit))
    if as_json:
        print_json_lines(asdict(job) for job in found)
    else:
        columns = ["id", "name", "status", "done", "failed", "for", "created_by", "created_at"]
        print_table([job_row(job) for job in found], columns, empty="There is no job yet.")


def show(job: JobNumber, data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """Show one job: its rules, its steps, and how far it is."""
    found = run_async(_get(settings_from(data_dir, url), job))
    if as_json:
        print_json(asdict(found))
        return
    why = f" ({found.status_reason})" if found.status_reason else ""
    lines = [
        f"job {found.id}  {found.name}  {found.status}{why}",
        f"for       {told_target(found.target)}{', and who comes later' if found.is_continuous else ''}",
        f"rollout   {told_rollout(found.rollout)}",
        f"devices   {told_tally(found.tally)}",
        f"made      {found.created_at:%Y-%m-%d %H:%M:%S} by {found.created_by}",
        *(
            f"step {number}    {step['action']}{'  ' + step['name'] if step.get('name') else ''}"
            for number, step in enumerate(found.document["steps"], 1)
        ),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def devices(
    job: JobNumber,
    *,
    status: Annotated[
        ExecutionStatus | None, typer.Option("--status", help="Only those that are so.", metavar="STATUS")
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List the devices of a job (with --json: one object a line)."""
    run_async(_print_devices(settings_from(data_dir, url), job, status, as_json=as_json))


def result(
    job: JobNumber,
    device: Annotated[str, typer.Argument(help="The device's name or uuid.")],
    *,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what one device did: each attempt, what it printed and what it found."""
    execution, attempts = run_async(_result(settings_from(data_dir, url), job, device))
    if as_json:
        print_json({"execution": asdict(execution), "attempts": [asdict(one) for one in attempts]})
        return
    narrate(f"{execution.device_name}: {execution.status}")
    for one in attempts:
        code = "" if one.exit_code is None else f", exit code {one.exit_code}"
        narrate(f"attempt {one.attempt}: {one.outcome}{code}{': ' + one.reason if one.reason else ''}")
        if one.output:
            sys.stdout.write(one.output.rstrip("\n") + "\n")
        if one.result is not None:
            print_json(one.result)


async def _list(settings: Settings, status: JobStatus | None, limit: int) -> list[Job]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return list(await work.jobs.list_jobs(status=status, limit=limit))


async def _get(settings: Settings, job_id: int) -> Job:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.jobs.get_job(job_id)


async def _print_devices(
    settings: Settings, job_id: int, status: ExecutionStatus | None, *, as_json: bool
) -> None:
    rows: list[dict[str, Any]] = []
    async for page in _pages(settings, job_id, status):
        if as_json:
            print_json_lines(asdict(one) for one in page)
        else:
            rows += [execution_row(one) for one in page]
    if not as_json:
        print_table(rows, _COLUMNS, empty="No device of the job is so.")


async def _pages(
    settings: Settings, job_id: int, status: ExecutionStatus | None
) -> AsyncGenerator[list[Execution]]:
    after: UUID | None = None
    async with opened(settings) as platform:
        while True:
            async with platform.begin(read_only=True) as work:
                page = list(await work.jobs.list_executions(job_id, status=status, after=after, limit=_PAGE))
            yield page
            if len(page) < _PAGE:
                return
            after = page[-1].device_uuid


async def _result(settings: Settings, job_id: int, name: str) -> tuple[Execution, list[Attempt]]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        device = await get_named_device(work, name)
        execution = await work.jobs.get_execution(job_id, device.uuid)
        return execution, list(await work.jobs.list_attempts(job_id, device.uuid))
