"""The answer that a fleet gets all day, before the framework's layers are reached: its shadow is as the device knows it.

The framework's routing, dependencies and response cost more than the one look at two versions that decides. What is anything else,
another device's path, a wait, a bad header, a change, goes on to the framework, which judges it as if this layer were not there.
"""

from typing import final

from starlette.types import ASGIApp, Receive, Scope, Send

from iotistic.http.access import find_principal
from iotistic.http.conditions import entity_tag, parse_condition
from iotistic.http.platform_access import find_platform
from iotistic.http.request_metrics import ROUTE_KEY
from iotistic.http.shadow_poll import CACHING
from iotistic.http.shadow_views import whole_tag

__all__ = ["UnchangedFirst"]

_BEGINNING = "/api/v1/devices/"
_VIEWS = {view: f"{_BEGINNING}{{uuid}}{view}" for view in ("/shadow", "/shadow/delta")}
_UUID_LENGTH = 36


@final
class UnchangedFirst:
    """Answers 304 to a device that polls its own shadow, or its delta, and knows the present one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tag = await _known_tag(scope) if _is_poll(scope) else None
        if tag is None:
            await self._app(scope, receive, send)
            return
        headers = [(b"etag", entity_tag(tag).encode()), (b"cache-control", CACHING.encode())]
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _is_poll(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and not scope["query_string"]
        and scope["path"].startswith(_BEGINNING)
        and scope["path"][len(_BEGINNING) + _UUID_LENGTH :] in _VIEWS
    )


async def _known_tag(scope: Scope) -> str | None:
    """The tag of the caller's shadow, if that is whose path it is, and if it is the one that it knows."""
    principal, platform = find_principal(scope), find_platform(scope)
    uuid = None if principal is None else principal.device_uuid
    path = scope["path"]
    if platform is None or uuid is None or path[len(_BEGINNING) :][:_UUID_LENGTH] != str(uuid):
        return None
    stated = [value for name, value in scope["headers"] if name == b"if-none-match"]
    known = parse_condition(stated[0].decode("latin-1")) if len(stated) == 1 else None
    if known is None:
        return None
    async with platform.begin(read_only=True) as work:
        tag = whole_tag(await work.shadow.get_versions(uuid))
    if not known.knows(tag):
        return None
    scope[ROUTE_KEY] = _VIEWS[path[len(_BEGINNING) + _UUID_LENGTH :]]
    return tag
