"""Time as an argument, so that horizons can be tested.

The database's clock decides what is stored; this one serves decisions made before or without a database.
"""

from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "system_clock"]


class Clock(Protocol):
    """Anything that tells the present moment as an aware UTC datetime."""

    def __call__(self) -> datetime: ...


def system_clock() -> datetime:
    """The host's clock, in UTC."""
    return datetime.now(UTC)
