"""Dashboards: everybody's own, and those that all share."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request

from iotistic.dashboards import Layout, LayoutDraft
from iotistic.errors import Denied
from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Limit
from iotistic.http.permissions import Caller, for_any_account, needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.dashboards import LayoutPage, LayoutSeen, LayoutStated, NewLayout

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/dashboards", tags=["dashboards"], responses=refusals())

_Id = Annotated[int, Path(ge=1, le=2**63 - 1, description="The number of a dashboard.", examples=[12])]
_Device = Annotated[UUID | None, Query(description="Of this device; left out: about no single one.")]
_SHARED = None


class _Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class PersonNeeded(Denied):
    """A key that belongs to no person has no dashboards of its own."""

    code = "person_needed"


async def _person(caller: Caller) -> int:
    if caller.user_id is None:
        raise PersonNeeded("Only people have dashboards of their own.", hint="Use /api/v1/dashboards/shared.")
    return caller.user_id


_Mine = Annotated[int, Depends(_person)]


@router.get(
    "",
    dependencies=[needs("dashboards:read")],
    response_model=LayoutPage,
    summary="Own and shared dashboards",
)
async def list_dashboards(
    request: Request,
    caller: Caller,
    device: Annotated[UUID | None, Query(description="Only those of this device.")] = None,
    after: Annotated[str | None, Query(description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """In the order they were made, without their documents. A page that is full has a `next`."""
    last = None if after is None else decode_cursor(after, _Position).id
    async with platform_of(request.scope).begin(read_only=True) as work:
        found = await work.dashboards.list_layouts(
            viewer=caller.user_id, device_uuid=device, after=last, limit=limit
        )
    return {"items": found, "next": encode_cursor(_Position(found[-1].id)) if len(found) == limit else None}


@router.post(
    "",
    dependencies=[for_any_account],
    status_code=201,
    response_model=LayoutSeen,
    responses=refusals(409),
    summary="Make a dashboard of one's own",
)
async def create_dashboard(request: Request, layout: NewLayout, mine: _Mine) -> Layout:
    """Nobody else sees it. Anybody with an account may, whatever the role."""
    async with platform_of(request.scope).begin() as work:
        return await work.dashboards.create_layout(_draft(layout), owner=mine, device_uuid=layout.device_uuid)


@router.get(
    "/default",
    dependencies=[needs("dashboards:read")],
    response_model=LayoutSeen,
    responses=refusals(404),
    summary="The dashboard to show first",
)
async def get_default_dashboard(request: Request, caller: Caller, device: _Device = None) -> Layout:
    """One's own default, else the shared one."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.dashboards.get_default(viewer=caller.user_id, device_uuid=device)


@router.get(
    "/{id}",
    dependencies=[needs("dashboards:read")],
    response_model=LayoutSeen,
    responses=refusals(404),
    summary="One dashboard",
)
async def get_dashboard(request: Request, id: _Id, caller: Caller) -> Layout:  # noqa: A002 - the word of the path
    """One's own or a shared one; that of somebody else is not found."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.dashboards.get_layout(id, viewer=caller.user_id)


@router.put(
    "/{id}",
    dependencies=[for_any_account],
    response_model=LayoutSeen,
    responses=refusals(404, 409),
    summary="Say anew what a dashboard of one's own is",
)
async def replace_dashboard(
    request: Request,
    id: _Id,  # noqa: A002 - the word of the path
    layout: LayoutStated,
    mine: _Mine,
) -> Layout:
    """The device it shows stays. A shared one is changed at /shared/{id}."""
    async with platform_of(request.scope).begin() as work:
        return await work.dashboards.replace_layout(id, _draft(layout), owner=mine)


@router.delete(
    "/{id}",
    dependencies=[for_any_account],
    status_code=204,
    responses=refusals(404),
    summary="Delete a dashboard of one's own",
)
async def delete_dashboard(request: Request, id: _Id, mine: _Mine) -> None:  # noqa: A002 - the word of the path
    """For good."""
    async with platform_of(request.scope).begin() as work:
        await work.dashboards.delete_layout(id, owner=mine)


@router.post(
    "/shared",
    dependencies=[needs("dashboards:write")],
    status_code=201,
    response_model=LayoutSeen,
    responses=refusals(409),
    summary="Make a dashboard for everybody",
)
async def create_shared_dashboard(request: Request, layout: NewLayout) -> Layout:
    """A shared default is shown to all who have none of their own."""
    async with platform_of(request.scope).begin() as work:
        return await work.dashboards.create_layout(
            _draft(layout), owner=_SHARED, device_uuid=layout.device_uuid
        )


@router.put(
    "/shared/{id}",
    dependencies=[needs("dashboards:write")],
    response_model=LayoutSeen,
    responses=refusals(404, 409),
    summary="Say anew what a shared dashboard is",
)
async def replace_shared_dashboard(
    request: Request,
    id: _Id,  # noqa: A002 - the word of the path
    layout: LayoutStated,
) -> Layout:
    """For everybody, at once."""
    async with platform_of(request.scope).begin() as work:
        return await work.dashboards.replace_layout(id, _draft(layout), owner=_SHARED)


@router.delete(
    "/shared/{id}",
    dependencies=[needs("dashboards:write")],
    status_code=204,
    responses=refusals(404),
    summary="Delete a shared dashboard",
)
async def delete_shared_dashboard(request: Request, id: _Id) -> None:  # noqa: A002 - the word of the path
    """For everybody."""
    async with platform_of(request.scope).begin() as work:
        await work.dashboards.delete_layout(id, owner=_SHARED)


def _draft(layout: LayoutStated) -> LayoutDraft:
    return LayoutDraft(name=layout.name, document=layout.document, is_default=layout.is_default)
