"""What jobs are made from, and when by themselves."""

from datetime import timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.job_words import policy_of, shown_schedule, target_of
from iotistic.http.parameters import Limit
from iotistic.http.permissions import Caller, needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.job_templates import (
    NewSchedule,
    SchedulePage,
    ScheduleSeen,
    ScheduleSwitched,
    TemplatePage,
    TemplateSeen,
    TemplateStated,
    VersionPage,
)
from iotistic.http.schemas.jobs import TemplateName
from iotistic.jobs import parse_document
from iotistic.jobs.schedules import ScheduleDraft
from iotistic.jobs.templates import JobTemplate

__all__ = ["schedules_router", "templates_router"]

templates_router = APIRouter(prefix="/api/v1/job-templates", tags=["jobs"], responses=refusals())
schedules_router = APIRouter(prefix="/api/v1/job-schedules", tags=["jobs"], responses=refusals())

_Template = Annotated[TemplateName, Path(description="The name of a template.", examples=["greet"])]
_Schedule = Annotated[
    TemplateName, Path(description="The name of a schedule.", examples=["nightly-greeting"])
]
_After = Annotated[str | None, Query(description="`next` of the page before.")]
_Version = Annotated[
    int | None, Query(ge=1, lt=2**63, description="As it was at this version.", examples=[1])
]


class _Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    name: Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]


class _VersionPosition(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    version: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


@templates_router.get(
    "", dependencies=[needs("jobs:read")], response_model=TemplatePage, summary="Job templates, by name"
)
async def list_job_templates(
    request: Request, response: Response, after: _After = None, limit: Limit = 100
) -> dict[str, object]:
    """A page that is full has a `next`, also as a Link header; it may lead to an empty page."""
    name = None if after is None else decode_cursor(after, _Position).name
    async with platform_of(request.scope).begin(read_only=True) as work:
        found = await work.job_templates.list_templates(after=name, limit=limit)
    following = encode_cursor(_Position(found[-1].name)) if len(found) == limit else None
    if following is not None:
        response.headers["Link"] = f'</api/v1/job-templates?limit={limit}&after={following}>; rel="next"'
    return {"items": found, "next": following}


@templates_router.put(
    "/{name}",
    dependencies=[needs("jobs:write")],
    response_model=TemplateSeen,
    summary="Make a template, or its next version",
)
async def save_job_template(
    request: Request, name: _Template, stated: TemplateStated, caller: Caller
) -> JobTemplate:
    """The same document again makes no version. Jobs that were made keep the steps they have."""
    async with platform_of(request.scope).begin() as work:
        return await work.job_templates.save_template(
            name,
            parse_document(stated.document),
            created_by=caller.username or f"user {caller.user_id}",
            description=stated.description,
        )


@templates_router.get(
    "/{name}",
    dependencies=[needs("jobs:read")],
    response_model=TemplateSeen,
    responses=refusals(404),
    summary="One template",
)
async def get_job_template(request: Request, name: _Template, version: _Version = None) -> JobTemplate:
    """At its newest version, or at the one that is asked for."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.job_templates.get_template(name, version=version)


@templates_router.get(
    "/{name}/versions",
    dependencies=[needs("jobs:read")],
    response_model=VersionPage,
    responses=refusals(404),
    summary="The versions of a template",
)
async def list_job_template_versions(
    request: Request, name: _Template, after: _After = None, limit: Limit = 100
) -> dict[str, object]:
    """The newest first."""
    before = None if after is None else decode_cursor(after, _VersionPosition).version
    async with platform_of(request.scope).begin(read_only=True) as work:
        found = await work.job_templates.list_versions(name, before=before, limit=limit)
    following = encode_cursor(_VersionPosition(found[-1].version)) if len(found) == limit else None
    return {"items": found, "next": following}


@templates_router.delete(
    "/{name}",
    dependencies=[needs("jobs:write")],
    status_code=204,
    responses=refusals(404, 409),
    summary="Delete a template",
)
async def delete_job_template(request: Request, name: _Template) -> None:
    """One that a schedule uses is kept. Jobs keep their steps."""
    async with platform_of(request.scope).begin() as work:
        await work.job_templates.delete_template(name)


@schedules_router.get(
    "", dependencies=[needs("jobs:read")], response_model=SchedulePage, summary="Job schedules, by name"
)
async def list_job_schedules(
    request: Request, response: Response, after: _After = None, limit: Limit = 100
) -> dict[str, object]:
    """A page that is full has a `next`, also as a Link header; it may lead to an empty page."""
    name = None if after is None else decode_cursor(after, _Position).name
    async with platform_of(request.scope).begin(read_only=True) as work:
        found = await work.job_schedules.list_schedules(after=name, limit=limit)
    following = encode_cursor(_Position(found[-1].name)) if len(found) == limit else None
    if following is not None:
        response.headers["Link"] = f'</api/v1/job-schedules?limit={limit}&after={following}>; rel="next"'
    return {"items": [shown_schedule(one) for one in found], "next": following}


@schedules_router.post(
    "",
    dependencies=[needs("jobs:write")],
    status_code=201,
    response_model=ScheduleSeen,
    responses=refusals(404, 409),
    summary="Make a schedule",
)
async def create_job_schedule(request: Request, stated: NewSchedule, caller: Caller) -> dict[str, Any]:
    """Whom its jobs are for is found anew at each run."""
    platform = platform_of(request.scope)
    async with platform.begin() as work:
        template = await work.job_templates.get_template(stated.template, version=stated.template_version)
        draft = ScheduleDraft(
            template_id=template.id,
            template_version=stated.template_version,
            target=target_of(stated.target),
            rollout=policy_of(stated.rollout),
            cron=stated.cron,
            every=None if stated.every_seconds is None else timedelta(seconds=stated.every_seconds),
            time_zone=stated.time_zone,
            catch_up=stated.catch_up,
            created_by=caller.username or f"user {caller.user_id}",
        )
        return shown_schedule(
            await work.job_schedules.create_schedule(stated.name, draft, now=platform.clock())
        )


@schedules_router.get(
    "/{name}",
    dependencies=[needs("jobs:read")],
    response_model=ScheduleSeen,
    responses=refusals(404),
    summary="One schedule",
)
async def get_job_schedule(request: Request, name: _Schedule) -> dict[str, Any]:
    """With when it comes next, and what kept it from making a job the last time."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return shown_schedule(await work.job_schedules.get_schedule(name))


@schedules_router.patch(
    "/{name}",
    dependencies=[needs("jobs:write")],
    response_model=ScheduleSeen,
    responses=refusals(404),
    summary="Switch a schedule on or off",
)
async def switch_job_schedule(request: Request, name: _Schedule, stated: ScheduleSwitched) -> dict[str, Any]:
    """What would have come while it was off is not made up for."""
    platform = platform_of(request.scope)
    async with platform.begin() as work:
        return shown_schedule(
            await work.job_schedules.switch(name, is_enabled=stated.enabled, now=platform.clock())
        )


@schedules_router.delete(
    "/{name}",
    dependencies=[needs("jobs:write")],
    status_code=204,
    responses=refusals(404),
    summary="Delete a schedule",
)
async def delete_job_schedule(request: Request, name: _Schedule) -> None:
    """Its jobs stay."""
    async with platform_of(request.scope).begin() as work:
        await work.job_schedules.delete_schedule(name)
