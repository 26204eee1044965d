"""The registry as a fleet needs it: many devices at once, and their coming and going."""

import asyncio
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from iotistic.bootstrap.exporting import export_devices
from iotistic.devices import Device, DeviceFilter
from iotistic.devices.bulk import FileFormat, ImportReport, read_devices
from iotistic.devices.tag_expression import parse_tag_expression
from iotistic.devices.tagging.service import MOST_DEVICES
from iotistic.http.device_filter import Devices
from iotistic.http.permissions import Caller, Inside, needs, require_devices_inside, require_fleet_inside
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.devices import (
    DeviceRestored,
    DeviceRetired,
    DeviceSeen,
    DevicesTagged,
    FleetChoice,
    ImportReported,
    TaggingStated,
)
from iotistic.workflows import Retirement, restore_device, retire_device

__all__ = ["IMPORT_PATH", "router"]

router = APIRouter(prefix="/api/v1/devices", tags=["devices"], responses=refusals())

IMPORT_PATH = "/api/v1/devices/import"
_FORMS: dict[str, FileFormat] = {"text/csv": "csv", "application/x-ndjson": "ndjson"}
_MEDIA: dict[FileFormat, str] = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
_FORM = "An object a line, or a table with a header; an import takes both."
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {
                    "type": "string",
                    "description": "name, kind, serial, fleet, and a column tag.KEY for each tag.",
                },
                "example": "name,kind,serial,tag.site\npump-7,sensor,S-0007,berlin\n",
            },
            "application/x-ndjson": {
                "schema": {
                    "type": "string",
                    "description": "An object a line: name, kind, serial, fleet, tags.",
                },
                "example": '{"name":"pump-7","kind":"sensor","serial":"S-0007","tags":{"site":"berlin"}}\n',
            },
        },
    }
}
_EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Devices in service, by name.",
        "content": {
            "application/x-ndjson": {"schema": {"type": "string", "description": "An object a line."}},
            "text/csv": {"schema": {"type": "string", "description": "A table with a header."}},
        },
    }
}


@router.post(
    "/import",
    dependencies=[needs("devices:write")],
    response_model=ImportReported,
    responses=refusals(409, 415),
    openapi_extra=_FILE,
    summary="Import devices from a file",
)
async def import_devices(request: Request) -> ImportReport:
    """Stores every good line and tells the others by number and reason.

    A device in service with the serial of a line becomes what the line says: the same file twice makes nothing twice.
    """
    form = _form_of(request)
    lines = await asyncio.to_thread(read_devices, await request.body(), form)
    async with platform_of(request.scope).begin() as work:
        return await work.bulk.import_devices(lines)


@router.get(
    "/export",
    dependencies=[needs("devices:read", anywhere=True)],
    response_class=Response,
    responses={**_EXPORTED, **refusals(404)},
    summary="Export devices as a file",
)
async def export(
    request: Request,
    which: Devices,
    form: Annotated[FileFormat, Query(alias="format", description=_FORM, examples=["csv"])] = "ndjson",
) -> StreamingResponse:
    """Devices in service by name, as an import understands them; streamed, however many there are."""
    parts = export_devices(platform_of(request.scope), which, form)
    first = await anext(parts, b"")  # what can be refused is refused before the answer begins

    async def stream() -> AsyncGenerator[bytes]:
        yield first
        async for part in parts:
            yield part

    name = f"devices.{form}"
    return StreamingResponse(
        stream(), media_type=_MEDIA[form], headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@router.post(
    "/tags",
    dependencies=[needs("devices:write", anywhere=True)],
    response_model=DevicesTagged,
    summary="Tag many devices",
)
async def tag_devices(request: Request, tagging: TaggingStated, inside: Inside) -> dict[str, int]:
    """All or, when a tag is refused, none. Devices that are unknown are passed over."""
    async with platform_of(request.scope).begin() as work:
        await require_devices_inside(work, tagging.devices or [], inside)
        uuids = tagging.devices
        if tagging.where is not None:
            where = parse_tag_expression(tagging.where, field="body.where")
            meant = DeviceFilter(where=where, bounds=inside)
            uuids = list(await work.devices.match_devices(meant, limit=MOST_DEVICES + 1))
        changed = await work.tagging.tag_devices(uuids or [], set_tags=tagging.set, remove=tagging.remove)
    return {"matched": len(uuids or []), "changed": changed}


@router.post(
    "/{uuid}/retire",
    dependencies=[needs("devices:write")],
    response_model=DeviceRetired,
    responses=refusals(404),
    summary="Take a device out of service",
)
async def retire(request: Request, uuid: UUID, caller: Caller) -> Retirement:
    """With its keys, MQTT account, VPN certificates, twin link and open jobs. Its name and serial are free, its history stays.

    Repeat it to finish what was cut short.
    """
    async with platform_of(request.scope).begin() as work:
        return await retire_device(work.keepers, uuid, reason=f"retired by {caller.username}")


@router.post(
    "/{uuid}/restore",
    dependencies=[needs("devices:write")],
    response_model=DeviceSeen,
    responses=refusals(404, 409),
    summary="Take a device back into service",
)
async def restore(request: Request, uuid: UUID, stated: DeviceRestored | None = None) -> Device:
    """With its tags, fleet and history, and without its keys, MQTT account, VPN certificates and twin link.

    It enrols again once somebody permits it (`PUT .../enrolment-permit`).
    """
    name = None if stated is None else stated.name
    async with platform_of(request.scope).begin() as work:
        return await restore_device(work.devices, uuid, name=name)


@router.put(
    "/{uuid}/fleet",
    dependencies=[needs("devices:write")],
    status_code=204,
    responses=refusals(404),
    summary="Move a device to a fleet",
)
async def assign_fleet(request: Request, uuid: UUID, choice: FleetChoice, inside: Inside) -> None:
    """Or to none. What it inherits changes at once. Who has a role on single fleets moves devices only between those."""
    await require_fleet_inside(request.scope, choice.fleet, inside)
    async with platform_of(request.scope).begin() as work:
        await work.fleets.assign(choice.fleet, [uuid])


def _form_of(request: Request) -> FileFormat:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form = _FORMS.get(kind)
    if form is None:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type is one of {', '.join(_FORMS)}.")
    return form
