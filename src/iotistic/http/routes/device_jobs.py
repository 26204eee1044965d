"""Where a device comes for its jobs, and where people see what there was for it."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response

from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Limit
from iotistic.http.permissions import OwnDevice, needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import json_response, refusals
from iotistic.http.routes.jobs import JobId
from iotistic.http.schemas.device_jobs import (
    ClaimGiven,
    NewsGiven,
    ProgressStated,
    ReportGiven,
    ReportStated,
)
from iotistic.http.schemas.jobs import ExecutionPage
from iotistic.http.waiting import has_news, parse_wait
from iotistic.jobs import TOPIC, AttemptReport, Claim, JobNews

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/devices/{uuid}/jobs", tags=["jobs"], responses=refusals(404))

_NOTHING: dict[int | str, dict[str, Any]] = {204: {"description": "There is nothing to do now."}}


async def _wait(
    wait: Annotated[
        str | None,
        Query(description="Answer only when there is news, or after so long: 1s to 60s.", examples=["30s"]),
    ] = None,
) -> timedelta | None:
    return parse_wait(wait)


Wait = Annotated[timedelta | None, Depends(_wait)]


class _Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    job_id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


@router.get(
    "", dependencies=[needs("jobs:read")], response_model=ExecutionPage, summary="What there was for a device"
)
async def list_device_jobs(
    request: Request,
    response: Response,
    uuid: UUID,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """The newest job first. A page that is full has a `next`, also as a Link header."""
    before = None if after is None else decode_cursor(after, _Position).job_id
    async with platform_of(request.scope).begin(read_only=True) as work:
        await work.devices.get_device(uuid)
        found = await work.jobs.list_of_device(uuid, before=before, limit=limit)
    following = encode_cursor(_Position(found[-1].job_id)) if len(found) == limit else None
    if following is not None:
        path = f"/api/v1/devices/{uuid}/jobs?limit={limit}&after={following}"
        response.headers["Link"] = f'<{path}>; rel="next"'
    return {"items": found, "next": following}


@router.post(
    "/next",
    response_model=ClaimGiven,
    responses={**_NOTHING, **refusals(409, 429)},
    tags=["ingest"],
    summary="Claim the next job",
)
async def claim_job(request: Request, uuid: OwnDevice, wait: Wait) -> Response:
    """The device's own, one at a time. Whoever is at work already gets the same attempt again, so that a lost answer loses nothing."""
    platform = platform_of(request.scope)
    claim = await _claim(request, uuid)
    if claim is None and wait is not None:
        loop = asyncio.get_running_loop()
        end = loop.time() + wait.total_seconds()
        with platform.news.subscribed(uuid, (TOPIC,)) as waiter:
            claim = await _claim(request, uuid)  # once more: it may have come before we were told of news
            while claim is None and not platform.news.dismissed:
                if not await has_news(waiter, request, end - loop.time()):
                    break
                claim = await _claim(request, uuid)
    return Response(status_code=204) if claim is None else json_response(claim)


@router.get(
    "/{job_id}",
    response_model=NewsGiven,
    responses=refusals(409, 429),
    tags=["ingest"],
    summary="Whether to go on with an attempt",
)
async def get_job_news(
    request: Request,
    uuid: OwnDevice,
    job_id: JobId,
    wait: Wait,
    attempt: Annotated[int, Query(ge=1, lt=2**31, description="The attempt that runs.", examples=[1])],
) -> Response:
    """409 when the attempt has ended meanwhile. With `wait` not before the device is to stop, or the time is over."""
    platform = platform_of(request.scope)
    loop = asyncio.get_running_loop()
    end = loop.time() + (wait or timedelta()).total_seconds()
    with platform.news.subscribed(uuid, (TOPIC,)) as waiter:
        news = await _news(request, uuid, job_id, attempt)
        while not news.is_cancelled and not platform.news.dismissed:
            if not await has_news(waiter, request, end - loop.time()):
                break
            news = await _news(request, uuid, job_id, attempt)
    return json_response(news)


@router.post(
    "/{job_id}/progress",
    response_model=NewsGiven,
    responses=refusals(409),
    tags=["ingest"],
    summary="Say where the job is",
)
async def note_progress(request: Request, uuid: OwnDevice, job_id: JobId, stated: ProgressStated) -> Response:
    """Gives the device the time of that step; the same again gives no more. 409 when the attempt has ended meanwhile."""
    async with platform_of(request.scope).begin() as work:
        news = await work.job_desk.progress(
            job_id, uuid, attempt=stated.attempt, step=stated.step, message=stated.message
        )
    return json_response(news)


@router.post(
    "/{job_id}/report",
    response_model=ReportGiven,
    responses=refusals(409),
    tags=["ingest"],
    summary="Say how the attempt ended",
)
async def report_job(request: Request, uuid: OwnDevice, job_id: JobId, stated: ReportStated) -> Response:
    """Send it until it is answered: twice the same is kept once. 409 when the attempt ended otherwise meanwhile; nothing changes."""
    platform = platform_of(request.scope)
    report = AttemptReport(
        attempt=stated.attempt,
        outcome=stated.outcome,
        reason=None if stated.reason is None else stated.reason.replace("\0", "\ufffd"),
        step=stated.step,
        exit_code=stated.exit_code,
        output=stated.output,
        result=stated.result,
    )
    async with platform.begin() as work:
        recorded = await work.job_desk.report(job_id, uuid, report)
        work.after_commit(lambda: platform.rollouts.nudge(job_id))
    return json_response({"recorded": recorded})


async def _claim(request: Request, uuid: UUID) -> Claim | None:
    async with platform_of(request.scope).begin() as work:
        return await work.job_desk.claim(uuid)


async def _news(request: Request, uuid: UUID, job_id: int, attempt: int) -> JobNews:
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.job_desk.get_news(job_id, uuid, attempt=attempt)
