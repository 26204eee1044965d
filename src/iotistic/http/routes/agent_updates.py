"""Bringing agents to a version."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request

from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.job_words import policy_of, shown_job, target_of
from iotistic.http.parameters import Limit
from iotistic.http.permissions import Caller, needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.agent_updates import DeviceUpdatePage, NewUpdate, UpdatePage
from iotistic.http.schemas.jobs import JobSeen
from iotistic.workflows import update_agents

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["jobs"], responses=refusals())

_After = Annotated[str | None, Query(description="`next` of the page before.")]


class _Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    job_id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


@router.post(
    "/agent-updates",
    dependencies=[needs("jobs:write")],
    status_code=201,
    response_model=JobSeen,
    responses=refusals(404),
    summary="Update agents",
)
async def start_agent_update(request: Request, stated: NewUpdate, caller: Caller) -> dict[str, Any]:
    """Starts a job of one step, `update_agent`, and answers it: it is watched, paused and cancelled as any other."""
    platform = platform_of(request.scope)
    async with platform.begin() as work:
        job = await update_agents(
            work.devices,
            work.jobs,
            work.agent_updates,
            version=stated.version,
            is_forced=stated.force,
            target=target_of(stated.target),
            rollout=policy_of(stated.rollout),
            lasts=timedelta(seconds=stated.timeout_seconds),
            created_by=caller.username or f"user {caller.user_id}",
            now=platform.clock(),
        )
    return shown_job(job)


@router.get(
    "/agent-updates",
    dependencies=[needs("jobs:read")],
    response_model=UpdatePage,
    summary="Updates of agents, the newest first",
)
async def list_agent_updates(request: Request, after: _After = None, limit: Limit = 100) -> dict[str, object]:
    """With how many agents are there. A page that is full has a `next`."""
    before = None if after is None else decode_cursor(after, _Position).job_id
    async with platform_of(request.scope).begin(read_only=True) as work:
        found = await work.agent_updates.list_updates(before=before, limit=limit)
    following = encode_cursor(_Position(found[-1].job_id)) if len(found) == limit else None
    return {"items": found, "next": following}


@router.get(
    "/devices/{uuid}/agent-updates",
    dependencies=[needs("jobs:read")],
    response_model=DeviceUpdatePage,
    responses=refusals(404),
    summary="The updates of one device's agent",
)
async def list_device_agent_updates(
    request: Request, uuid: UUID, after: _After = None, limit: Limit = 100
) -> dict[str, object]:
    """The newest first, beside the version that the agent last said it has."""
    before = None if after is None else decode_cursor(after, _Position).job_id
    async with platform_of(request.scope).begin(read_only=True) as work:
        await work.devices.get_device(uuid)
        found = await work.agent_updates.list_of_device(uuid, before=before, limit=limit)
    following = encode_cursor(_Position(found[-1].job_id)) if len(found) == limit else None
    return {"items": found, "next": following}
