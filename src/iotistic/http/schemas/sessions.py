"""Logging in on the wire."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr

from iotistic.http.schemas.values import Answer, Request, Text, Timestamp, check_storable

__all__ = ["CallerSeen", "Credentials", "SessionOpened"]


def _storable(password: SecretStr) -> SecretStr:
    check_storable(password.get_secret_value())
    return password


class Credentials(Request):
    """Who wants in."""

    username: Text = Field(examples=["admin"])
    password: Annotated[SecretStr, AfterValidator(_storable)] = Field(
        min_length=1, max_length=1000, examples=["correct horse battery staple"]
    )


class SessionOpened(Answer):
    """The key to send from now on."""

    key: str = Field(description="Told once.", examples=["iot_usr_3kqh2v7w5m4x_..."])
    expires_at: Timestamp = Field(examples=["2026-11-24T08:00:00Z"])
    username: str = Field(examples=["admin"])
    role: str | None = Field(
        description="The widest on everything; null: none, or only on parts.", examples=["owner"]
    )


class CallerSeen(Answer):
    """Whose key the request carries."""

    kind: Literal["user", "device"] = Field(examples=["user"])
    key_id: str = Field(description="The public part of the key.", examples=["3kqh2v7w5m4x"])
    username: str | None = Field(default=None, examples=["admin"])
    role: str | None = Field(default=None, examples=["owner"])
    device_uuid: UUID | None = Field(default=None, examples=[None])
    expires_at: Timestamp | None = Field(default=None, examples=["2026-11-24T08:00:00Z"])
