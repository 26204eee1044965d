"""The nouns about dashboards."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

__all__ = ["Layout", "LayoutDraft", "LayoutSummary", "Owner"]

Owner = int | None
"""Whose dashboard: the id of an account; None: it is shared by everybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutDraft:
    """What its owner says about a dashboard."""

    name: str
    document: dict[str, Any]
    """Of the program that draws it: at most 64 KiB as JSON."""
    is_default: bool = False
    """Whether it is shown when nobody says which; the default of before is none from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutSummary:
    """A dashboard in a list."""

    id: int
    owner: str | None
    """The username; None: it is shared by everybody."""
    device_uuid: UUID | None
    """The device it shows; None: it is about no single device."""
    name: str
    is_default: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout(LayoutSummary):
    """A dashboard with what it consists of."""

    document: dict[str, Any]
