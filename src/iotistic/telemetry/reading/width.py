"""How long a bucket is, as people write it."""

import re
from datetime import timedelta

import msgspec

__all__ = ["WIDEST", "parse_width"]

WIDEST = timedelta(days=366)

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_WIDTH = re.compile(r"(?P<number>[1-9][0-9]{0,8})(?P<unit>[smhd])")


def parse_width(text: str) -> timedelta:
    """`30s`, `5m`, `1h`, `7d` or ISO 8601's `PT5M` as a duration of 1 s to 366 days. Raises ValueError."""
    short = _WIDTH.fullmatch(text)
    if short:
        width = timedelta(seconds=int(short["number"]) * _UNITS[short["unit"]])
    elif text.startswith("P"):
        width = msgspec.convert(text, timedelta)
    else:
        raise ValueError("neither form")
    if not timedelta(seconds=1) <= width <= WIDEST:
        raise ValueError("out of bounds")
    return width
