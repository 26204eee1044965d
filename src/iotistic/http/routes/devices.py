"""The registry: devices and their tags."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from iotistic.devices import Device
from iotistic.http.access import Reader, Writer
from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Limit
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.devices import DeviceChange, DevicePage, DeviceSeen, TagKey, TagSeen, TagValue

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/devices", tags=["devices"], responses=refusals())

_AFTER = "`next` of the page before."
_Key = Annotated[
    TagKey, Path(description="Lower-case letters, digits, dots, dashes and underscores.", examples=["site"])
]


class _Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """Where a page ended; a name that PostgreSQL could not hold was never given out."""

    name: Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]


@router.get("", response_model=DevicePage, summary="Devices in service, by name")
async def list_devices(
    request: Request,
    response: Response,
    _: Reader,
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """A page that is full has a `next`, also as a Link header; it may lead to an empty page."""
    name = None if after is None else decode_cursor(after, _Position).name
    async with platform_of(request.scope).begin(read_only=True) as work:
        devices = await work.devices.list_devices(after=name, limit=limit)
    following = encode_cursor(_Position(devices[-1].name)) if len(devices) == limit else None
    if following is not None:
        response.headers["Link"] = f'</api/v1/devices?limit={limit}&after={following}>; rel="next"'
    return {"items": devices, "next": following}


@router.get("/{uuid}", response_model=DeviceSeen, responses=refusals(404), summary="One device")
async def get_device(request: Request, uuid: UUID, _: Reader) -> Device:
    """A retired device is still found here."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.devices.get_device(uuid)


@router.patch("/{uuid}", response_model=DeviceSeen, responses=refusals(404, 409), summary="Rename a device")
async def change_device(request: Request, uuid: UUID, change: DeviceChange, _: Writer) -> Device:
    """No two devices in service have the same name."""
    async with platform_of(request.scope).begin() as work:
        return await work.devices.rename_device(uuid, change.name)


@router.get(
    "/{uuid}/tags", response_model=list[TagSeen], responses=refusals(404), summary="The tags of a device"
)
async def list_tags(request: Request, uuid: UUID, _: Reader) -> object:
    """By key."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        device = await work.devices.get_device(uuid)
        return await work.devices.list_tags(device.uuid)


@router.put("/{uuid}/tags/{key}", status_code=204, responses=refusals(404), summary="Tag a device")
async def set_tag(request: Request, uuid: UUID, key: _Key, tag: TagValue, _: Writer) -> None:
    """Adds the tag, or replaces its value."""
    async with platform_of(request.scope).begin() as work:
        await work.devices.set_tag(uuid, key, tag.value)


@router.delete("/{uuid}/tags/{key}", status_code=204, responses=refusals(404), summary="Take a tag away")
async def remove_tag(request: Request, uuid: UUID, key: _Key, _: Writer) -> None:
    """A tag that is not there is told as not found."""
    async with platform_of(request.scope).begin() as work:
        await work.devices.remove_tag(uuid, key)
