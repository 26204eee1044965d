"""A length of time as people type and read it."""

import re
from datetime import timedelta

from iotistic.errors import Invalid

__all__ = ["DurationUnreadable", "parse_shift", "readable_time"]

_PATTERN = re.compile(r"(?P<sign>[+-]?)(?P<number>\d{1,9})(?P<unit>ms|[smhd])")
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


class DurationUnreadable(Invalid):
    """A word that says no length of time."""

    code = "duration_unreadable"


def parse_shift(text: str) -> timedelta:
    """A number with its unit, forwards or backwards: 90m, -2h, 3d. Raises DurationUnreadable."""
    found = _PATTERN.fullmatch(text.strip())
    if found is None:
        raise DurationUnreadable(
            f"{text!r} is no length of time.", hint="Write a number and ms, s, m, h or d: 90m, -2h, 3d."
        )
    length = int(found["number"]) * _UNITS[found["unit"]]
    return -length if found["sign"] == "-" else length


def readable_time(length: timedelta) -> str:
    """The two largest units of a length of time: 1 d 2 h, 4 min 3 s, 0 s."""
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [
        f"{count} {unit}"
        for count, unit in ((days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s"))
        if count
    ]
    return " ".join(parts[:2]) or "0 s"
