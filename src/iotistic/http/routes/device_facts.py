"""What a device says about itself: it writes, people read."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Request

from iotistic.devices import HostFacts, NetworkInterface
from iotistic.errors import NotFound
from iotistic.http.permissions import OwnDevice, needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.device_facts import HostSeen, HostStated, InterfaceSeen, InterfacesStated

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/devices/{uuid}", responses=refusals(404))


class HostUnknown(NotFound):
    """The device has not yet said anything about its host."""

    code = "host_unknown"


@router.put("/interfaces", status_code=204, tags=["ingest"], summary="State the network interfaces")
async def replace_interfaces(request: Request, uuid: OwnDevice, stated: InterfacesStated) -> None:
    """The device's interfaces become exactly these."""
    interfaces = [NetworkInterface(**one.model_dump()) for one in stated.interfaces]
    async with platform_of(request.scope).begin() as work:
        await work.network.replace_interfaces(uuid, interfaces)


@router.put("/host", status_code=204, tags=["ingest"], summary="State what the host is")
async def record_host(request: Request, uuid: OwnDevice, stated: HostStated) -> None:
    """Only the newest statement is kept."""
    processes = [process.model_dump() for process in stated.top_processes]
    async with platform_of(request.scope).begin() as work:
        await work.devices.record_host(uuid, stated.facts, processes)


@router.get(
    "/interfaces",
    dependencies=[needs("devices:read")],
    response_model=list[InterfaceSeen],
    tags=["devices"],
    summary="The network interfaces",
)
async def list_interfaces(request: Request, uuid: UUID) -> Sequence[NetworkInterface]:
    """As the device last stated them, the one with the default route first."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        device = await work.devices.get_device(uuid)
        return await work.network.list_interfaces(device.uuid)


@router.get(
    "/host",
    dependencies=[needs("devices:read")],
    response_model=HostSeen,
    tags=["devices"],
    summary="What the host is",
)
async def get_host(request: Request, uuid: UUID) -> HostFacts:
    """As the device last stated it."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        device = await work.devices.get_device(uuid)
        host = await work.devices.find_host(device.uuid)
    if host is None:
        raise HostUnknown("The device has not said yet what it runs on.", uuid=str(uuid))
    return host
