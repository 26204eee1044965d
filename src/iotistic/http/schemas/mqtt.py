"""MQTT on the wire."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from iotistic.http.schemas.values import Answer, Page, Request, Storable, Text, Timestamp

__all__ = [
    "BrokerSeen",
    "BrokerStatsSeen",
    "MqttAclPage",
    "MqttAclSeen",
    "MqttAclStated",
    "MqttSecretTold",
    "MqttUserChange",
    "MqttUserPage",
    "MqttUserSeen",
    "NewMqttUser",
    "TopicMetricsSeen",
    "VerdictGiven",
]

_UUID = "3c0fbd7e-5c1d-4b86-9a52-2d1f4a6e8b90"
_MOMENT = "2026-11-23T20:00:00Z"
_LONGEST = 366 * 86_400


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


class NewMqttUser(Request):
    """An account to be made: of a device, or of a program or person under a name."""

    kind: Literal["device", "service", "person"] = Field(examples=["service"])
    username: Text | None = Field(
        default=None, description="Not of a device: its uuid is.", examples=["ingest"]
    )
    device_uuid: UUID | None = Field(default=None, description="Only of a device.", examples=[None])
    client_id: Text | None = Field(
        default=None, description="The only client id it may have; of a device: its uuid.", examples=[None]
    )
    is_superuser: bool = Field(
        default=False, description="May do everything without rules; services only.", examples=[False]
    )
    lasts_seconds: Annotated[int, Field(ge=1, le=_LONGEST)] | None = Field(
        default=None, description="It stops to work after this; null: never.", examples=[86400]
    )

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "NewMqttUser":
        of_device = self.kind == "device"
        if of_device is (self.device_uuid is None) or of_device is (self.username is not None):
            raise ValueError("an account of a device has `device_uuid`, any other has `username`")
        if of_device and (self.client_id or self.is_superuser or self.lasts_seconds):
            raise ValueError("the account of a device is bound to its uuid, and lasts as long as it")
        return self


class MqttUserChange(Request):
    """What is to be different about an account."""

    is_active: bool = Field(description="Whether it may connect.", examples=[False])


class MqttSecretTold(Answer):
    """A new password, told this once."""

    username: str = Field(examples=["ingest"])
    password: str = Field(examples=["Vt0wq0m2Tt5n1c7m8xZ3dQ0b4kP9sLha"])


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


class MqttAclStated(Request):
    """A rule: it adds to what is allowed."""

    username: Text | None = Field(default=None, description="null: everybody.", examples=["ingest"])
    client_id: Text | None = Field(default=None, description="null: any.", examples=[None])
    topic: Annotated[Storable, Field(min_length=1, max_length=500)] = Field(
        description="A filter: + is a whole level, # the last one; %u stands for the username, %c for the client id.",
        examples=["iot/device/+/up/#"],
    )
    allow: list[Literal["receive", "publish", "subscribe"]] = Field(
        min_length=1,
        max_length=3,
        description="subscribe only together with receive.",
        examples=[["receive", "subscribe"]],
    )


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
