"""Clocks of devices: how far they are off, and whether they are trusted."""

from uuid import UUID

from fastapi import APIRouter, Request

from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.telemetry import ClockSeen, ClockStated
from iotistic.telemetry import DeviceClock

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/devices/{uuid}/clock", tags=["telemetry"], responses=refusals(404))


@router.get("", dependencies=[needs("devices:read")], response_model=ClockSeen, summary="A device's clock")
async def get_clock(request: Request, uuid: UUID) -> dict[str, object]:
    """How far it is off, judged by when its newest reports came."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        device = await work.devices.get_device(uuid)
        return _seen(await work.clocks.find_clock(device.uuid))


@router.put(
    "",
    dependencies=[needs("devices:write")],
    response_model=ClockSeen,
    summary="Trust a device's clock, or do not",
)
async def set_clock(request: Request, uuid: UUID, clock: ClockStated) -> dict[str, object]:
    """Of a device that is not trusted the newest report of each body is dated by its receipt, the others keep their distance to it.

    Every ingest process knows within 30 seconds.
    """
    async with platform_of(request.scope).begin() as work:
        device = await work.devices.get_device(uuid)
        await work.clocks.stamp_on_receipt(device.uuid, on=clock.stamped_on_receipt)
        return _seen(await work.clocks.find_clock(device.uuid))


def _seen(clock: DeviceClock) -> dict[str, object]:
    return {
        "skew_seconds": None if clock.skew is None else clock.skew.total_seconds(),
        "measured_at": clock.measured_at,
        "stamped_on_receipt": clock.stamped_on_receipt,
    }
