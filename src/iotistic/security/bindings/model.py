"""The noun of bindings."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from iotistic.security.model import Role

__all__ = ["Binding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One role that a person has on everything, on one fleet, or on one device."""

    id: int
    username: str
    role: Role
    fleet: str | None
    """The name of the fleet it is for."""
    device_uuid: UUID | None
    """The device it is for."""
    expires_at: datetime | None
    """When it ends by itself; None: never."""
    granted_by: str
    """A username, or the name of the program."""
    granted_at: datetime
