"""What is asked for one partitioned table, and what is there."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from iotistic.partitioning.grain import Grain, Period

__all__ = ["ALARM_DAYS", "READY_DAYS", "Leaf", "Policy", "RetentionClass", "Runway", "Situation", "Stray"]

READY_DAYS = 1
"""With fewer whole days made ahead a service is not ready for traffic."""
ALARM_DAYS = 3
"""With fewer, somebody must look why nothing makes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How the partitions of one table are made and retired: a row of partition_policies."""

    parent: str
    """The partitioned table."""
    grain: Grain = Grain.DAY
    """How long one partition is."""
    premake: int
    """Partitions after the present one that are kept ready."""
    back: int
    """Partitions before the present one that are made when missing, for late rows."""
    keep: timedelta
    """How long a partition stays after the last moment it holds; whole days."""
    ahead: timedelta = timedelta(minutes=10)
    """How far ahead of the platform's clock the time of a row may be that a device sends."""
    device_column: str | None = None
    """The column that names the device whose retention class may be another."""
    search_column: str | None = None
    """The text that gets a trigram index once a partition is sealed."""
    archive: bool = False
    """Whether rows go to the archive before they are dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionClass:
    """Devices whose rows stay another time than the policy says."""

    keep: timedelta
    devices: int
    changed_at: datetime
    """When one of them last came into this class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One attached partition, with the bounds the catalog gives it."""

    name: str
    lower: datetime | None
    """The first moment it holds; None (with `upper`) when its bounds are no plain range of time."""
    upper: datetime | None
    """The first moment it no longer holds."""
    detach_pending: bool = False
    """An interrupted DETACH CONCURRENTLY: its rows are hidden, rows for it are refused, other detaches too."""
    sealed_at: datetime | None = None
    """When it was frozen and indexed for search, after its period was over."""
    thinned_at: datetime | None = None
    """When rows of devices whose retention class was over were last taken out."""

    @property
    def period(self) -> Period | None:
        """The range it holds, where its bounds are a plain one."""
        return Period(self.lower, self.upper) if self.lower and self.upper else None

    @property
    def holds(self) -> bool:
        """Whether rows can be stored in and read from it."""
        return not self.detach_pending and self.period is not None

    def covers(self, start: datetime, end: datetime) -> bool:
        """Whether its range meets the one from `start` up to `end`."""
        return self.lower is not None and self.upper is not None and self.lower < end and start < self.upper


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A table that is named like a partition of the parent and is attached to nothing."""

    name: str
    period: Period
    """The range its name claims."""
    retiring: bool
    """Whether the maintainer detached it to drop it, as its comment says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runway:
    """How long rows of one table have a place without further partition work."""

    parent: str
    days: int
    """Whole days from now on; 0 when less than one is left."""
    covered_until: datetime | None
    """When inserts will fail; None: they fail now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One parent as it is."""

    policy: Policy
    key: str = "timestamp"
    """The column whose value decides which partition a row goes to."""
    leaves: tuple[Leaf, ...] = ()
    strays: tuple[Stray, ...] = ()
    classes: tuple[RetentionClass, ...] = ()
    """Of its devices, shortest first, other than the policy's own."""
    default: str | None = None
    """The DEFAULT partition, which only a foreign set-up has: it forbids concurrent detach."""

    @property
    def longest(self) -> timedelta:
        """How long the last of its rows stay."""
        return max([self.policy.keep, *(one.keep for one in self.classes)])

    @property
    def ranges(self) -> list[Period]:
        """The ranges of time that have a place, oldest first, adjoining ones as one."""
        return _joined(leaf.period for leaf in self.leaves if leaf.holds and leaf.period)

    @property
    def gaps(self) -> list[Period]:
        """The ranges between the first and the last partition for which there is none."""
        ranges = self.ranges
        return [Period(before.upper, after.lower) for before, after in itertools.pairwise(ranges)]

    def covered_until(self, now: datetime) -> datetime | None:
        """The end of the unbroken range of partitions around `now`; None when rows of now have no place."""
        return next((one.upper for one in self.ranges if one.lower <= now < one.upper), None)

    def runway(self, now: datetime) -> Runway:
        """How long the partitions made ahead last."""
        until = self.covered_until(now)
        days = (until - now) // timedelta(days=1) if until else 0
        return Runway(parent=self.policy.parent, days=days, covered_until=until)


def _joined(periods: Iterable[Period]) -> list[Period]:
    joined: list[Period] = []
    for period in sorted(periods):
        if joined and joined[-1].upper >= period.lower:
            joined[-1] = Period(joined[-1].lower, max(joined[-1].upper, period.upper))
        else:
            joined.append(period)
    return joined
