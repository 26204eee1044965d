"""The registry: devices and their tags."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from iotistic.devices import Device, DeviceFilter
from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.device_filter import Devices, filter_query
from iotistic.http.parameters import Limit
from iotistic.http.permissions import Inside, needs, require_fleet_inside
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.devices import (
    DeviceChange,
    DevicePage,
    DeviceSeen,
    DeviceStated,
    TagKey,
    TagSeen,
    TagValue,
)

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/devices", tags=["devices"], responses=refusals())

_RETIRED = "Devices out of service instead; these are found by name, kind and fleet."
_AFTER = "`next` of the page before."
_Key = Annotated[
    TagKey, Path(description="Lower-case letters, digits, dots, dashes and underscores.", examples=["site"])
]


class _Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """Where a page ended; a name that PostgreSQL could not hold was never given out."""

    name: Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]


class _RetiredPosition(_Position, frozen=True):
    """The same among devices out of service, whose names repeat."""

    uuid: UUID


@router.get(
    "",
    dependencies=[needs("devices:read", anywhere=True)],
    response_model=DevicePage,
    responses=refusals(404),
    summary="Devices in service, by name",
)
async def list_devices(
    request: Request,
    response: Response,
    which: Devices,
    *,
    retired: Annotated[bool, Query(description=_RETIRED)] = False,
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """A page that is full has a `next`, also as a Link header; it may lead to an empty page."""
    devices = await (_retired_page if retired else _page)(request, which, after, limit)
    following = None
    if len(devices) == limit:
        last = devices[-1]
        following = encode_cursor(_RetiredPosition(last.name, last.uuid) if retired else _Position(last.name))
        query = {**filter_query(dict(request.query_params)), "limit": limit, "after": following}
        response.headers["Link"] = f'</api/v1/devices?{urlencode(query)}>; rel="next"'
    return {"items": devices, "next": following}


async def _page(request: Request, which: DeviceFilter, after: str | None, limit: int) -> Sequence[Device]:
    name = None if after is None else decode_cursor(after, _Position).name
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.devices.list_devices(which, after=name, limit=limit)


async def _retired_page(
    request: Request, which: DeviceFilter, after: str | None, limit: int
) -> Sequence[Device]:
    position = None if after is None else decode_cursor(after, _RetiredPosition)
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.devices.list_retired_devices(
            which, after=None if position is None else (position.name, position.uuid), limit=limit
        )


@router.post(
    "",
    dependencies=[needs("devices:write", anywhere=True)],
    status_code=201,
    response_model=DeviceSeen,
    responses=refusals(404, 409),
    summary="Register a device",
)
async def create_device(request: Request, device: DeviceStated, inside: Inside) -> Device:
    """Before it comes: with a claim key and its serial it enrols as this device."""
    await require_fleet_inside(request.scope, device.fleet, inside)
    async with platform_of(request.scope).begin() as work:
        made = await work.devices.create_device(
            name=device.name, kind=device.kind, serial=device.serial, fleet=device.fleet
        )
        await work.tagging.tag_devices([made.uuid], set_tags=device.tags)
    return made


@router.get(
    "/{uuid}",
    dependencies=[needs("devices:read")],
    response_model=DeviceSeen,
    responses=refusals(404),
    summary="One device",
)
async def get_device(request: Request, uuid: UUID) -> Device:
    """A retired device is still found here."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.devices.get_device(uuid)


@router.patch(
    "/{uuid}",
    dependencies=[needs("devices:write")],
    response_model=DeviceSeen,
    responses=refusals(404, 409),
    summary="Rename a device",
)
async def change_device(request: Request, uuid: UUID, change: DeviceChange) -> Device:
    """No two devices in service have the same name."""
    async with platform_of(request.scope).begin() as work:
        return await work.devices.rename_device(uuid, change.name)


@router.get(
    "/{uuid}/tags",
    dependencies=[needs("devices:read")],
    response_model=list[TagSeen],
    responses=refusals(404),
    summary="The tags of a device",
)
async def list_tags(request: Request, uuid: UUID) -> object:
    """By key, with those it has from its fleet."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        device = await work.devices.get_device(uuid)
        return await work.devices.list_tags(device.uuid)


@router.put(
    "/{uuid}/tags/{key}",
    dependencies=[needs("devices:write")],
    status_code=204,
    responses=refusals(404),
    summary="Tag a device",
)
async def set_tag(request: Request, uuid: UUID, key: _Key, tag: TagValue) -> None:
    """Adds the tag, or replaces its value."""
    async with platform_of(request.scope).begin() as work:
        await work.devices.set_tag(uuid, key, tag.value)


@router.delete(
    "/{uuid}/tags/{key}",
    dependencies=[needs("devices:write")],
    status_code=204,
    responses=refusals(404),
    summary="Take a tag away",
)
async def remove_tag(request: Request, uuid: UUID, key: _Key) -> None:
    """A tag that is not there is told as not found."""
    async with platform_of(request.scope).begin() as work:
        await work.devices.remove_tag(uuid, key)
