"""MQTT on the wire."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from iotistic.http.schemas.values import Answer, Page, Timestamp

__all__ = [
    "BrokerSeen",
    "BrokerStatsSeen",
    "MqttAclPage",
    "MqttAclSeen",
    "MqttUserPage",
    "MqttUserSeen",
    "TopicMetricsSeen",
    "VerdictGiven",
]

_UUID = "3c0fbd7e-5c1d-4b86-9a52-2d1f4a6e8b90"
_MOMENT = "2026-11-23T20:00:00Z"


class BrokerSeen(Answer):
    """Where to connect by MQTT."""

    protocol: Literal["mqtt", "mqtts", "ws", "wss"] = Field(examples=["mqtts"])
    host: str = Field(examples=["mqtt.example.org"])
    port: int = Field(examples=[8883])
    keep_alive: int = Field(description="Seconds.", examples=[60])
    verify_certificate: bool = Field(examples=[True])
    ca_cert: str | None = Field(
        description="PEM: who signed the broker's certificate; null: one of the system's authorities.",
        examples=[None],
    )


class MqttUserSeen(Answer):
    """An account that may connect to a broker."""

    username: str = Field(examples=[_UUID])
    kind: Literal["device", "service", "person"] = Field(examples=["device"])
    device_uuid: UUID | None = Field(examples=[_UUID])
    client_id: str | None = Field(description="The only client id it may have; null: any.", examples=[_UUID])
    is_superuser: bool = Field(examples=[False])
    is_active: bool = Field(examples=[True])
    expires_at: Timestamp | None = Field(description="null: never.", examples=[None])
    created_at: Timestamp = Field(examples=[_MOMENT])
    updated_at: Timestamp = Field(examples=[_MOMENT])


class MqttUserPage(Page[MqttUserSeen]):
    """Some of the accounts, by name."""


class MqttAclSeen(Answer):
    """A rule: who may do what with the topics of a filter. What no rule allows is refused."""

    id: int = Field(examples=[12])
    username: str | None = Field(description="null: everybody.", examples=[_UUID])
    client_id: str | None = Field(description="null: any.", examples=[None])
    topic: str = Field(
        description="A filter; %u stands for the username, %c for the client id.",
        examples=["iot/device/%u/up/#"],
    )
    access: int = Field(description="A sum: 1 receive, 2 publish, 4 subscribe.", examples=[2])
    origin: Literal["template", "manual"] = Field(examples=["template"])
    created_at: Timestamp = Field(examples=[_MOMENT])


class MqttAclPage(Page[MqttAclSeen]):
    """Some of the rules, in the order they were made."""


class VerdictGiven(Answer):
    """Whether an account may do something, and why."""

    allowed: bool = Field(examples=[True])
    reason: Literal["superuser", "rule", "no_rule", "no_account", "inactive", "expired", "other_client"] = (
        Field(examples=["rule"])
    )
    rule: MqttAclSeen | None = Field(description="The rule that allows it.")


class BrokerStatsSeen(Answer):
    """How a broker did at one moment; null: it does not say."""

    broker_id: int = Field(examples=[1])
    timestamp: Timestamp = Field(examples=[_MOMENT])
    clients_connected: int | None = Field(examples=[120])
    subscriptions: int | None = Field(examples=[240])
    retained_messages: int | None = Field(examples=[120])
    messages_received: int | None = Field(description="Since it started, as what follows.", examples=[1000])
    messages_sent: int | None = Field(examples=[1000])
    messages_dropped: int | None = Field(examples=[0])
    bytes_received: int | None = Field(examples=[100000])
    bytes_sent: int | None = Field(examples=[100000])
    uptime_seconds: int | None = Field(examples=[86400])


class TopicMetricsSeen(Answer):
    """What went over a topic."""

    broker_id: int = Field(examples=[1])
    topic: str = Field(examples=[f"iot/device/{_UUID}/up/metrics"])
    timestamp: Timestamp = Field(description="When the first stretch began.", examples=[_MOMENT])
    window_seconds: int = Field(examples=[3600])
    messages: int = Field(examples=[360])
    bytes_received: int = Field(examples=[36000])
    largest_bytes: int = Field(examples=[120])
    qos_0: int = Field(examples=[0])
    qos_1: int = Field(examples=[360])
    qos_2: int = Field(examples=[0])
    retained: int = Field(examples=[0])
