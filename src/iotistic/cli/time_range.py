"""Options that say which time is meant, and how points are to look."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from iotistic.errors import Invalid
from iotistic.telemetry.reading import parse_width

__all__ = ["Bucket", "From", "Since", "TimeUnreadable", "To", "moment_of", "time_range", "width_of"]

Since = Annotated[
    str, typer.Option("--since", metavar="DURATION", help="How long back from the end: 90s, 15m, 24h, 30d.")
]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="TIME", help="The first moment, instead: 2026-11-23T20:00:00Z."),
]
To = Annotated[
    str | None, typer.Option("--to", metavar="TIME", help="The moment after the last.  [default: now]")
]
Bucket = Annotated[
    str | None,
    typer.Option("--bucket", metavar="WIDTH", help="Sum up by buckets so wide: 30s, 5m, 1h, 1d."),
]


class TimeUnreadable(Invalid):
    """A word that is no time or no duration."""

    code = "time_unreadable"


def time_range(now: datetime, since: str, start: str | None, end: str | None) -> tuple[datetime, datetime]:
    """From when up to when. Raises TimeUnreadable."""
    last = now if end is None else moment_of(end)
    return (last - _back(since) if start is None else moment_of(start)), last


def _back(since: str) -> timedelta:
    try:
        return parse_width(since)
    except ValueError as error:
        raise TimeUnreadable(
            f"{since!r} is no duration of 1s to 366d.",
            hint="Write 90s, 15m, 24h or 30d; for what is longer ago: --from 2026-11-23.",
        ) from error


def width_of(text: str) -> timedelta:
    """How wide a bucket is. Raises TimeUnreadable."""
    try:
        return parse_width(text)
    except ValueError as error:
        raise TimeUnreadable(
            f"{text!r} is no width of a bucket.", hint="Write 30s, 5m, 1h or 1d; from 1s to 366d."
        ) from error


def moment_of(text: str) -> datetime:
    """A moment, of UTC where it does not say. Raises TimeUnreadable."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TimeUnreadable(
            f"{text!r} is no time.", hint="Write 2026-11-23T20:00:00Z or 2026-11-23."
        ) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
