"""`iotistic jobs update-agents`."""

from typing import Annotated

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.jobs.starting import Device, ForFleet, ForWhere, TargetWords
from iotistic.cli.jobs.watching import follow
from iotistic.cli.jobs.words import (
    CREATED_BY,
    Attempts,
    Canary,
    Concurrency,
    Threshold,
    WindowText,
    policy_from,
)
from iotistic.cli.options import DataDir, Url, settings_from
from iotistic.cli.output import narrate, run_async
from iotistic.config import Settings
from iotistic.jobs import Job, RolloutPolicy
from iotistic.workflows import update_agents as start_update

__all__ = ["update_agents"]


def update_agents(
    version: Annotated[str, typer.Argument(help="The version to bring them to.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Also those that are there already.")] = False,
    device: Device = None,
    fleet: ForFleet = None,
    where: ForWhere = None,
    concurrency: Concurrency = None,
    canary: Canary = None,
    halt_after: Threshold = None,
    attempts: Attempts = 1,
    window: WindowText = None,
    watch: Annotated[bool, typer.Option("--watch", help="Stay and watch until it is over.")] = False,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Bring agents to a version: a job of one step, as any other."""
    policy = policy_from(
        concurrency=concurrency, canary=canary, threshold=halt_after, attempts=attempts, window=window
    )
    settings = settings_from(data_dir, url)
    meant = TargetWords(devices=tuple(device or ()), fleet=fleet, where=where)
    job = run_async(_start(settings, version, meant, policy, force=force))
    if watch:
        follow(settings, job.id, as_json=False)
    else:
        narrate(
            f"Job {job.id} for {job.tally.total} devices. `iotistic jobs watch {job.id}` shows how it goes."
        )


async def _start(
    settings: Settings, version: str, meant: TargetWords, policy: RolloutPolicy, *, force: bool
) -> Job:
    async with opened(settings) as platform, platform.begin() as work:
        return await start_update(
            work.devices,
            work.jobs,
            work.agent_updates,
            version=version,
            is_forced=force,
            target=await meant.target(work),
            rollout=policy,
            created_by=CREATED_BY,
            now=platform.clock(),
        )
