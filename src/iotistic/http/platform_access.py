"""How a request reaches the platform it is served by."""

from typing import Protocol

from starlette.types import Scope

from iotistic.bootstrap.platform import Platform
from iotistic.errors import Unavailable

__all__ = ["NotStarted", "ServesPlatform", "find_platform", "platform_of"]


class NotStarted(Unavailable):
    """The process answers, and what it serves is not open yet."""

    code = "not_started"


class ServesPlatform(Protocol):
    """An application that has the platform as an attribute: read on every request, so no deeper."""

    platform: Platform | None
    """None while it is being opened."""


def find_platform(scope: Scope) -> Platform | None:
    """The platform, or None while it is being opened."""
    app: ServesPlatform = scope["app"]
    return app.platform


def platform_of(scope: Scope) -> Platform:
    """The platform. Raises NotStarted while it is being opened."""
    app: ServesPlatform = scope["app"]
    platform = app.platform
    if platform is None:
        raise NotStarted(
            "The service is starting: the database is not open yet.", hint="Wait until /ready answers 200."
        )
    return platform
