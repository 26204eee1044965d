"""The nouns of the digital twin."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

__all__ = ["Entity", "EntityDraft", "Neighbour", "Part", "RelationKind"]

RelationKind = Literal["contains", "connects", "serves", "controls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityDraft:
    """What a model says about a thing."""

    ifc_class: str
    """IfcBuilding, IfcSpace, IfcPump, ..."""
    name: str | None = None
    properties: dict[str, Any] = field(default_factory=dict[str, Any])
    """By property set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A thing in a model."""

    model: str
    global_id: str
    """Stays the same when the model is exported again. Upper and lower case differ."""
    ifc_class: str
    name: str | None
    properties: dict[str, Any]
    device_uuid: UUID | None
    """The device that it is in reality."""
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A thing in the tree of what lies in what, seen from the top of the tree."""

    global_id: str
    parent_global_id: str | None
    """What it lies in; None for the thing that was asked about."""
    depth: int
    """0 for the thing that was asked about."""
    ifc_class: str
    name: str | None
    device_uuid: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A relation of a thing, seen from that thing."""

    kind: RelationKind
    direction: Literal["to", "from"]
    """to: the other is the target."""
    global_id: str
    ifc_class: str
    name: str | None
