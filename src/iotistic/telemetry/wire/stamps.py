"""Moments as PostgreSQL stores them: whole microseconds since 2000-01-01 UTC, called stamps here.

Integers compare and pack faster than datetimes, and hold every time a confused device may claim.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, cast

__all__ = [
    "CLOCK_SET_SINCE",
    "EARLIEST",
    "LATEST",
    "MICROSECOND",
    "from_number",
    "microseconds",
    "moment_in",
    "moment_of",
    "stamp_of",
    "stamp_of_time",
    "stamps_of_times",
]

MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_UNIX_EPOCH: Final = -946_684_800_000_000
"""1970-01-01 as a stamp."""

CLOCK_SET_SINCE: Final = 473_385_600_000_000
"""2015-01-01 as a stamp: a device that claims an earlier time never set its clock."""

EARLIEST: Final = -63_082_281_600_000_000
LATEST: Final = 252_455_615_999_999_999
"""The years 1 to 9999, which is what Python's datetime and every client can show."""


def stamp_of(moment: datetime) -> int:
    """The stamp of an aware datetime."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment_of(stamp: int) -> datetime | None:
    """The datetime of a stamp; None outside the years 1 to 9999."""
    return _EPOCH + stamp * MICROSECOND if EARLIEST <= stamp <= LATEST else None


def microseconds(duration: timedelta) -> int:
    """A duration as a difference of stamps."""
    return duration // MICROSECOND


def stamp_of_time(time: datetime | float) -> int:
    """The stamp of either kind of timestamp."""
    return stamp_of(time) if isinstance(time, datetime) else from_number(time)


def stamps_of_times(times: Sequence[datetime | float]) -> list[int]:
    """The stamps of a body's timestamps. Of one kind they nearly always are, and then no call is made for each."""
    moments = cast("Sequence[datetime]", times)
    try:
        apart = [moment - _EPOCH for moment in moments]
    except TypeError:  # numbers among them
        return [stamp_of_time(time) for time in times]
    return [(one.days * 86_400 + one.seconds) * 1_000_000 + one.microseconds for one in apart]


def from_number(number: float) -> int:
    """The stamp of a Unix time in seconds, milliseconds, microseconds or nanoseconds, told apart by magnitude.

    Each unit has the range in which a date from 1973 to 5138 falls in no other unit; around zero it is seconds.
    """
    magnitude = abs(number)
    if magnitude < 1e11:  # noqa: PLR2004 - seconds until the year 5138
        per_microsecond, divisor = 1_000_000, 1
    elif magnitude < 1e14:  # noqa: PLR2004 - milliseconds
        per_microsecond, divisor = 1_000, 1
    elif magnitude < 1e17:  # noqa: PLR2004 - microseconds
        per_microsecond, divisor = 1, 1
    else:
        per_microsecond, divisor = 1, 1_000
    if isinstance(number, int):
        return _UNIX_EPOCH + number * per_microsecond // divisor
    return _UNIX_EPOCH + round(number * per_microsecond / divisor)


def moment_in(text: str) -> datetime | None:
    """The moment of an ISO 8601 time with an offset; None when it is none, or names no offset and so could be any of 26."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
