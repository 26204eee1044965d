"""Rates from counters that only grow, until they do not: reset, wrapped, appeared or gone. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

__all__ = ["CoreTime", "Rates", "busy_percent"]

Counters = Mapping[str, tuple[int, ...]]
"""Counter values by source (a network interface, a disk)."""


@final
class Rates:
    """Units per second, summed over sources, between one reading and the next."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._before: Counters | None = None
        self._moment = 0.0

    def next(self, counters: Counters, moment: float) -> tuple[float, ...] | None:
        """The rate of each column since the reading before; None on the first one.

        `moment` is monotonic seconds. A source that is new, or of which any counter went backwards (the driver was reloaded,
        32 bits wrapped), contributes nothing this once: what it counted before its reset is not known.
        """
        before, elapsed = self._before, moment - self._moment
        self._before, self._moment = counters, moment
        if before is None or elapsed <= 0.0:
            return None
        sums = [0] * self._columns
        for source, now in counters.items():
            differences = [new - old for new, old in zip(now, before.get(source, now), strict=True)]
            if min(differences) >= 0:
                sums = [total + difference for total, difference in zip(sums, differences, strict=True)]
        return tuple(total / elapsed for total in sums)


@dataclass(frozen=True, slots=True)
class CoreTime:
    """Seconds a core has spent, ever."""

    busy: float
    total: float


def busy_percent(before: CoreTime, now: CoreTime) -> float | None:
    """How busy a core was between two readings, 0 to 100; None when too little time passed to tell.

    The kernel may take back some idle or iowait time, so a difference can be negative: it counts as none.
    """
    total = now.total - before.total
    if total <= 0.0:
        return None
    return min(100.0, max(0.0, 100.0 * (now.busy - before.busy) / total))
