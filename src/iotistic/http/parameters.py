"""What several routes read from the query string: a range of time, metric names, the width of a bucket, a page."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BeforeValidator
from starlette.requests import Request

from iotistic.errors import Invalid
from iotistic.http.platform_access import platform_of
from iotistic.http.schemas.values import Moment
from iotistic.telemetry.reading import parse_width

__all__ = [
    "Bucket",
    "DayRange",
    "Limit",
    "MetricNames",
    "ParameterInvalid",
    "QueryMoment",
    "TimeRange",
    "TimeSpan",
    "parse_width",
]

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MOST_NAMES = 100
_LONGEST_NAME = 200
_LOST_PLUS = re.compile(r"(T[0-9:.]+) (\d\d:\d\d)")


class ParameterInvalid(Invalid):
    """A parameter of the query string cannot stand; `field` says which."""

    code = "parameter_invalid"


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeSpan:
    """From `start` up to, not including, `end`."""

    start: datetime
    end: datetime


def _with_plus(text: object) -> object:
    """`+02:00` arrives as ` 02:00` when the caller did not encode the plus."""
    return _LOST_PLUS.sub(r"\1+\2", text) if isinstance(text, str) else text


QueryMoment = Annotated[Moment, BeforeValidator(_with_plus)]
"""A point in time in the query string."""
_MOMENT = "The first moment: RFC 3339 with its offset, or seconds since 1970."
_FROM = f"{_MOMENT} By default an hour before `to`."
_FROM_DAY = f"{_MOMENT} By default a day before `to`."
_TO = "The moment after the last. By default now."


async def _time_span(
    request: Request,
    start: Annotated[
        QueryMoment | None, Query(alias="from", description=_FROM, examples=["2026-11-23T19:00:00Z"])
    ] = None,
    end: Annotated[
        QueryMoment | None, Query(alias="to", description=_TO, examples=["2026-11-23T20:00:00Z"])
    ] = None,
) -> TimeSpan:
    return _span(request, start, end, _HOUR)


async def _day_span(
    request: Request,
    start: Annotated[
        QueryMoment | None, Query(alias="from", description=_FROM_DAY, examples=["2026-11-23T00:00:00Z"])
    ] = None,
    end: Annotated[
        QueryMoment | None, Query(alias="to", description=_TO, examples=["2026-11-24T00:00:00Z"])
    ] = None,
) -> TimeSpan:
    return _span(request, start, end, _DAY)


def _span(request: Request, start: datetime | None, end: datetime | None, default: timedelta) -> TimeSpan:
    last = end or platform_of(request.scope).clock().astimezone(UTC)
    first = start or last - default
    if first >= last:
        raise ParameterInvalid(
            "`from` is not before `to`.", hint="`to` is the present when it is left out.", field="query.from"
        )
    return TimeSpan(start=first, end=last)


async def _names(
    names: Annotated[
        list[str] | None,
        Query(
            description="Metrics, separated by commas or given several times; all when left out.",
            examples=[["cpu_usage,memory_percent"]],
        ),
    ] = None,
) -> tuple[str, ...]:
    found = [name.strip() for group in names or () for name in group.split(",")]
    unique = tuple(dict.fromkeys(name for name in found if name))
    if len(unique) > _MOST_NAMES:
        raise ParameterInvalid(f"More than {_MOST_NAMES} metrics are named.", field="query.names")
    if any(len(name) > _LONGEST_NAME or not name.isprintable() for name in unique):
        raise ParameterInvalid(
            f"A metric's name has at most {_LONGEST_NAME} characters, all printable.", field="query.names"
        )
    return unique


async def _bucket(
    bucket: Annotated[
        str | None,
        Query(
            description="The width of a bucket, 1 s to 366 days: 30s, 5m, 1h, 1d or PT5M. Every report by itself when left out.",
            examples=["5m"],
        ),
    ] = None,
) -> timedelta | None:
    if bucket is None:
        return None
    try:
        return parse_width(bucket)
    except ValueError as error:
        raise ParameterInvalid(
            f"{bucket[:40]!r} is no width of a bucket.",
            hint="Write 30s, 5m, 1h, 1d or PT5M; from 1 s to 366 days.",
            field="query.bucket",
        ) from error


TimeRange = Annotated[TimeSpan, Depends(_time_span)]
DayRange = Annotated[TimeSpan, Depends(_day_span)]
"""For what is kept by the hour."""
MetricNames = Annotated[tuple[str, ...], Depends(_names)]
Bucket = Annotated[timedelta | None, Depends(_bucket)]
Limit = Annotated[int, Query(ge=1, le=1000, description="The most items of one page.")]
