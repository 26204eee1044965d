"""How the partitions of each table are, for the person who has to act."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["DefaultPartition", "Gap", "Orphan", "ParentHealth", "PartitionsHealth", "State"]


class State(StrEnum):
    """How urgent it is."""

    FINE = "fine"
    ATTENTION = "attention"
    """Nothing is lost yet: under three days are made ahead, or something an earlier run left."""
    FAILING = "failing"
    """Rows find no place now, or will within a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A range between two partitions for which there is none."""

    lower: datetime
    upper: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A table that is named like a partition and is attached to nothing."""

    name: str
    reason: str
    """`retiring`: detached to be dropped; `unattached`: detached by hand, or a look-alike."""
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultPartition:
    """The DEFAULT partition of a table that somebody else made: it forbids concurrent detach."""

    name: str
    rows: int
    """About how many, as the statistics know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentHealth:
    """One table."""

    parent: str
    grain: str
    premake: int
    keep_days: int
    state: State
    problems: tuple[str, ...]
    """What is not as it should be, a sentence each."""
    runway_days: int
    """Whole days from now on for which rows have a place."""
    inserts_fail_at: datetime | None
    """When rows of the present find no place any more; None: they find none now."""
    leaves: int
    oldest: datetime | None
    """The first moment that has a place."""
    gaps: tuple[Gap, ...]
    pending_detaches: tuple[str, ...]
    orphans: tuple[Orphan, ...]
    default_partition: DefaultPartition | None
    quarantined_rows: int
    """Rows that were set aside because they had no partition."""
    bytes: int
    """On disk, with indexes, orphans not counted."""
    bytes_per_day: int
    """Of the last complete week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionsHealth:
    """All tables with a policy."""

    now: datetime
    state: State
    """The worst of all."""
    parents: tuple[ParentHealth, ...]
