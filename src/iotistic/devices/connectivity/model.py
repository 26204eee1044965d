"""The nouns of connectivity."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from iotistic.devices.model import ConnectionStatus

__all__ = ["Connectivity", "Transition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connectivity:
    """How a device stands with the platform."""

    status: ConnectionStatus
    since: datetime
    """When it became so; for `never` when it was registered."""
    last_contact_at: datetime | None
    """By the clock of the database, up to 15 seconds behind."""
    expected_every: timedelta
    """The longest time between two contacts while all is well; after twice that it is offline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One change of the connection status of a device."""

    id: int
    was: ConnectionStatus
    became: ConnectionStatus
    occurred_at: datetime
    lasted: timedelta
    """How long it had been as before."""
