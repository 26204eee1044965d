"""Whether devices are heard of, and how they are connected."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request

from iotistic.devices.connectivity import Connectivity
from iotistic.devices.network import InterfaceFound
from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Limit, ParameterInvalid
from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.connectivity import ConnectivitySeen, ExpectationStated, TransitionPage
from iotistic.http.schemas.device_facts import InterfaceChangePage, InterfaceFoundSeen

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["devices"], responses=refusals())

_AFTER = "`next` of the page before."


class _Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


@router.get(
    "/devices/{uuid}/connectivity",
    dependencies=[needs("devices:read")],
    response_model=ConnectivitySeen,
    responses=refusals(404),
    summary="How a device stands with the platform",
)
async def get_connectivity(request: Request, uuid: UUID) -> Connectivity:
    """A device is offline after twice the time it is expected in; silence while the platform itself was away does not count."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.connectivity.get_connectivity(uuid)


@router.patch(
    "/devices/{uuid}/connectivity",
    dependencies=[needs("devices:write")],
    response_model=ConnectivitySeen,
    responses=refusals(404),
    summary="Say how often a device is expected",
)
async def expect(request: Request, uuid: UUID, stated: ExpectationStated) -> Connectivity:
    """Once a minute unless somebody says otherwise."""
    seconds = stated.expected_every_seconds
    async with platform_of(request.scope).begin() as work:
        return await work.connectivity.expect(uuid, None if seconds is None else timedelta(seconds=seconds))


@router.get(
    "/devices/{uuid}/transitions",
    dependencies=[needs("devices:read")],
    response_model=TransitionPage,
    responses=refusals(404),
    summary="When a device came and went",
)
async def list_transitions(
    request: Request,
    uuid: UUID,
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """Newest first, with how long it had been as before. A page that is full has a `next`."""
    before = None if after is None else decode_cursor(after, _Position).id
    async with platform_of(request.scope).begin(read_only=True) as work:
        found = await work.connectivity.list_transitions(uuid, before=before, limit=limit)
    return {"items": found, "next": encode_cursor(_Position(found[-1].id)) if len(found) == limit else None}


@router.get(
    "/devices/{uuid}/interfaces/history",
    dependencies=[needs("devices:read")],
    response_model=InterfaceChangePage,
    responses=refusals(404),
    summary="What changed about its network interfaces",
)
async def list_interface_changes(
    request: Request,
    uuid: UUID,
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """Newest first, kept for 180 days. A signal counts as changed when it moved by 6 dB."""
    before = None if after is None else decode_cursor(after, _Position).id
    async with platform_of(request.scope).begin(read_only=True) as work:
        device = await work.devices.get_device(uuid)
        found = await work.network.list_changes(device.uuid, before=before, limit=limit)
    return {"items": found, "next": encode_cursor(_Position(found[-1].id)) if len(found) == limit else None}


@router.get(
    "/network-interfaces",
    dependencies=[needs("devices:read")],
    response_model=list[InterfaceFoundSeen],
    summary="Which device has an address",
)
async def find_interfaces(
    request: Request,
    *,
    ip: Annotated[
        str | None,
        Query(max_length=60, description="An address, or a network to look in.", examples=["192.0.2.0/24"]),
    ] = None,
    mac: Annotated[
        str | None,
        Query(max_length=60, description="In any of its usual forms.", examples=["b8:27:eb:00:00:01"]),
    ] = None,
    limit: Limit = 100,
) -> Sequence[InterfaceFound]:
    """Devices in service first; one that is retired may have had it too."""
    if (ip is None) == (mac is None):
        raise ParameterInvalid("Give `ip` or `mac`, and only one of them.", field="query.ip")
    async with platform_of(request.scope).begin(read_only=True) as work:
        if ip is not None:
            return await work.network.find_by_address(ip, limit=limit)
        return await work.network.find_by_mac(mac or "", limit=limit)
