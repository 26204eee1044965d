"""The digital twin: what buildings and plants consist of, what lies in what, and which of it is a device."""

from iotistic.twin.errors import EntityInvalid, EntityNotFound, TwinConflict
from iotistic.twin.model import Entity, EntityDraft, Neighbour, Part, RelationKind
from iotistic.twin.service import TwinService

__all__ = [
    "Entity",
    "EntityDraft",
    "EntityInvalid",
    "EntityNotFound",
    "Neighbour",
    "Part",
    "RelationKind",
    "TwinConflict",
    "TwinService",
]
