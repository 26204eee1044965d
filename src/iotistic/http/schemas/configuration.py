"""Settings in the database, on the wire."""

from typing import Literal

from pydantic import Field

from iotistic.http.schemas.values import Answer, Json, Page, Request, Timestamp

__all__ = ["ChangePage", "SettingChangeSeen", "SettingPage", "SettingSeen", "SettingStated"]

_BROKER = {
    "id": 1,
    "name": "main",
    "host": "mqtt.example.org",
    "port": 8883,
    "protocol": "mqtts",
    "useTls": True,
}


class SettingStated(Request):
    """What a setting is to be."""

    value: Json = Field(
        description="JSON of the shape that the key has; never null, never a secret.", examples=[_BROKER]
    )


class SettingSeen(Answer):
    """One setting of the running platform."""

    key: str = Field(examples=["mqtt.brokers.1"])
    value: Json = Field(examples=[_BROKER])
    updated_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])


class SettingPage(Page[SettingSeen]):
    """Some of the settings, by key."""


class SettingChangeSeen(Answer):
    """What happened to a setting once."""

    id: int = Field(description="Rises with time.", examples=[17])
    key: str = Field(examples=["mqtt.brokers.1"])
    action: Literal["added", "changed", "removed"] = Field(examples=["changed"])
    old_value: Json = Field(description="null: it was not there.", examples=[None])
    new_value: Json = Field(description="null: it is gone.", examples=[_BROKER])
    actor_kind: Literal["user", "device", "claim_key", "system"] = Field(examples=["user"])
    actor: str = Field(description="The username, or the role of the database session.", examples=["anna"])
    changed_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])


class ChangePage(Page[SettingChangeSeen]):
    """Some of the changes, newest first."""
