"""Where buckets begin and end, in any time zone of the world: pure.

A day in Berlin has 23 hours once a year and 25 once. Whole days are therefore counted by the calendar; parts of a day longer
than an hour by the clock on the wall, so that 6-hour buckets begin at 0, 6, 12 and 18 o'clock on every day; hours and less by
the time that passes, so that the hour that comes twice is two buckets.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from iotistic.telemetry.errors import RangeInvalid, TooManyPoints

__all__ = ["MOST_BUCKETS", "SHORTEST_BUCKET", "bucket_edges", "zone_named"]

SHORTEST_BUCKET: Final = timedelta(seconds=1)
MOST_BUCKETS: Final = 20_000
"""In one range."""

_FIRST_DAY: Final = date(2000, 1, 1)
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)


def zone_named(name: str) -> ZoneInfo:
    """The zone of an IANA name such as Europe/Berlin. Raises RangeInvalid."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # unknown, not a name at all, a folder of zones
        raise RangeInvalid(
            f"There is no time zone {name[:60]!r}.",
            hint="Take a name of the IANA database: UTC, Europe/Berlin, Asia/Kolkata.",
            field="query.zone",
        ) from error


def bucket_edges(start: datetime, end: datetime, width: timedelta, zone: ZoneInfo) -> list[datetime]:
    """The edges of all buckets that meet the range from `start` up to `end`, in UTC, rising: bucket i is from i up to i + 1.

    The first is at or before `start`, the last at or after `end`. Raises RangeInvalid or TooManyPoints.
    """
    if width < SHORTEST_BUCKET:
        raise RangeInvalid(f"A bucket is at least {SHORTEST_BUCKET.seconds} second wide.", bucket=width)
    if (end - start) / width > MOST_BUCKETS:
        raise TooManyPoints(
            f"The range holds more than {MOST_BUCKETS} buckets.",
            hint=f"Ask for buckets of {int((end - start).total_seconds() / MOST_BUCKETS) + 1} s or more, or for a shorter time.",
            limit=MOST_BUCKETS,
        )
    first, last = start, end
    edges: list[datetime] = []
    for edge in _edges(first, width, zone):
        if edge <= first:
            edges[:] = [edge]
        elif not edges or edge > edges[-1]:  # a wall clock that goes back shows the same hour twice
            edges.append(edge)
        if edge >= last:
            break
    return edges


def _edges(start: datetime, width: timedelta, zone: ZoneInfo) -> Iterator[datetime]:
    """Edges from one at or before `start` on, without end."""
    local = start.astimezone(zone).date()
    if not width % _DAY:
        days = width // _DAY
        day = local - (local - _FIRST_DAY) % timedelta(days=days)
        while True:
            yield _midnight(day, zone)
            day += timedelta(days=days)
    if _DAY % width:
        # 7 minutes or 5 hours fit no day: counted through, whatever clocks do.
        origin = _midnight(_FIRST_DAY, zone)
        edge = origin + (start - origin) // width * width
        while True:
            yield edge
            edge += width
    # From the day before: where midnight itself is skipped, a day begins after `start`.
    day = local - _DAY
    while True:
        yield from (_by_time_passed if width <= _HOUR else _by_wall_clock)(day, width, zone)
        day += _DAY


def _by_time_passed(day: date, width: timedelta, zone: ZoneInfo) -> Iterator[datetime]:
    edge, end = _midnight(day, zone), _midnight(day + _DAY, zone)
    while edge < end:
        yield edge
        edge += width


def _by_wall_clock(day: date, width: timedelta, zone: ZoneInfo) -> Iterator[datetime]:
    midnight = datetime.combine(day, time())
    for number in range(_DAY // width):
        yield (midnight + number * width).replace(tzinfo=zone).astimezone(UTC)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
