"""How long to wait after a failure: exponential with full jitter.

Full jitter (a uniform draw below the exponential ceiling) keeps a fleet that lost its server at one moment from coming back
at one moment: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

from datetime import timedelta
from random import Random
from typing import final

__all__ = ["Backoff"]

_LONGEST_OBEDIENCE = timedelta(minutes=15)
"""The most a server's Retry-After is believed: a wrong clock there must not silence a device for a day."""


@final
class Backoff:
    """The waits of one thing that is tried again and again."""

    def __init__(
        self,
        random: Random,
        *,
        first: timedelta = timedelta(seconds=1),
        ceiling: timedelta = timedelta(minutes=1),
    ) -> None:
        self._random = random
        self._first = first.total_seconds()
        self._ceiling = ceiling.total_seconds()
        self.failures = 0

    def next(self, retry_after: timedelta | None = None) -> timedelta:
        """The wait after one more failure; never shorter than what the server asked for."""
        # 2 ** 1024 overflows a float, and the ceiling is reached long before.
        ceiling = min(self._ceiling, self._first * 2.0 ** min(self.failures, 64))
        self.failures += 1
        jitter = timedelta(seconds=self._random.uniform(0.0, ceiling))
        if retry_after is None:
            return jitter
        # Everybody was told the same moment: the jitter spreads them behind it.
        return min(retry_after, _LONGEST_OBEDIENCE) + jitter

    def reset(self) -> None:
        """It worked: the next failure is the first one again."""
        self.failures = 0
