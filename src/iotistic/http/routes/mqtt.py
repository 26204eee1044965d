"""MQTT: where to connect, who may do what there, and how the brokers do."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from iotistic.configuration import Broker, default_broker
from iotistic.errors import NotFound
from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Limit, TimeRange
from iotistic.http.permissions import for_any_key, needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import refusals
from iotistic.http.schemas.mqtt import (
    BrokerSeen,
    BrokerStatsSeen,
    MqttAclPage,
    MqttUserPage,
    MqttUserSeen,
    TopicMetricsSeen,
    VerdictGiven,
)
from iotistic.http.schemas.values import Text
from iotistic.mqtt import Access, BrokerStats, MqttUser, MqttUserKind, TopicMetrics, Verdict

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/mqtt", tags=["mqtt"], responses=refusals())

_AFTER = "`next` of the page before."
_Username = Annotated[
    Text, Path(description="An account.", examples=["3c0fbd7e-5c1d-4b86-9a52-2d1f4a6e8b90"])
]
_BrokerId = Annotated[int, Path(ge=1, le=2**31 - 1, description="The number in mqtt.brokers.<id>.")]
_ACCESS = {"receive": Access.RECEIVE, "publish": Access.PUBLISH, "subscribe": Access.SUBSCRIBE}


class BrokerMissing(NotFound):
    """No broker is in use."""

    code = "mqtt_broker_not_found"


class _Name(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    username: Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]


class _Number(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


@router.get(
    "/broker",
    dependencies=[for_any_key],
    response_model=BrokerSeen,
    responses=refusals(404),
    summary="Where to connect by MQTT",
)
async def get_broker(request: Request) -> Broker:
    """The broker that mqtt.defaultBrokerId names, while it is in use. For devices and people; costs no query."""
    broker = default_broker(await platform_of(request.scope).setting_cache.values())
    if broker is None:
        raise BrokerMissing(
            "No MQTT broker is in use.", hint="`iotistic system-config set mqtt.brokers.1 ...` with isActive."
        )
    return broker


@router.get(
    "/users", dependencies=[needs("mqtt:read")], response_model=MqttUserPage, summary="Accounts, by name"
)
async def list_mqtt_users(
    request: Request,
    response: Response,
    *,
    kind: Annotated[MqttUserKind | None, Query(description="Only these.")] = None,
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """Without what checks their passwords. A page that is full has a `next`, also as a Link header."""
    name = None if after is None else decode_cursor(after, _Name).username
    async with platform_of(request.scope).begin(read_only=True) as work:
        users = await work.mqtt.list_users(kind=kind, after=name, limit=limit)
    following = encode_cursor(_Name(users[-1].username)) if len(users) == limit else None
    if following is not None:
        chosen = "" if kind is None else f"kind={kind}&"
        link = f'</api/v1/mqtt/users?{chosen}limit={limit}&after={following}>; rel="next"'
        response.headers["Link"] = link
    return {"items": users, "next": following}


@router.get(
    "/users/{username}",
    dependencies=[needs("mqtt:read")],
    response_model=MqttUserSeen,
    responses=refusals(404),
    summary="One account",
)
async def get_mqtt_user(request: Request, username: _Username) -> MqttUser:
    """The account of a device is called by its uuid."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.mqtt.get_user(username)


@router.get(
    "/acls",
    dependencies=[needs("mqtt:read")],
    response_model=MqttAclPage,
    summary="Rules, in the order they were made",
)
async def list_mqtt_acls(
    request: Request,
    response: Response,
    *,
    username: Annotated[Text | None, Query(description="Only those of this account.")] = None,
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """Rules only allow: what no rule allows is refused."""
    number = None if after is None else decode_cursor(after, _Number).id
    async with platform_of(request.scope).begin(read_only=True) as work:
        rules = await work.mqtt.list_acls(username=username, after=number, limit=limit)
    following = encode_cursor(_Number(rules[-1].id)) if len(rules) == limit else None
    if following is not None and username is None:
        response.headers["Link"] = f'</api/v1/mqtt/acls?limit={limit}&after={following}>; rel="next"'
    return {"items": rules, "next": following}


@router.get(
    "/check",
    dependencies=[needs("mqtt:read")],
    response_model=VerdictGiven,
    summary="Whether an account may do something",
)
async def check(
    request: Request,
    *,
    username: Annotated[Text, Query(description="The account.")],
    topic: Annotated[
        str,
        Query(
            min_length=1,
            max_length=500,
            pattern=r"^[^\x00]*$",
            description="A topic, or a filter that is subscribed to.",
        ),
    ],
    access: Annotated[
        Literal["receive", "publish", "subscribe"], Query(description="What it would do.")
    ] = "publish",
    client_id: Annotated[Text | None, Query(description="With this client id; by default its name.")] = None,
) -> Verdict:
    """What a broker would decide, and by which rule."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.mqtt.judge(
            username, client_id=client_id or username, topic=topic, access=_ACCESS[access]
        )


@router.get(
    "/brokers/{broker_id}/stats",
    dependencies=[needs("mqtt:read")],
    response_model=list[BrokerStatsSeen],
    summary="How a broker did",
)
async def list_broker_stats(
    request: Request, broker_id: _BrokerId, span: TimeRange, limit: Limit = 1000
) -> Sequence[BrokerStats]:
    """Newest first."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.mqtt.list_broker_stats(broker_id, since=span.start, until=span.end, limit=limit)


@router.get(
    "/brokers/{broker_id}/topics",
    dependencies=[needs("mqtt:read")],
    response_model=list[TopicMetricsSeen],
    summary="Topics that carried the most",
)
async def list_busiest_topics(
    request: Request, broker_id: _BrokerId, span: TimeRange, limit: Limit = 100
) -> Sequence[TopicMetrics]:
    """By bytes, each summed up over the time."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        return await work.mqtt.list_busiest_topics(broker_id, since=span.start, until=span.end, limit=limit)
