"""The nouns of MQTT."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntFlag
from typing import Literal
from uuid import UUID

__all__ = ["Access", "BrokerStats", "MqttAcl", "MqttUser", "MqttUserKind", "TopicMetrics", "Verdict"]

MqttUserKind = Literal["device", "service", "person"]


class Access(IntFlag):
    """What can be done with a topic; brokers ask for one of them at a time."""

    RECEIVE = 1
    PUBLISH = 2
    SUBSCRIBE = 4

    @classmethod
    def of(cls, words: Iterable[str]) -> "Access":
        """All of these together: receive, publish, subscribe. Raises KeyError for another word."""
        access = cls(0)
        for word in words:
            access |= cls[word.upper()]
        return access


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttUser:
    """An account that may connect to a broker."""

    username: str
    """Of a device: its uuid."""
    kind: MqttUserKind
    device_uuid: UUID | None
    client_id: str | None
    """The only client id it may connect with; None: any."""
    is_superuser: bool
    is_active: bool
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttAcl:
    """A rule: who may do what with the topics of a filter. What no rule allows is refused."""

    id: int
    username: str | None
    """None: everybody."""
    client_id: str | None
    """None: any."""
    topic: str
    """A topic filter; %u stands for the username, %c for the client id."""
    access: int
    """A sum of Access."""
    origin: Literal["template", "manual"]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether an account may do something, and why."""

    allowed: bool
    reason: Literal["superuser", "rule", "no_rule", "no_account", "inactive", "expired", "other_client"]
    rule: MqttAcl | None = None
    """The rule that allows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerStats:
    """How a broker did at one moment; None: it does not say."""

    broker_id: int
    timestamp: datetime
    clients_connected: int | None = None
    subscriptions: int | None = None
    retained_messages: int | None = None
    messages_received: int | None = None
    """Since it started, as what follows."""
    messages_sent: int | None = None
    messages_dropped: int | None = None
    bytes_received: int | None = None
    bytes_sent: int | None = None
    uptime_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicMetrics:
    """What went over a topic in a stretch of time."""

    broker_id: int
    topic: str
    timestamp: datetime
    """When the stretch began."""
    window_seconds: int
    messages: int
    """The sum of the three qualities of service."""
    bytes_received: int
    largest_bytes: int
    qos_0: int
    qos_1: int
    qos_2: int
    retained: int
