"""Jobs: work for one or many devices, and how it goes."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from iotistic.bootstrap.platform import Work
from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.job_words import policy_of, shown_job, target_of
from iotistic.http.parameters import Limit
from iotistic.http.permissions import Caller, needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.jobs import (
    AttemptList,
    ExecutionPage,
    ExecutionState,
    JobPage,
    JobSeen,
    JobState,
    NewJob,
    ReasonStated,
)
from iotistic.jobs import JobDocumentInvalid, JobDraft, Origin, parse_document
from iotistic.security import Principal
from iotistic.workflows import start_job

__all__ = ["JobId", "router"]

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], responses=refusals())

JobId = Annotated[int, Path(ge=1, lt=2**63, description="The number of a job.", examples=[17])]
_After = Annotated[str | None, Query(description="`next` of the page before.")]


class _Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _DevicePosition(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    uuid: UUID


@router.get("", dependencies=[needs("jobs:read")], response_model=JobPage, summary="Jobs, the newest first")
async def list_jobs(
    request: Request,
    response: Response,
    *,
    status: Annotated[
        JobState | None, Query(description="Only those that are so.", examples=["running"])
    ] = None,
    after: _After = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """A page that is full has a `next`, also as a Link header; it may lead to an empty page."""
    before = None if after is None else decode_cursor(after, _Position).id
    async with platform_of(request.scope).begin(read_only=True) as work:
        jobs = await work.jobs.list_jobs(status=status, before=before, limit=limit)
    following = encode_cursor(_Position(jobs[-1].id)) if len(jobs) == limit else None
    if following is not None:
        filtered = f"&status={status}" if status else ""
        response.headers["Link"] = f'</api/v1/jobs?limit={limit}{filtered}&after={following}>; rel="next"'
    return {"items": [shown_job(job) for job in jobs], "next": following}


@router.post(
    "",
    dependencies=[needs("jobs:write")],
    status_code=201,
    response_model=JobSeen,
    responses=refusals(404, 409),
    summary="Start a job",
)
async def create_job(request: Request, job: NewJob, caller: Caller) -> dict[str, Any]:
    """For the devices in service that are meant now. Those that its rollout lets begin are told at once."""
    platform = platform_of(request.scope)
    async with platform.begin() as work:
        draft = await _draft(work, job, caller)
        return shown_job(await start_job(work.devices, work.jobs, draft, now=platform.clock()))


@router.get(
    "/{job_id}",
    dependencies=[needs("jobs:read")],
    response_model=JobSeen,
    responses=refusals(404),
    summary="One job",
)
async def get_job(request: Request, job_id: JobId) -> dict[str, Any]:
    """With how many devices are in which state."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return shown_job(await work.jobs.get_job(job_id))


@router.post(
    "/{job_id}/pause",
    dependencies=[needs("jobs:write")],
    response_model=JobSeen,
    responses=refusals(404, 409),
    summary="Pause a job",
)
async def pause_job(request: Request, job_id: JobId, stated: ReasonStated | None = None) -> dict[str, Any]:
    """Nobody begins any more; devices at work go on."""
    async with platform_of(request.scope).begin() as work:
        return shown_job(await work.jobs.pause(job_id, reason=_reason(stated)))


@router.post(
    "/{job_id}/resume",
    dependencies=[needs("jobs:write")],
    response_model=JobSeen,
    responses=refusals(404, 409),
    summary="Let a job go on",
)
async def resume_job(request: Request, job_id: JobId) -> dict[str, Any]:
    """Also one that was halted: its failures up to now are forgiven, and its canary counts as passed."""
    platform = platform_of(request.scope)
    async with platform.begin() as work:
        return shown_job(await work.jobs.resume(job_id, now=platform.clock()))


@router.post(
    "/{job_id}/cancel",
    dependencies=[needs("jobs:write")],
    response_model=JobSeen,
    responses=refusals(404, 409),
    summary="End a job",
)
async def cancel_job(request: Request, job_id: JobId, stated: ReasonStated | None = None) -> dict[str, Any]:
    """Devices that have not begun never do; devices at work are asked to stop, and have five minutes for that."""
    async with platform_of(request.scope).begin() as work:
        return shown_job(await work.jobs.cancel(job_id, reason=_reason(stated)))


@router.post(
    "/{job_id}/retry",
    status_code=201,
    dependencies=[needs("jobs:write")],
    response_model=JobSeen,
    responses=refusals(404, 409),
    summary="Retry a job that is over",
)
async def retry_job(request: Request, job_id: JobId, caller: Caller) -> dict[str, Any]:
    """Makes a job of the devices in service for which this one failed, timed out or was rejected; once for each job."""
    platform = platform_of(request.scope)
    async with platform.begin() as work:
        again = await work.jobs.retry(job_id, created_by=_name(caller), now=platform.clock())
        return shown_job(again)


@router.get(
    "/{job_id}/devices",
    dependencies=[needs("jobs:read")],
    response_model=ExecutionPage,
    responses=refusals(404),
    summary="The devices of a job",
)
async def list_job_devices(
    request: Request,
    response: Response,
    job_id: JobId,
    *,
    status: Annotated[
        ExecutionState | None, Query(description="Only those that are so.", examples=["failed"])
    ] = None,
    after: _After = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """In the order of their uuids. A page that is full has a `next`, also as a Link header."""
    behind = None if after is None else decode_cursor(after, _DevicePosition).uuid
    async with platform_of(request.scope).begin(read_only=True) as work:
        found = await work.jobs.list_executions(job_id, status=status, after=behind, limit=limit)
    following = encode_cursor(_DevicePosition(found[-1].device_uuid)) if len(found) == limit else None
    if following is not None:
        filtered = f"&status={status}" if status else ""
        path = f"/api/v1/jobs/{job_id}/devices?limit={limit}{filtered}&after={following}"
        response.headers["Link"] = f'<{path}>; rel="next"'
    return {"items": found, "next": following}


@router.get(
    "/{job_id}/devices/{uuid}",
    dependencies=[needs("jobs:read")],
    response_model=AttemptList,
    responses=refusals(404),
    summary="A job on one device",
)
async def get_job_device(request: Request, job_id: JobId, uuid: UUID) -> dict[str, object]:
    """With how its attempts ended, what they printed and what they found."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        execution = await work.jobs.get_execution(job_id, uuid)
        return {"execution": execution, "attempts": await work.jobs.list_attempts(job_id, uuid)}


async def _draft(work: Work, job: NewJob, caller: Principal) -> JobDraft:
    if (job.template is None) == (job.document is None):
        raise JobDocumentInvalid(
            "A job is made from a template, or from a document given with it: exactly one of the two.",
            field="body.template",
        )
    origin = Origin()
    document: object = job.document
    if job.template is not None:
        template = await work.job_templates.get_template(job.template, version=job.template_version)
        origin = Origin(template_id=template.id, template_version=template.version)
        document = template.document
    return JobDraft(
        name=job.name or job.template or "job",
        document=parse_document(document),
        target=target_of(job.target),
        rollout=policy_of(job.rollout),
        created_by=_name(caller),
        is_continuous=job.continuous,
        origin=origin,
    )


def _name(caller: Principal) -> str:
    return caller.username or f"user {caller.user_id}"


def _reason(stated: ReasonStated | None) -> str | None:
    return None if stated is None else stated.reason
