"""`iotistic jobs schedules ...`."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Annotated

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.jobs.rows import told_target
from iotistic.cli.jobs.starting import Device, ForFleet, ForWhere, TargetWords
from iotistic.cli.jobs.words import (
    CREATED_BY,
    Attempts,
    Canary,
    Concurrency,
    Threshold,
    WindowText,
    policy_from,
)
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.jobs import RolloutPolicy
from iotistic.jobs.schedules import CatchUp, JobSchedule, ScheduleDraft

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True, help="When jobs are made by themselves.")

Name = Annotated[str, typer.Argument(help="The schedule's name.")]


@app.command("list")
def list_schedules(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """List schedules by name (with --json: one object a line)."""
    found = run_async(_list(settings_from(data_dir, url)))
    if as_json:
        print_json_lines(asdict(one) for one in found)
        return
    rows = [
        asdict(one) | {"when": one.cron or f"every {one.every}", "for": told_target(one.target)}
        for one in found
    ]
    columns = [
        "name",
        "template",
        "when",
        "time_zone",
        "for",
        "is_enabled",
        "next_run_at",
        "last_job",
        "last_problem",
    ]
    print_table(rows, columns, empty="There is no schedule yet.")


@app.command()
def create(
    name: Name,
    template: Annotated[str, typer.Argument(help="The template of its jobs.")],
    *,
    cron: Annotated[
        str | None, typer.Option("--cron", metavar="EXPRESSION", help="When: '30 2 * * mon-fri'.")
    ] = None,
    every: Annotated[
        int | None, typer.Option("--every-seconds", min=60, help="Or from one run to the next.")
    ] = None,
    time_zone: Annotated[str, typer.Option("--time-zone", metavar="ZONE", help="Whose clocks.")] = "UTC",
    catch_up: Annotated[
        CatchUp, typer.Option("--catch-up", help="What becomes of missed runs.", metavar="skip|once|each")
    ] = "skip",
    device: Device = None,
    fleet: ForFleet = None,
    where: ForWhere = None,
    concurrency: Concurrency = None,
    canary: Canary = None,
    halt_after: Threshold = None,
    attempts: Attempts = 1,
    window: WindowText = None,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Make jobs from a template by cron expression or interval."""
    policy = policy_from(
        concurrency=concurrency, canary=canary, threshold=halt_after, attempts=attempts, window=window
    )
    timing = _Timing(
        cron=cron,
        every=None if every is None else timedelta(seconds=every),
        time_zone=time_zone,
        catch_up=catch_up,
    )
    meant = TargetWords(devices=tuple(device or ()), fleet=fleet, where=where)
    found = run_async(
        _create(settings_from(data_dir, url), name, template, timing=timing, policy=policy, meant=meant)
    )
    narrate(f"{name} comes next at {found.next_run_at:%Y-%m-%d %H:%M:%S} UTC.")


@app.command()
def show(name: Name, data_dir: DataDir = None, url: Url = None) -> None:
    """Show one schedule, as JSON."""
    print_json(asdict(run_async(_get(settings_from(data_dir, url), name))))


@app.command()
def enable(name: Name, data_dir: DataDir = None, url: Url = None) -> None:
    """Let a schedule run from now on."""
    found = run_async(_switch(settings_from(data_dir, url), name, is_enabled=True))
    narrate(f"{name} comes next at {found.next_run_at:%Y-%m-%d %H:%M:%S} UTC.")


@app.command()
def disable(name: Name, data_dir: DataDir = None, url: Url = None) -> None:
    """Let a schedule rest; what would have come meanwhile is not made up for."""
    run_async(_switch(settings_from(data_dir, url), name, is_enabled=False))
    narrate(f"{name} rests.")


@app.command()
def delete(name: Name, data_dir: DataDir = None, url: Url = None) -> None:
    """Delete a schedule; its jobs stay."""
    run_async(_delete(settings_from(data_dir, url), name))
    narrate(f"The schedule {name} is gone.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Timing:
    """What the options say about times."""

    cron: str | None
    every: timedelta | None
    time_zone: str
    catch_up: CatchUp


async def _list(settings: Settings) -> list[JobSchedule]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return list(await work.job_schedules.list_schedules(limit=1000))


async def _create(
    settings: Settings,
    name: str,
    template: str,
    *,
    timing: _Timing,
    policy: RolloutPolicy,
    meant: TargetWords,
) -> JobSchedule:
    async with opened(settings) as platform, platform.begin() as work:
        found = await work.job_templates.get_template(template)
        draft = ScheduleDraft(
            template_id=found.id,
            template_version=None,
            target=await meant.target(work),
            rollout=policy,
            cron=timing.cron,
            every=timing.every,
            time_zone=timing.time_zone,
            catch_up=timing.catch_up,
            created_by=CREATED_BY,
        )
        return await work.job_schedules.create_schedule(name, draft, now=platform.clock())


async def _get(settings: Settings, name: str) -> JobSchedule:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.job_schedules.get_schedule(name)


async def _switch(settings: Settings, name: str, *, is_enabled: bool) -> JobSchedule:
    async with opened(settings) as platform, platform.begin() as work:
        return await work.job_schedules.switch(name, is_enabled=is_enabled, now=platform.clock())


async def _delete(settings: Settings, name: str) -> None:
    async with opened(settings) as platform, platform.begin() as work:
        await work.job_schedules.delete_schedule(name)
