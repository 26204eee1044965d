"""Bringing agents to a version: a job of one step like any other, and the note that it is one."""

from datetime import datetime, timedelta

from iotistic.devices import DeviceService
from iotistic.jobs import Job, JobDraft, JobService, JobTarget, RolloutPolicy
from iotistic.jobs.agent_updates import AgentUpdateService, update_document
from iotistic.workflows.start_job import start_job

__all__ = ["UPDATE_TIMEOUT", "update_agents"]

UPDATE_TIMEOUT = timedelta(minutes=30)
"""What an agent has for its update, the restart included."""


async def update_agents(
    devices: DeviceService,
    jobs: JobService,
    updates: AgentUpdateService,
    *,
    version: str,
    is_forced: bool,
    target: JobTarget,
    rollout: RolloutPolicy,
    lasts: timedelta = UPDATE_TIMEOUT,
    created_by: str,
    now: datetime,
) -> Job:
    """Starts the update of the agents that are meant. Raises what `start_job` raises, or UpdateInvalid."""
    draft = JobDraft(
        name=f"update agents to {version}",
        document=update_document(version, is_forced=is_forced, timeout=lasts),
        target=target,
        rollout=rollout,
        created_by=created_by,
    )
    job = await start_job(devices, jobs, draft, now=now)
    await updates.note_update(job.id, version, is_forced=is_forced)
    return job
