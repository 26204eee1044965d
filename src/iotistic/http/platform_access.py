"""How a request reaches the platform it is served by."""

from starlette.applications import Starlette
from starlette.types import Scope

from iotistic.bootstrap import Platform
from iotistic.errors import Unavailable

__all__ = ["NotStarted", "attach_platform", "find_platform", "platform_of"]


class NotStarted(Unavailable):
    """The process answers, and what it serves is not open yet."""

    code = "not_started"


def attach_platform(app: Starlette, platform: Platform | None) -> None:
    """Lets the application's requests use the platform from now on; None takes it away."""
    app.state.platform = platform


def find_platform(scope: Scope) -> Platform | None:
    """The platform, or None while it is being opened."""
    platform: Platform | None = scope["app"].state.platform
    return platform


def platform_of(scope: Scope) -> Platform:
    """The platform. Raises NotStarted while it is being opened."""
    platform = find_platform(scope)
    if platform is None:
        raise NotStarted(
            "The service is starting: the database is not open yet.", hint="Wait until /ready answers 200."
        )
    return platform
