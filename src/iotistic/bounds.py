"""How far a permission goes when it does not go everywhere: some fleets and some devices. A list shows only what lies inside."""

from dataclasses import dataclass
from uuid import UUID

__all__ = ["Bounds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What lies inside: the devices of these fleets, and these devices. Where there are none at all, None stands for no bounds."""

    fleets: frozenset[int] = frozenset()
    """By id."""
    devices: frozenset[UUID] = frozenset()
