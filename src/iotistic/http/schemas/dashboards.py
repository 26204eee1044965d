"""Dashboards on the wire."""

from typing import Any
from uuid import UUID

from pydantic import Field

from iotistic.http.schemas.values import Answer, Document, Page, Request, Text, Timestamp

__all__ = ["LayoutPage", "LayoutSeen", "LayoutStated", "LayoutSummarySeen", "NewLayout"]

_UUID = "3c0fbd7e-5c1d-4b86-9a52-2d1f4a6e8b90"
_MOMENT = "2026-11-23T20:00:00Z"
_DOCUMENT = {"widgets": [{"kind": "chart", "metric": "cpu_usage", "at": [0, 0, 6, 4]}]}


class LayoutStated(Request):
    """What a dashboard is."""

    name: Text = Field(examples=["Pumps at a glance"])
    document: Document = Field(
        description="Of the program that draws it: at most 64 KiB.", examples=[_DOCUMENT]
    )
    is_default: bool = Field(
        default=False, description="The default of before is none from then on.", examples=[True]
    )


class NewLayout(LayoutStated):
    """A dashboard to be made."""

    device_uuid: UUID | None = Field(
        default=None,
        description="The device it shows, for good; null: it is about no single one.",
        examples=[None],
    )


class LayoutSummarySeen(Answer):
    """A dashboard in a list."""

    id: int = Field(examples=[12])
    owner: str | None = Field(description="null: it is shared by everybody.", examples=["anna"])
    device_uuid: UUID | None = Field(
        description="The device it shows; null: it is about no single one.", examples=[_UUID]
    )
    name: str = Field(examples=["Pumps at a glance"])
    is_default: bool = Field(examples=[True])
    created_at: Timestamp = Field(examples=[_MOMENT])
    updated_at: Timestamp = Field(examples=[_MOMENT])


class LayoutSeen(LayoutSummarySeen):
    """A dashboard with what it consists of."""

    document: dict[str, Any] = Field(examples=[_DOCUMENT])


class LayoutPage(Page[LayoutSummarySeen]):
    """Some of the own and of the shared dashboards, in the order they were made."""
