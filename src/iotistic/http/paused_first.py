"""The answer that nearly all of a storm of logins get, before the framework's layers are reached: the name has to wait.

What is anything else, a body that is no login, a name of which nothing is known, goes on to the framework, which judges it as if this
layer were not there.
"""

from http import HTTPMethod
from typing import final

from pydantic import ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from iotistic.http.access import LOGIN_PATH, address_of
from iotistic.http.login_pauses import LoginPauses
from iotistic.http.platform_access import find_platform
from iotistic.http.request_body import replayed
from iotistic.http.request_metrics import ROUTE_KEY
from iotistic.http.schemas.sessions import Credentials

__all__ = ["PausedFirst"]


@final
class PausedFirst:
    """Behind the bounded body: it reads the name."""

    def __init__(self, app: ASGIApp, *, pauses: LoginPauses) -> None:
        self._app = app
        self._pauses = pauses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_login(scope):
            await self._app(scope, receive, send)
            return
        asked = await receive()  # whole: `iotistic.http.request_body` has gathered it
        body: bytes = asked.get("body", b"")
        self._refuse(scope, _username(body))
        await self._app(scope, replayed(body, receive), send)

    def _refuse(self, scope: Scope, username: str | None) -> None:
        """Raises LoginPaused."""
        platform, address = find_platform(scope), address_of(scope)
        paused = None if username is None else self._pauses.find(username, address)
        if platform is None or paused is None:
            return
        scope[ROUTE_KEY] = LOGIN_PATH
        platform.refusals.note("logins", address or "", reason=paused.code, name=username)
        raise paused


def _is_login(scope: Scope) -> bool:
    return (
        scope["type"] == "http"
        and scope["path"] == LOGIN_PATH
        and scope["method"] == HTTPMethod.POST
        and not scope["query_string"]
        and any(
            name == b"content-type" and value.startswith(b"application/json")
            for name, value in scope["headers"]
        )
    )


def _username(body: bytes) -> str | None:
    try:
        return Credentials.model_validate_json(body).username
    except ValidationError:
        return None
