"""How long whoever failed has to wait. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import final

__all__ = ["Backoff"]

_MOST_DOUBLINGS = 40
"""Beyond, 2^n times anything is longer than a timedelta holds."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """The first failures are free, then each doubles the pause. It is a pause and no lock: it always ends by itself."""

    free: int
    """Failures that cost nothing."""
    first: timedelta
    """The pause after one more."""
    longest: timedelta

    def pause(self, failures: int) -> timedelta:
        """From the last failure on."""
        over = failures - self.free
        if over <= 0:
            return timedelta(0)
        doublings: int = min(over - 1, _MOST_DOUBLINGS)
        return min(self.first * (1 << doublings), self.longest)

    def left(self, failures: int, failed_at: datetime | None, now: datetime) -> timedelta | None:
        """How much of the pause is left; None: nothing."""
        if failed_at is None:
            return None
        left = failed_at + self.pause(failures) - now
        return left if left > timedelta(0) else None
