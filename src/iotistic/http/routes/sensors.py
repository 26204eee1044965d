"""The sensors of a device: people say which it has, the device reads its own and reports about them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from iotistic.devices.sensors import Sensor, SensorDraft
from iotistic.http.conditions import parse_condition
from iotistic.http.permissions import OwnDevice, needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.routes.shadow import Known
from iotistic.http.schemas.sensors import DeploymentStated, NewSensor, SensorName, SensorSeen, SensorStated
from iotistic.http.shadow_poll import tagged

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/devices/{uuid}/sensors", tags=["sensors"], responses=refusals(404))

_NOT_MODIFIED = 304
_UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "Still what If-None-Match names."}}
_Name = Annotated[SensorName, Path(description="The name of the sensor.", examples=["flow-meter"])]


@router.get(
    "",
    dependencies=[needs("devices:read", or_itself=True)],
    response_model=list[SensorSeen],
    responses=_UNCHANGED,
    summary="The sensors of a device",
)
async def list_sensors(
    request: Request, response: Response, uuid: UUID, if_none_match: Known = None
) -> Response | Sequence[Sensor]:
    """All of them by name, at most 250. A device sees its own. The ETag changes with any of them and with any report."""
    known = parse_condition(if_none_match)
    async with platform_of(request.scope).begin(read_only=True) as work:
        # First, so that a change in between makes an old tag with a new list: read once more, never missed.
        tag = await work.sensors.get_state(uuid)
        if known is not None and known.knows(tag):
            return tagged(Response(status_code=_NOT_MODIFIED), tag)
        sensors = await work.sensors.list_sensors(uuid)
    tagged(response, tag)
    return sensors


@router.post(
    "",
    dependencies=[needs("devices:write")],
    status_code=201,
    response_model=SensorSeen,
    responses=refusals(409),
    summary="Give a device a sensor",
)
async def create_sensor(request: Request, uuid: UUID, sensor: NewSensor) -> Sensor:
    """The device finds it in its list, deploys it and reports so; until then it is pending."""
    async with platform_of(request.scope).begin() as work:
        return await work.sensors.create_sensor(uuid, sensor.name, _draft(sensor))


@router.get(
    "/{name}",
    dependencies=[needs("devices:read", or_itself=True)],
    response_model=SensorSeen,
    summary="One sensor",
)
async def get_sensor(request: Request, uuid: UUID, name: _Name) -> Sensor:
    """With how far its device is with it. A device sees its own."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.sensors.get_sensor(uuid, name)


@router.put(
    "/{name}",
    dependencies=[needs("devices:write")],
    response_model=SensorSeen,
    summary="Say anew what a sensor is",
)
async def replace_sensor(request: Request, uuid: UUID, name: _Name, sensor: SensorStated) -> Sensor:
    """It has another revision then, and is pending until the device reports. What is as before changes nothing."""
    async with platform_of(request.scope).begin() as work:
        return await work.sensors.replace_sensor(uuid, name, _draft(sensor))


@router.delete(
    "/{name}", dependencies=[needs("devices:write")], status_code=204, summary="Take a sensor from a device"
)
async def delete_sensor(request: Request, uuid: UUID, name: _Name) -> None:
    """What it measured stays."""
    async with platform_of(request.scope).begin() as work:
        await work.sensors.delete_sensor(uuid, name)


@router.put(
    "/{name}/deployment",
    status_code=204,
    responses=refusals(409),
    tags=["ingest"],
    summary="Report how the deployment of a sensor went",
)
async def record_deployment(request: Request, uuid: OwnDevice, name: _Name, stated: DeploymentStated) -> None:
    """A device reports for its own sensors only, and about the revision that holds: 409 once people changed it."""
    async with platform_of(request.scope).begin() as work:
        await work.sensors.record_deployment(
            uuid, name, revision=stated.revision, deployment=stated.deployment, error=stated.error
        )


def _draft(sensor: SensorStated) -> SensorDraft:
    return SensorDraft(
        protocol=sensor.protocol,
        poll_every=timedelta(seconds=sensor.poll_every_seconds),
        is_enabled=sensor.is_enabled,
        description=sensor.description,
        connection=sensor.connection,
        data_points=sensor.data_points,
    )
