"""Which devices a list is about, in the words of its queries."""

from dataclasses import dataclass
from uuid import UUID

from iotistic.devices.model import ConnectionStatus

__all__ = ["Criteria"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """A filter in the words of the queries; None filters nothing."""

    predicate: str | None
    """jsonpath over the tags."""
    keys: list[str] | None
    """Tags that must be there."""
    kind: str | None
    fleet_id: int | None
    status: ConnectionStatus | None
    pattern: str | None
    """For ILIKE."""
    bound_fleets: list[int] | None
    """With `bound_devices`: only devices of these fleets, and these."""
    bound_devices: list[UUID] | None
