"""The nouns about what was set aside."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from iotistic.telemetry.ingest.window import CLOCK_NOT_SET, IN_FUTURE, TOO_OLD

__all__ = ["Position", "QuarantineFilter", "QuarantinedRow", "Replayed", "Shift"]

_WRONG_TIMES: Final = frozenset({CLOCK_NOT_SET, IN_FUTURE, TOO_OLD})

Position = tuple[datetime, UUID]
"""Where a page ended: the receipt and id of its last row."""

Shift = timedelta | None
"""What a replay adds to the device's times; None: the newest report of each body falls on the body's receipt, the others keep
their distance to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineFilter:
    """Which rows are meant; what is None does not restrict."""

    device_uuid: UUID | None = None
    reason: str | None = None
    since: datetime | None = None
    """Received from then on ..."""
    until: datetime | None = None
    """... and before then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedRow:
    """One report or line that was set aside."""

    received_at: datetime
    id: UUID
    device_uuid: UUID
    stream: str
    """metrics or logs."""
    reason: str
    device_time: datetime | None
    """None: the device named a time that PostgreSQL cannot hold."""
    payload: dict[str, Any] = field(repr=False)

    @property
    def position(self) -> Position:
        return self.received_at, self.id

    @property
    def replay(self) -> str:
        """The command that stores it, and what else was set aside of this device for this reason."""
        # Its time is wrong, or its time is right and had no place.
        how = "--on-receipt" if self.reason in _WRONG_TIMES else "--shift 0s"
        return (
            f"iotistic telemetry quarantine replay --device {self.device_uuid} --reason {self.reason} {how}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay did."""

    stored: int = 0
    """Stored now, and gone from the quarantine."""
    duplicate: int = 0
    """Were stored already, and gone from the quarantine."""
    left: int = 0
    """Still in the quarantine: they have no place with this time either, or PostgreSQL refuses them."""

    def __add__(self, other: "Replayed") -> "Replayed":
        return Replayed(
            stored=self.stored + other.stored,
            duplicate=self.duplicate + other.duplicate,
            left=self.left + other.left,
        )
