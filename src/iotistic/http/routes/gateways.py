"""Which devices a gateway may send telemetry for. How it sends is in `iotistic.http.ingest`."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Limit
from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.gateways import GrantedPage

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/gateways/{uuid}/devices", tags=["gateways"], responses=refusals(404))

_AFTER = "`next` of the page before."
_Device = Annotated[UUID, Path(description="The device behind the gateway.")]


class _Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    device_uuid: UUID


@router.get(
    "",
    dependencies=[needs("devices:read")],
    response_model=GrantedPage,
    summary="The devices a gateway may send for",
)
async def list_granted(
    request: Request,
    response: Response,
    uuid: UUID,
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """By uuid. A page that is full has a `next`, also as a Link header; it may lead to an empty page."""
    last = None if after is None else decode_cursor(after, _Position).device_uuid
    async with platform_of(request.scope).begin(read_only=True) as work:
        granted = await work.gateways.list_granted(uuid, after=last, limit=limit)
    following = encode_cursor(_Position(granted[-1].device_uuid)) if len(granted) == limit else None
    if following is not None:
        path = f"/api/v1/gateways/{uuid}/devices?limit={limit}&after={following}"
        response.headers["Link"] = f'<{path}>; rel="next"'
    return {"items": granted, "next": following}


@router.put(
    "/{device}",
    dependencies=[needs("devices:write")],
    status_code=204,
    summary="Let a gateway send for a device",
)
async def grant_device(request: Request, uuid: UUID, device: _Device) -> None:
    """A grant that is there stays. The gateway sends with the key it has as a device itself."""
    async with platform_of(request.scope).begin() as work:
        await work.gateways.grant(uuid, [device])


@router.delete(
    "/{device}", dependencies=[needs("devices:write")], status_code=204, summary="Take a grant back"
)
async def revoke_device(request: Request, uuid: UUID, device: _Device) -> None:
    """From the next body on nothing is taken from the gateway for this device."""
    async with platform_of(request.scope).begin() as work:
        await work.gateways.revoke(uuid, [device])
