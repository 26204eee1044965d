"""The nouns about rules of tags."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

__all__ = ["IncompleteDevice", "TagDefinition", "TagDefinitionDraft", "TagValueInUse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagDefinitionDraft:
    """What people settle about a key."""

    description: str | None = None
    allowed_values: Sequence[str] | None = None
    """The only values it may have; None: any."""
    is_required: bool = False
    """Whether a device without it is reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagDefinition:
    """What is settled about a key."""

    key: str
    description: str | None
    allowed_values: Sequence[str] | None
    """The only values it may have; None: any."""
    is_required: bool
    """Whether a device without it is reported."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IncompleteDevice:
    """A device in service that lacks tags every device should have."""

    uuid: UUID
    name: str
    missing: Sequence[str]
    """Keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagValueInUse:
    """One value of a key that is about to be forbidden."""

    value: str
    holders: int
    """How many devices and fleets have it."""
