"""Which times are believed, and which have a place: judged before a row is on its way, so that one odd row stops no batch."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from iotistic.partitioning import Leaf
from iotistic.telemetry.wire.stamps import CLOCK_SET_SINCE, microseconds, stamp_of

__all__ = ["CLOCK_NOT_SET", "IN_FUTURE", "NO_PARTITION", "TOO_OLD", "Judge", "Window"]

CLOCK_NOT_SET = "clock_not_set"
IN_FUTURE = "timestamp_in_future"
TOO_OLD = "timestamp_too_old"
NO_PARTITION = "no_partition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """The window as it stands at one moment."""

    low: int
    """Stamps from this one ..."""
    high: int
    """... up to this one, not included, are fine; others are for `objection`."""
    now: int
    others: tuple[tuple[int, int], ...]
    """Further ranges that have a place, behind a gap."""
    oldest: int
    """The first stamp that is kept at all."""
    ahead: int
    """How far in the future a clock may be."""

    def objection(self, stamp: int) -> tuple[str, str] | None:
        """(code, message) for a stamp that cannot be stored; None when it can."""
        if self.low <= stamp < self.high or any(low <= stamp < high for low, high in self.others):
            return None
        if stamp > self.now + self.ahead:
            return IN_FUTURE, f"The timestamp is {_span(stamp - self.now)} ahead of the platform's clock."
        if stamp < CLOCK_SET_SINCE:
            return CLOCK_NOT_SET, "The timestamp is before 2015: the device's clock was not set."
        if stamp < self.oldest:
            return (
                TOO_OLD,
                f"The timestamp is {_span(self.now - stamp)} old, which is before all that is kept of the device.",
            )
        return NO_PARTITION, "There is no partition for the day of the timestamp."

    def since(self, floor: int) -> "Judge":
        """The same for a device of which nothing before this stamp is kept."""
        others = tuple((max(low, floor), high) for low, high in self.others if high > floor)
        return replace(self, low=max(self.low, floor), others=others, oldest=max(self.oldest, floor))


@dataclass(frozen=True, slots=True)
class Window:
    """The ranges of time that have a partition, oldest first, adjoining days as one; and the partitions one by one."""

    ranges: tuple[tuple[int, int], ...]
    parts: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, leaves: Iterable[Leaf]) -> "Window":
        """The ranges that these partitions cover."""
        merged: list[tuple[int, int]] = []
        parts = tuple(sorted(_bounds(leaves)))
        for low, high in parts:
            if merged and merged[-1][1] == low:
                merged[-1] = (merged[-1][0], high)
            else:
                merged.append((low, high))
        return cls(tuple(merged), parts)

    def floor(self, now: datetime, keep: timedelta) -> int:
        """The first stamp whose partition is not over yet for rows that stay so long after its end."""
        over = stamp_of(now) - microseconds(keep)
        return next((low for low, high in self.parts if high > over), over)

    def judge(self, now: datetime, ahead: timedelta) -> Judge | None:
        """How stamps are judged at `now`, however long rows stay; None when there is no place for rows of now."""
        moment = stamp_of(now)
        for low, high in self.ranges:
            if low <= moment < high:
                return Judge(
                    low=low,
                    high=min(high, moment + microseconds(ahead) + 1),
                    now=moment,
                    others=tuple(other for other in self.ranges if other[1] <= low),
                    oldest=self.ranges[0][0],
                    ahead=microseconds(ahead),
                )
        return None


def _bounds(leaves: Iterable[Leaf]) -> Iterable[tuple[int, int]]:
    for leaf in leaves:
        if leaf.holds and leaf.lower is not None and leaf.upper is not None:
            yield stamp_of(leaf.lower), stamp_of(leaf.upper)


def _span(stamps: int) -> str:
    seconds = stamps // 1_000_000
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size:,} {unit}"
    return f"{seconds} seconds"
