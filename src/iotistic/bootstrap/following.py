"""Following events and shadows as they come: whoever has caught up waits for news, and reads on from where it was."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from iotistic.bootstrap.platform import Platform
from iotistic.database.news import Waiter
from iotistic.devices.shadow import Shadow
from iotistic.events import APPENDED, Cursor, EventFilter, Stretch

__all__ = ["follow_desired", "follow_events", "wait_for_news"]

Wait = Callable[[Waiter, float], Awaitable[bool]]
"""Ends with the news, or after so many seconds without any."""

_EVERYBODY = UUID(int=0)
_WANTED = frozenset({"desired", "fleet"})
_AGAIN = timedelta(milliseconds=250)
_QUIET = timedelta(seconds=15)


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
