"""Doing costly things less often than the tick: looking again, and telling again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Generic, TypeVar, final

__all__ = ["Damped", "Every", "Monotonic"]

T = TypeVar("T")

Monotonic = Callable[[], float]
"""Seconds that never go backwards."""


@final
class Every:
    """Says when it is time again."""

    def __init__(self, interval: timedelta, monotonic: Monotonic) -> None:
        self._interval = interval.total_seconds()
        self._monotonic = monotonic
        self._due = monotonic()

    def is_due(self) -> bool:
        """True at first, then once an interval."""
        now = self._monotonic()
        if now < self._due:
            return False
        self._due = now + self._interval
        return True


@final
class Damped(Generic[T]):
    """The value of a costly look, at most so old."""

    def __init__(self, look: Callable[[], T], interval: timedelta, monotonic: Monotonic) -> None:
        self._look = look
        self._every = Every(interval, monotonic)
        self._value: T | None = None

    def __call__(self) -> T | None:
        """The value, looked up anew when it is due."""
        if self._every.is_due():
            self._value = self._look()
        return self._value
