"""Logging in on the wire."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr

from iotistic.http.schemas.values import Answer, Request, Text, Timestamp, check_storable

__all__ = [
    "CallerSeen",
    "Code",
    "Credentials",
    "RefreshAsked",
    "SessionOpened",
    "SessionSeen",
    "SessionsEnded",
    "TokensGiven",
    "check_secret",
]


def check_secret(password: SecretStr) -> SecretStr:
    """A secret text that PostgreSQL could hold, whatever is done with it."""
    check_storable(password.get_secret_value())
    return password


Code = Annotated[SecretStr, AfterValidator(check_secret), Field(min_length=6, max_length=64)]
"""Of an authenticator app, or a recovery code."""


class Credentials(Request):
    """Who wants in."""

    username: Text = Field(examples=["admin"])
    password: Annotated[SecretStr, AfterValidator(check_secret)] = Field(
        min_length=1, max_length=1000, examples=["correct horse battery staple"]
    )
    code: Code | None = Field(
        default=None,
        description="Where the account has a second factor: six digits of the app, or a recovery code.",
        examples=[None],
    )


class TokensGiven(Answer):
    """What to send from now on, and what to get the next with."""

    session_id: str = Field(examples=["3kqh2v7w5m4x"])
    key: str = Field(
        description="The access token: sent as a key with each request, for a quarter of an hour.",
        examples=["eyJhbGciOiJFZERTQSIsImtpZCI6InAxIiwidHlwIjoiYXQrand0In0..."],
    )
    expires_at: Timestamp = Field(examples=["2026-11-24T08:15:00Z"])
    refresh_token: str = Field(
        description="Works once, for `POST /api/v1/auth/refresh`.", examples=["iot_rft_3kqh2v7w5m4x_..."]
    )
    refresh_expires_at: Timestamp = Field(
        description="Without a refresh until then the session is over.", examples=["2026-12-01T08:00:00Z"]
    )


class RefreshAsked(Request):
    """A session that goes on."""

    refresh_token: Annotated[SecretStr, AfterValidator(check_secret)] = Field(
        min_length=1, max_length=2048, examples=["iot_rft_3kqh2v7w5m4x_..."]
    )


class SessionSeen(Answer):
    """Somewhere that one is logged in."""

    id: str = Field(examples=["3kqh2v7w5m4x"])
    created_at: Timestamp = Field(examples=["2026-11-24T08:00:00Z"])
    refreshed_at: Timestamp = Field(
        description="When it was last used, to a quarter of an hour.", examples=["2026-11-24T09:45:00Z"]
    )
    expires_at: Timestamp = Field(
        description="When one has to log in again.", examples=["2026-12-24T08:00:00Z"]
    )
    address: str | None = Field(description="Where the login came from.", examples=["192.0.2.7"])
    user_agent: str | None = Field(examples=["curl/8.5.0"])
    factors: list[str] = Field(
        description="What whoever logged in has proved: password, totp, recovery_code.",
        examples=[["password", "totp"]],
    )
    is_this: bool = Field(description="The one that asks.", examples=[True])


class SessionsEnded(Answer):
    """Sessions that are over."""

    ended: int = Field(examples=[3])


class SessionOpened(TokensGiven):
    """Somebody logged in."""

    username: str = Field(examples=["admin"])
    role: str | None = Field(
        description="The widest on everything; null: none, or only on parts.", examples=["owner"]
    )


class CallerSeen(Answer):
    """Whose key the request carries."""

    kind: Literal["user", "device"] = Field(examples=["user"])
    key_id: str = Field(description="The public part of the key, or the session.", examples=["3kqh2v7w5m4x"])
    username: str | None = Field(default=None, examples=["admin"])
    role: str | None = Field(default=None, examples=["owner"])
    device_uuid: UUID | None = Field(default=None, examples=[None])
    factors: list[str] = Field(
        default=[], description="Of a session: what its bearer has proved.", examples=[["password", "totp"]]
    )
    lacks_factor: bool = Field(
        default=False,
        description="A role of the account asks for a second factor: until then nothing is allowed but to set one up.",
        examples=[False],
    )
    expires_at: Timestamp | None = Field(default=None, examples=["2026-11-24T08:00:00Z"])
