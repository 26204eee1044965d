"""Reading a shadow on condition: 304 while it is unchanged, at once or after having waited for a change.

Nothing of the database is held while a request waits.
"""

import asyncio
from datetime import timedelta
from typing import final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from iotistic.bootstrap.platform import Platform
from iotistic.http.conditions import Condition, entity_tag
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import json_response
from iotistic.http.shadow_views import View
from iotistic.http.waiting import has_news

__all__ = ["CACHING", "answer", "tagged"]


CACHING = "private, no-cache"
"""It may be kept and must be asked for anew."""


async def answer(
    request: Request, uuid: UUID, view: View, known: Condition | None, wait: timedelta | None
) -> Response:
    """The view, or 304 when the caller knows it; with `wait` not before there is news, the time is over or the caller gone."""
    platform = platform_of(request.scope)
    poll = _Poll(platform, uuid, view, known)
    if wait is None or known is None:
        return await poll.look()
    loop = asyncio.get_running_loop()
    end = loop.time() + wait.total_seconds()
    news = platform.news
    with news.subscribed(uuid, view.topics) as waiter:
        response = await poll.look()
        while response.status_code == _NOT_MODIFIED and not news.dismissed:
            if not await has_news(waiter, request, end - loop.time()):
                break
            response = await poll.look()
    return response


def tagged(response: Response, tag: str) -> Response:
    """The response with its entity tag."""
    response.headers["ETag"] = entity_tag(tag)
    response.headers["Cache-Control"] = CACHING
    return response


_NOT_MODIFIED = 304


@final
class _Poll:
    def __init__(self, platform: Platform, uuid: UUID, view: View, known: Condition | None) -> None:
        self._platform = platform
        self._uuid = uuid
        self._view = view
        self._known = known

    async def look(self) -> Response:
        """One transaction; an unchanged shadow costs one statement that reads no document."""
        async with self._platform.begin(read_only=True) as work:
            if self._known is not None:
                tag = self._view.tag(await work.shadow.get_versions(self._uuid))
                if self._known.knows(tag):
                    return tagged(Response(status_code=_NOT_MODIFIED), tag)
            shadow = await work.shadow.get_shadow(self._uuid)
        return tagged(json_response(self._view.shown(shadow)), self._view.tag(shadow.versions))
