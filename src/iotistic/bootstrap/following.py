"""Following events, log lines and shadows as they come: whoever has caught up waits for news, and reads on from where it was."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from iotistic.bootstrap.platform import Platform, Work
from iotistic.database.news import Waiter
from iotistic.devices.shadow import Shadow
from iotistic.errors import Unavailable
from iotistic.events import APPENDED, Cursor, EventFilter, Stretch
from iotistic.telemetry.logs import ARRIVED, EVERY_LINE, LogSift, LogStretch, Reached

__all__ = ["Meant", "follow_desired", "follow_events", "follow_lines", "wait_for_news"]

Wait = Callable[[Waiter, float], Awaitable[bool]]
"""Ends with the news, or after so many seconds without any."""

Meant = Callable[[Work], Awaitable[LogSift]]
"""Which lines are followed, asked anew with each look: devices come and go."""

_EVERYBODY = UUID(int=0)
_WANTED = frozenset({"desired", "fleet"})
_AGAIN = timedelta(milliseconds=250)
_QUIET = timedelta(seconds=15)
_LAST_LOOK = timedelta(milliseconds=350)
"""After news of lines: those that come in the 250 ms behind it send none of their own."""
_AWAY = timedelta(seconds=1)


async def wait_for_news(waiter: Waiter, seconds: float) -> bool:
    """Whether there is news in time."""
    try:
        async with asyncio.timeout(seconds):
            await waiter.changed()
    except TimeoutError:
        return False
    return True


async def follow_events(
    platform: Platform, cursor: Cursor, which: EventFilter, *, wait: Wait = wait_for_news
) -> AsyncGenerator[Stretch]:
    """What follows the cursor, stretch by stretch, until the platform stops; an empty one after each quarter of a minute of silence.

    Nothing of the database is held while it waits. Raises TooManyWaiters or CursorFromElsewhere.
    """
    news = platform.news
    with news.subscribed(_EVERYBODY, {APPENDED}) as waiter:
        while not news.dismissed:
            async with platform.begin(read_only=True) as work:
                stretch = await work.events.follow(cursor, which)
            cursor = stretch.cursor
            if stretch.events:
                yield stretch
            if stretch.is_full:
                continue
            # What waits for a transaction without events gets no message of its own when that one ends.
            pause = _AGAIN if stretch.is_behind else _QUIET
            if not await wait(waiter, pause.total_seconds()) and not stretch.is_behind:
                yield Stretch(events=[], cursor=cursor, is_full=False, is_behind=False)


async def follow_lines(
    platform: Platform,
    reached: Reached,
    ask: Callable[[], Awaitable[Meant | None]],
    *,
    wait: Wait = wait_for_news,
) -> AsyncGenerator[LogStretch | Unavailable]:
    """What follows, stretch by stretch; an empty one after each quarter of a minute of silence, and why when the database is away.

    `ask` is called before each look, and ends it all with None. Goes on from where it was when the database is back; nothing of it
    is held while it waits. Raises TooManyWaiters, and what the devices that are meant raise.
    """
    news = platform.news
    with news.subscribed(EVERY_LINE, {ARRIVED}) as waiter:
        has_news = False
        while not news.dismissed and (meant := await ask()) is not None:
            try:
                async with platform.begin(read_only=True) as work:
                    stretch = await work.telemetry.following.follow(reached, await meant(work))
            except Unavailable as away:
                yield away
                await wait(waiter, _AWAY.total_seconds())
                continue
            reached = stretch.reached
            if stretch.lines or stretch.lost_since is not None:
                yield stretch
            if stretch.is_full:
                continue
            pause, was_woken = (_LAST_LOOK if has_news else _QUIET), has_news
            has_news = await wait(waiter, pause.total_seconds())
            if not has_news and not was_woken:
                yield LogStretch(lines=(), reached=reached)


async def follow_desired(
    platform: Platform, uuid: UUID, known: str | None, *, wait: Wait = wait_for_news
) -> AsyncGenerator[Shadow | None]:
    """The shadow now, unless `known` is its `versions.wanted`, and again whenever something else is wanted of the device.

    None after each quarter of a minute of silence. Changes that follow fast are one. Nothing of the database is held while it
    waits. Raises TooManyWaiters or DeviceNotFound.
    """
    news = platform.news
    with news.subscribed(uuid, _WANTED) as waiter:
        while not news.dismissed:
            async with platform.begin(read_only=True) as work:
                versions = await work.shadow.get_versions(uuid)
                shadow = None if versions.wanted == known else await work.shadow.get_shadow(uuid)
            if shadow is not None:
                known = shadow.versions.wanted
                yield shadow
            elif not await wait(waiter, _QUIET.total_seconds()):
                yield None
