"""Accounts and their roles on the wire."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from iotistic.http.schemas.devices import FleetName
from iotistic.http.schemas.values import Answer, Moment, Request, Text, Timestamp

__all__ = ["AccountChange", "AccountSeen", "BindingPage", "BindingSeen", "NewBinding"]

RoleName = Annotated[str, Field(pattern=r"^[a-z]{1,30}$", examples=["operator"])]


class AccountSeen(Answer):
    """An account."""

    username: str = Field(examples=["ada"])
    kind: Literal["person", "service"] = Field(
        description="A service never logs in: it comes with keys.", examples=["person"]
    )
    role: str | None = Field(description="The widest on everything; null: none.", examples=["viewer"])
    is_active: bool = Field(examples=[True])


class AccountChange(Request):
    """What is to change about an account."""

    is_active: bool = Field(description="Whether it works.", examples=[False])


class NewBinding(Request):
    """A role for somebody: on everything, or on a fleet or device if one is named."""

    username: Text = Field(examples=["ada"])
    role: RoleName
    fleet: FleetName | None = Field(default=None, description="Only on this fleet.", examples=["berlin"])
    device_uuid: UUID | None = Field(default=None, description="Only on this device.", examples=[None])
    expires_at: Moment | None = Field(
        default=None, description="When it ends by itself; null: never.", examples=["2027-01-01T00:00:00Z"]
    )


class BindingSeen(Answer):
    """A role that somebody has."""

    id: int = Field(examples=[17])
    username: str = Field(examples=["ada"])
    role: str = Field(examples=["operator"])
    fleet: str | None = Field(description="The fleet it is for.", examples=["berlin"])
    device_uuid: UUID | None = Field(description="The device it is for.", examples=[None])
    expires_at: Timestamp | None = Field(examples=["2027-01-01T00:00:00Z"])
    granted_by: str = Field(examples=["admin"])
    granted_at: Timestamp = Field(examples=["2026-11-28T19:00:00Z"])


class BindingPage(Answer):
    """A page of roles."""

    items: list[BindingSeen]
    next: str | None = Field(description="Pass it as `after`; null: this was the last page.", examples=[None])
