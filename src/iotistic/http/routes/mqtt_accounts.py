"""MQTT accounts and rules: making, changing and taking them away. Reading them is in `iotistic.http.routes.mqtt`."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request

from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.mqtt import (
    MqttAclSeen,
    MqttAclStated,
    MqttSecretTold,
    MqttUserChange,
    MqttUserSeen,
    NewMqttUser,
)
from iotistic.http.schemas.values import Text
from iotistic.mqtt import Access, MqttAcl, MqttUser

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/mqtt", tags=["mqtt"], responses=refusals())

_Username = Annotated[Text, Path(description="An account.", examples=["ingest"])]


@router.post(
    "/users",
    dependencies=[needs("mqtt:write")],
    status_code=201,
    responses=refusals(409),
    summary="Make an account",
)
async def create_mqtt_user(request: Request, stated: NewMqttUser) -> MqttSecretTold:
    """Its password is told this once. A device gets the rules of a device with it; others may do nothing yet."""
    async with platform_of(request.scope).begin() as work:
        if stated.device_uuid is not None:
            username = str(stated.device_uuid)
            secret = await work.mqtt.create_device_user(stated.device_uuid)
        else:
            username = stated.username or ""
            lasts = stated.lasts_seconds
            secret = await work.mqtt.create_user(
                username,
                kind=stated.kind,
                client_id=stated.client_id,
                is_superuser=stated.is_superuser,
                lasts=None if lasts is None else timedelta(seconds=lasts),
            )
    return MqttSecretTold(username=username, password=secret.reveal())


@router.put(
    "/users/{username}/password",
    dependencies=[needs("mqtt:write")],
    responses=refusals(404),
    summary="Give an account a new password",
)
async def renew_mqtt_password(request: Request, username: _Username) -> MqttSecretTold:
    """Told this once; the old one opens nothing from now on. Whoever is connected with it stays until the broker asks again."""
    async with platform_of(request.scope).begin() as work:
        secret = await work.mqtt.renew_secret(username)
    return MqttSecretTold(username=username, password=secret.reveal())


@router.patch(
    "/users/{username}",
    dependencies=[needs("mqtt:write")],
    response_model=MqttUserSeen,
    responses=refusals(404),
    summary="Let an account in, or keep it out",
)
async def change_mqtt_user(request: Request, username: _Username, change: MqttUserChange) -> MqttUser:
    """Its rules and its password stay as they are."""
    async with platform_of(request.scope).begin() as work:
        await work.mqtt.set_active(username, is_active=change.is_active)
        return await work.mqtt.get_user(username)


@router.delete(
    "/users/{username}",
    dependencies=[needs("mqtt:write")],
    status_code=204,
    responses=refusals(404),
    summary="Take an account away",
)
async def delete_mqtt_user(request: Request, username: _Username) -> None:
    """With its rules. That of a device goes by itself when the device is retired."""
    async with platform_of(request.scope).begin() as work:
        await work.mqtt.remove_user(username)


@router.post(
    "/acls",
    dependencies=[needs("mqtt:write")],
    status_code=201,
    response_model=MqttAclSeen,
    responses=refusals(404),
    summary="Add a rule",
)
async def allow(request: Request, stated: MqttAclStated) -> MqttAcl:
    """There is one rule for the same account, client id and topic: said again, it allows what was said last."""
    async with platform_of(request.scope).begin() as work:
        return await work.mqtt.allow(
            stated.username, stated.topic, Access.of(stated.allow), client_id=stated.client_id
        )


@router.delete(
    "/acls/{id}",
    dependencies=[needs("mqtt:write")],
    status_code=204,
    responses=refusals(404),
    summary="Take a rule away",
)
async def disallow(
    request: Request,
    id: Annotated[int, Path(ge=1, le=2**63 - 1, description="The number of a rule.")],  # noqa: A002 - the word of the path
) -> None:
    """What no other rule allows is refused from then on."""
    async with platform_of(request.scope).begin() as work:
        await work.mqtt.disallow(id)
