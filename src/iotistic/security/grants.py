"""What somebody may do, and where: decided from the grants that came with the key, without asking anybody. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from iotistic.bounds import Bounds
from iotistic.security.permissions import Permission

__all__ = ["Grant", "bounds_of", "grants_from"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The permissions of one role on everything, on one fleet, or on one device."""

    permissions: frozenset[Permission]
    fleet_id: int | None = None
    device_uuid: UUID | None = None
    expires_at: datetime | None = None
    """When it ends by itself; None: never."""

    @property
    def is_everywhere(self) -> bool:
        """Whether it is for everything."""
        return self.fleet_id is None and self.device_uuid is None


def grants_from(
    rows: Iterable[Mapping[str, Any]] | None, scopes: Collection[str] | None = None
) -> tuple[Grant, ...]:
    """As the database tells them, one object each; of their permissions only those in `scopes`, if that is given."""
    return tuple(
        Grant(
            permissions=frozenset(name for name in row["permissions"] if scopes is None or name in scopes),
            fleet_id=row["fleet_id"],
            device_uuid=None if row["device_uuid"] is None else UUID(row["device_uuid"]),
            expires_at=None if row["expires_at"] is None else datetime.fromisoformat(row["expires_at"]),
        )
        for row in rows or ()
    )


def bounds_of(grants: Iterable[Grant], permission: Permission, now: datetime) -> Bounds | None:
    """How far the permission goes at this moment; None: everywhere. Bounds with nothing inside: nowhere."""
    held = [
        grant
        for grant in grants
        if permission in grant.permissions and (grant.expires_at is None or now < grant.expires_at)
    ]
    if any(grant.is_everywhere for grant in held):
        return None
    return Bounds(
        fleets=frozenset(grant.fleet_id for grant in held if grant.fleet_id is not None),
        devices=frozenset(grant.device_uuid for grant in held if grant.device_uuid is not None),
    )
