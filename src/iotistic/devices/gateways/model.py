"""The nouns about gateways."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

__all__ = ["GrantedDevice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedDevice:
    """A device that a gateway may send for."""

    device_uuid: UUID
    name: str
    retired: bool
    """Out of service: nothing is taken for it until it is restored."""
    granted_at: datetime
