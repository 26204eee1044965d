"""What is wanted of a day-partitioned table, and what is there."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

__all__ = ["Leaf", "Policy", "Runway", "Situation", "Stray"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How the days of one table are made and retired: a row of partition_policies."""

    parent: str
    """The partitioned table."""
    premake_days: int
    """Days after today that are kept ready."""
    back_days: int
    """Days before today that are made when missing, for late rows."""
    keep_days: int
    """Whole days that stay after the day they hold is over."""


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

    @property
    def holds(self) -> bool:
        """Whether rows can be stored in and read from it."""
        return not self.detach_pending and self.lower is not None

    def covers(self, start: datetime, end: datetime) -> bool:
        """Whether its range meets the one from `start` up to `end`."""
        return self.lower is not None and self.upper is not None and self.lower < end and start < self.upper


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A table that is named like a partition of the parent and is attached to nothing."""

    name: str
    day: date
    """The day its name claims."""
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

    def covered_until(self, now: datetime) -> datetime | None:
        """The end of the unbroken range of partitions around `now`; None when rows of now have no place."""
        reached: datetime | None = None
        moment = now
        for leaf in sorted((one for one in self.leaves if one.holds), key=_upper):
            if leaf.covers(moment, moment + timedelta(microseconds=1)):
                reached = moment = _upper(leaf)
        return reached

    def runway(self, now: datetime) -> Runway:
        """How long the partitions made ahead last."""
        until = self.covered_until(now)
        days = (until - now) // timedelta(days=1) if until else 0
        return Runway(parent=self.policy.parent, days=days, covered_until=until)


def _upper(leaf: Leaf) -> datetime:
    if leaf.upper is None:
        raise ValueError(f"{leaf.name} has no plain bounds")
    return leaf.upper
