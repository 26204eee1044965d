"""The digital twin on the wire."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from iotistic.http.schemas.values import Answer, Document, Page, Timestamp

__all__ = ["EntityPage", "EntitySeen", "ModelSeen", "NeighbourSeen", "PartSeen"]

_GLOBAL_ID = "2O2Fr$t4X7Zf8NOew3FNr2"
_DEVICE = "3c0fbd7e-5c1d-4b86-9a52-2d1f4a6e8b90"


class ModelSeen(Answer):
    """A model of a building or plant."""

    model: str = Field(examples=["berlin"])
    entities: int = Field(description="How many things it has.", examples=[295])
    devices: int = Field(description="How many of those are devices.", examples=[12])


class EntitySeen(Answer):
    """A thing in a model."""

    model: str = Field(examples=["berlin"])
    global_id: str = Field(description="Upper and lower case differ.", examples=[_GLOBAL_ID])
    ifc_class: str = Field(examples=["IfcSpace"])
    name: str | None = Field(examples=["Room 2.14"])
    properties: Document = Field(
        description="What the model says, by property set.",
        examples=[{"Pset_SpaceCommon": {"IsExternal": False}}],
    )
    device_uuid: UUID | None = Field(description="The device that it is in reality.", examples=[_DEVICE])
    updated_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])


class EntityPage(Page[EntitySeen]):
    """Some of the things of a model, by GlobalId."""


class PartSeen(Answer):
    """A thing in the tree of what lies in what."""

    global_id: str = Field(examples=[_GLOBAL_ID])
    parent_global_id: str | None = Field(description="null: what was asked about.", examples=[None])
    depth: int = Field(description="0: what was asked about.", examples=[0])
    ifc_class: str = Field(examples=["IfcBuilding"])
    name: str | None = Field(examples=["House 7"])
    device_uuid: UUID | None = Field(examples=[None])


class NeighbourSeen(Answer):
    """A relation, seen from the thing that was asked about."""

    kind: Literal["contains", "connects", "serves", "controls"] = Field(examples=["contains"])
    direction: Literal["to", "from"] = Field(description="to: the other is the target.", examples=["to"])
    global_id: str = Field(examples=[_GLOBAL_ID])
    ifc_class: str = Field(examples=["IfcSpace"])
    name: str | None = Field(examples=["Room 2.14"])
