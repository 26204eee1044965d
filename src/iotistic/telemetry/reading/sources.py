"""Which table answers which part of a range: the coarsest rollup that fits, reports for the rest. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from iotistic.telemetry.errors import RangeTooLong
from iotistic.telemetry.model import Source
from iotistic.telemetry.rollups import DAYS, HOURS, LEVELS, QUARTERS, Level, LevelName

__all__ = ["MOST_RAW", "MOST_ROWS", "Made", "Segment", "Source", "check_effort", "segments"]

MOST_RAW = timedelta(days=2_000)
"""Devices times time that one question may read reports of: 1,000 devices for two days. At a report a minute that is 3 million rows."""
MOST_ROWS = 2_000_000
"""Rows of rollups that one question may read."""

_WIDTHS: Mapping[Source, timedelta] = {level.name: level.width for level in LEVELS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Which buckets of one rollup are made."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of the range, and the table that answers it."""

    source: Source
    since: datetime
    until: datetime

    @property
    def width(self) -> timedelta | None:
        """Of the buckets of that table; None where it holds reports."""
        return _WIDTHS.get(self.source)


def segments(
    start: datetime, end: datetime, edges: Sequence[datetime], made: Mapping[LevelName, Made]
) -> list[Segment]:
    """The whole range in order, without gap or overlap.

    A rollup fits where no edge of a bucket lies inside one of its own buckets, and they are made.
    """
    return _cover(
        start,
        end,
        edges,
        [(level, made[level.name]) for level in (DAYS, HOURS, QUARTERS) if level.name in made],
    )


def _cover(
    start: datetime, end: datetime, edges: Sequence[datetime], levels: Sequence[tuple[Level, Made]]
) -> list[Segment]:
    if start >= end:
        return []
    if not levels:
        return [Segment(source="raw", since=start, until=end)]
    (level, made), *finer = levels
    since = level.ceiling(max(start, made.since))
    until = level.floor(min(end, made.until))
    inner = edges[bisect_right(edges, since) : bisect_left(edges, until)]
    if since >= until or not all(map(level.aligned, inner)):
        return _cover(start, end, edges, finer)
    return [
        *_cover(start, since, edges, finer),
        Segment(source=level.name, since=since, until=until),
        *_cover(until, end, edges, finer),
    ]


def check_effort(parts: Sequence[Segment], devices: int) -> None:
    """Raises RangeTooLong when the parts read more than one question may."""
    span = sum((part.until - part.since for part in parts if part.source == "raw"), timedelta(0))
    if span * devices > MOST_RAW:
        raise RangeTooLong(
            f"That reads {span.days + 1} days of reports of each device, and {devices * (span.days + 1):,} days of all;"
            f" {MOST_RAW.days:,} are allowed at once.",
            hint="Ask for buckets of 15 minutes, an hour or a day, which are summed up already; or for fewer devices or a shorter time.",
            devices=devices,
        )
    rows = sum((part.until - part.since) / part.width for part in parts if part.width) * devices
    if rows > MOST_ROWS:
        raise RangeTooLong(
            f"That reads about {int(rows):,} rows of rollups; {MOST_ROWS:,} are allowed at once.",
            hint="Ask for wider buckets, for fewer devices or a shorter time.",
            devices=devices,
        )
