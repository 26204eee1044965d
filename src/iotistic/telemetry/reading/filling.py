"""What stands in buckets that nothing was reported in: pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from iotistic.telemetry.model import Point

__all__ = ["Filling", "filled"]

Filling = Literal["none", "null", "previous", "linear"]
"""none: such buckets are left out · null: they have no values · previous: the last average goes on · linear: a straight line between the
averages around the gap, which never reaches beyond the first and the last report."""


def filled(points: Mapping[int, Point], moments: Sequence[datetime], how: Filling) -> list[Point]:
    """The points by number of their bucket, and for the other buckets what `how` says; a filled one has count 0."""
    if how == "none":
        return [points[number] for number in sorted(points)]
    known = sorted(points)
    out: list[Point] = []
    following = 0
    for number, moment in enumerate(moments):
        if number in points:
            out.append(points[number])
            following += 1
            continue
        before = points[known[following - 1]] if following else None
        value: float | None = None
        if how == "previous" and before is not None:
            value = before.average
        elif how == "linear" and before is not None and following < len(known):
            after = points[known[following]]
            value = _between(before, after, moment)
        out.append(_made_up(moment, value))
    return out


def _between(before: Point, after: Point, moment: datetime) -> float | None:
    if before.average is None or after.average is None:
        return None
    share = (moment - before.timestamp) / (after.timestamp - before.timestamp)
    return before.average + share * (after.average - before.average)


def _made_up(moment: datetime, value: float | None) -> Point:
    return Point(timestamp=moment, count=0, minimum=value, average=value, maximum=value, last=value)
