"""What devices run: applications, their releases, and which devices are to run which."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request

from iotistic.devices.shadow import Actor
from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.job_words import target_of
from iotistic.http.parameters import Limit
from iotistic.http.permissions import Caller, needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.releases import (
    ApplicationName,
    ApplicationPage,
    ApplicationSeen,
    Deployed,
    DeploymentStated,
    NewApplication,
    NewRelease,
    ReleasePage,
    ReleaseSeen,
)
from iotistic.releases import Application, Release
from iotistic.workflows import Deployment, deploy_release

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/applications", tags=["releases"], responses=refusals())

_Name = Annotated[ApplicationName, Path(description="The name of an application.", examples=["pump-control"])]
_After = Annotated[str | None, Query(description="`next` of the page before.")]


class _Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    name: Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]


class _NumberPosition(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    number: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


@router.get(
    "", dependencies=[needs("releases:read")], response_model=ApplicationPage, summary="Applications, by name"
)
async def list_applications(request: Request, after: _After = None, limit: Limit = 100) -> dict[str, object]:
    """With their newest releases. A page that is full has a `next`."""
    name = None if after is None else decode_cursor(after, _Position).name
    async with platform_of(request.scope).begin(read_only=True) as work:
        found = await work.releases.list_applications(after=name, limit=limit)
    following = encode_cursor(_Position(found[-1].name)) if len(found) == limit else None
    return {"items": found, "next": following}


@router.post(
    "",
    dependencies=[needs("releases:write")],
    status_code=201,
    response_model=ApplicationSeen,
    responses=refusals(409),
    summary="Make an application",
)
async def create_application(request: Request, stated: NewApplication) -> Application:
    """Without releases yet."""
    async with platform_of(request.scope).begin() as work:
        return await work.releases.create_application(stated.name, description=stated.description)


@router.get(
    "/{name}/releases",
    dependencies=[needs("releases:read")],
    response_model=ReleasePage,
    responses=refusals(404),
    summary="Releases of an application",
)
async def list_releases(
    request: Request, name: _Name, after: _After = None, limit: Limit = 100
) -> dict[str, object]:
    """The newest first. A page that is full has a `next`."""
    before = None if after is None else decode_cursor(after, _NumberPosition).number
    async with platform_of(request.scope).begin(read_only=True) as work:
        found = await work.releases.list_releases(name, before=before, limit=limit)
    following = encode_cursor(_NumberPosition(found[-1].number)) if len(found) == limit else None
    return {"items": found, "next": following}


@router.post(
    "/{name}/releases",
    dependencies=[needs("releases:write")],
    status_code=201,
    response_model=ReleaseSeen,
    responses=refusals(404),
    summary="Make a release",
)
async def create_release(request: Request, name: _Name, stated: NewRelease, caller: Caller) -> Release:
    """The next number of the application. It never changes, and no device runs it before it is deployed."""
    async with platform_of(request.scope).begin() as work:
        return await work.releases.create_release(
            name,
            [service.model_dump() for service in stated.services],
            notes=stated.notes,
            created_by=caller.username or f"user {caller.user_id}",
        )


@router.post(
    "/{name}/deployments",
    dependencies=[needs("releases:deploy")],
    response_model=Deployed,
    responses=refusals(404, 409),
    summary="Deploy a release",
)
async def deploy(request: Request, name: _Name, stated: DeploymentStated, caller: Caller) -> Deployment:
    """Writes it into what is desired of up to 1,000 devices, all or none. Deploying an earlier release is a rollback."""
    async with platform_of(request.scope).begin() as work:
        return await deploy_release(
            work.devices,
            work.shadow,
            work.releases,
            application=name,
            release=stated.release,
            target=target_of(stated.target),
            actor=Actor(kind="user", name=caller.username or f"user {caller.user_id}"),
        )
