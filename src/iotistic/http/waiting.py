"""Requests that wait for news: how long they may, and what ends it. Nothing of the database is held meanwhile."""

import asyncio
from datetime import timedelta

from starlette.requests import ClientDisconnect, Request

from iotistic.database.news import Waiter
from iotistic.http.parameters import ParameterInvalid, parse_width

__all__ = ["has_news", "parse_wait"]

_LONGEST = timedelta(seconds=60)


def parse_wait(text: str | None) -> timedelta | None:
    """1s to 60s as a duration, None for None. Raises ParameterInvalid."""
    if text is None:
        return None
    try:
        length = parse_width(text)
    except (ValueError, OverflowError) as error:
        raise _bad_wait() from error
    if length > _LONGEST:
        raise _bad_wait()
    return length


async def has_news(waiter: Waiter, request: Request, seconds: float) -> bool:
    """Whether there is news in time. Raises ClientDisconnect when nobody is there to be told."""
    if seconds <= 0:
        return False
    changed = asyncio.ensure_future(waiter.changed())
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        done, _ = await asyncio.wait({changed, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        changed.cancel()
        gone.cancel()
    if gone in done:
        raise ClientDisconnect
    return changed in done


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _bad_wait() -> ParameterInvalid:
    return ParameterInvalid(
        "`wait` is no time to wait.", hint="Write 1s to 60s, such as 30s.", field="query.wait"
    )
