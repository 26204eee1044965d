"""How often and how long a file is tried that does not get its locks. Pure."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Final, final

from iotistic.migrations.report import RunLimits

__all__ = ["RETRYABLE", "Patience"]

RETRYABLE: Final = frozenset({"55P03", "40P01", "40001"})
"""lock_not_available, deadlock_detected, serialization_failure: nothing is wrong with the file, somebody was in the way."""

_FIRST: Final = timedelta(seconds=0.2)
_LONGEST: Final = timedelta(seconds=10)


@final
class Patience:
    """Counts the tries of one file."""

    def __init__(
        self, limits: RunLimits, *, now: Callable[[], float], jitter: Callable[[], float] = random.random
    ) -> None:
        self._limits = limits
        self._now = now
        self._jitter = jitter
        self._began = now()
        self.tries = 1

    def next_pause(self) -> timedelta | None:
        """How long to wait before the next try: 0.2 s, doubling up to 10 s, give or take a half. None: enough."""
        pause = min(_FIRST * float(2 ** (self.tries - 1)), _LONGEST) * (0.5 + self._jitter())
        spent = timedelta(seconds=self._now() - self._began)
        if self.tries >= self._limits.tries or spent + pause > self._limits.retry_for:
            return None
        self.tries += 1
        return pause
