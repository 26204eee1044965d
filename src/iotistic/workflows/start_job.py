"""Making jobs: who is meant is the registry's knowledge, what becomes of them the jobs'."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from iotistic.devices import DeviceFilter, DeviceService
from iotistic.devices.tag_expression import parse_tag_expression
from iotistic.errors import Conflict, Invalid, NotFound
from iotistic.jobs import (
    MOST_DEVICES,
    Job,
    JobDraft,
    JobService,
    JobTarget,
    Origin,
    TargetInvalid,
    parse_document,
    require_target,
)
from iotistic.jobs.schedules import DueSchedule, ScheduleService, due_runs
from iotistic.jobs.templates import TemplateService

__all__ = ["ScheduleRun", "admit_devices", "devices_meant", "run_due_schedule", "start_job"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRun:
    """What became of a schedule that was due."""

    schedule: str
    jobs: tuple[int, ...]
    problem: str | None
    """Why there is no job, or not each."""


async def start_job(devices: DeviceService, jobs: JobService, draft: JobDraft, *, now: datetime) -> Job:
    """Makes a job of the devices that are meant now, and lets the first of them begin.

    Raises TargetInvalid for a device that is not in service, FleetNotFound, TagExpressionInvalid, JobWithoutTargets, JobTooLarge
    or RolloutInvalid.
    """
    target = require_target(draft.target, is_continuous=draft.is_continuous)
    meant = await devices_meant(devices, target)
    missing = set(target.devices or ()) - set(meant)
    if missing:
        raise TargetInvalid(f"The device {min(missing)} is not in service.", field="body.target.devices")
    job_id = await jobs.create_job(draft, meant)
    if job_id is None:
        raise TargetInvalid("There is a job of this run of the schedule.")
    await jobs.advance(job_id, now=now)
    return await jobs.get_job(job_id)


async def admit_devices(devices: DeviceService, jobs: JobService, job_id: int, *, now: datetime) -> int:
    """Takes the devices that came to be meant into a continuous job; answers how many. A fleet that is gone has none."""
    try:
        meant = await devices_meant(devices, await jobs.get_target(job_id))
    except NotFound:
        return 0
    added = await jobs.add_devices(job_id, meant[:MOST_DEVICES])
    if added:
        await jobs.advance(job_id, now=now)
    return added


async def run_due_schedule(
    devices: DeviceService,
    templates: TemplateService,
    schedules: ScheduleService,
    jobs: JobService,
    *,
    now: datetime,
) -> ScheduleRun | None:
    """Makes the jobs of the schedule that is due longest; None when none is. Call it again until then.

    What is wrong with the schedule itself is noted with it, and keeps neither it nor the others from their next run.
    """
    due = await schedules.find_due(now=now)
    if due is None:
        return None
    made: list[int] = []
    problem: str | None = None
    try:
        for run in due_runs(due.timetable, due.catch_up, since=due.due_at, now=now):
            draft = await _draft(templates, due, run)
            job_id = await jobs.create_job(draft, await devices_meant(devices, due.target))
            if job_id is not None:
                await jobs.advance(job_id, now=now)
                made.append(job_id)
    except (Invalid, NotFound, Conflict) as error:
        problem = error.message
    await schedules.settle(due, now=now, problem=problem)
    return ScheduleRun(schedule=due.name, jobs=tuple(made), problem=problem)


async def _draft(templates: TemplateService, due: DueSchedule, run: datetime) -> JobDraft:
    template = await templates.get_template_by_id(due.template_id, version=due.template_version)
    return JobDraft(
        name=due.name,
        document=parse_document(template.document),
        target=due.target,
        rollout=due.rollout,
        created_by=f"schedule {due.name}",
        origin=Origin(
            template_id=template.id,
            template_version=template.version,
            schedule_id=due.id,
            scheduled_for=run,
        ),
    )


async def devices_meant(devices: DeviceService, target: JobTarget) -> Sequence[UUID]:
    """Those in service, one more than a job may have where there are so many."""
    if target.devices is not None:
        return await devices.list_in_service(target.devices)
    where = None if target.where is None else parse_tag_expression(target.where, field="body.target.where")
    return await devices.match_devices(DeviceFilter(where=where, fleet=target.fleet), limit=MOST_DEVICES + 1)
