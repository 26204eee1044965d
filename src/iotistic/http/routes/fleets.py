"""Fleets: groups of devices that are run alike."""

from datetime import timedelta
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from iotistic.devices.fleets import Fleet, FleetDraft
from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Limit
from iotistic.http.permissions import Inside, needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.devices import FleetName
from iotistic.http.schemas.fleets import FleetPage, FleetSeen, FleetStated, NewFleet

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/fleets", tags=["fleets"], responses=refusals())

_AFTER = "`next` of the page before."
_Name = Annotated[FleetName, Path(description="The name of a fleet.", examples=["berlin"])]


class _Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    name: Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]


@router.get(
    "",
    dependencies=[needs("fleets:read", anywhere=True)],
    response_model=FleetPage,
    summary="Fleets, by name",
)
async def list_fleets(
    request: Request,
    response: Response,
    inside: Inside,
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """A page that is full has a `next`, also as a Link header; it may lead to an empty page."""
    name = None if after is None else decode_cursor(after, _Position).name
    async with platform_of(request.scope).begin(read_only=True) as work:
        fleets = await work.fleets.list_fleets(bounds=inside, after=name, limit=limit)
    following = encode_cursor(_Position(fleets[-1].name)) if len(fleets) == limit else None
    if following is not None:
        response.headers["Link"] = f'</api/v1/fleets?limit={limit}&after={following}>; rel="next"'
    return {"items": fleets, "next": following}


@router.post(
    "",
    dependencies=[needs("fleets:write")],
    status_code=201,
    response_model=FleetSeen,
    responses=refusals(409),
    summary="Make a fleet",
)
async def create_fleet(request: Request, fleet: NewFleet) -> Fleet:
    """Without devices yet."""
    async with platform_of(request.scope).begin() as work:
        return await work.fleets.create_fleet(fleet.name, _draft(fleet))


@router.get(
    "/{name}",
    dependencies=[needs("fleets:read", fleet="name")],
    response_model=FleetSeen,
    responses=refusals(404),
    summary="One fleet",
)
async def get_fleet(request: Request, name: _Name) -> Fleet:
    """With how many devices it has."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.fleets.get_fleet(name)


@router.put(
    "/{name}",
    dependencies=[needs("fleets:write", fleet="name")],
    response_model=FleetSeen,
    responses=refusals(404),
    summary="Say anew what a fleet is",
)
async def replace_fleet(request: Request, name: _Name, fleet: FleetStated) -> Fleet:
    """Its devices inherit that at once. What is left out is empty from now on."""
    async with platform_of(request.scope).begin() as work:
        return await work.fleets.replace_fleet(name, _draft(fleet))


@router.delete(
    "/{name}",
    dependencies=[needs("fleets:write", fleet="name")],
    status_code=204,
    responses=refusals(404, 409),
    summary="Delete a fleet",
)
async def delete_fleet(request: Request, name: _Name) -> None:
    """One with devices in service is kept."""
    async with platform_of(request.scope).begin() as work:
        await work.fleets.delete_fleet(name)


def _draft(fleet: FleetStated) -> FleetDraft:
    seconds = fleet.expected_every_seconds
    return FleetDraft(
        description=fleet.description,
        default_tags=fleet.default_tags,
        default_settings=fleet.default_settings,
        expected_every=None if seconds is None else timedelta(seconds=seconds),
    )
