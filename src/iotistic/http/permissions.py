"""What a route asks of its caller.

It is said beside the route's path, so that a reader sees it and a test finds one without:

    @router.get("/{uuid}", dependencies=[needs("devices:read")], ...)

Dependencies of the decorator run before everything else of a route, so whoever may not is told nothing about the rest.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, final
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from iotistic.errors import Denied
from iotistic.http.access import OPEN_PATHS, get_principal, require_own_device
from iotistic.security import Permission, Principal

__all__ = [
    "ITSELF",
    "AnyAccount",
    "AnyKey",
    "Caller",
    "Itself",
    "Needs",
    "OwnDevice",
    "Requirement",
    "every_route",
    "for_any_account",
    "for_any_key",
    "is_open",
    "needs",
    "requirements_of",
]


class UserKeyNeeded(Denied):
    """Only people with an account come here."""

    code = "user_key_needed"


class RoleTooLow(Denied):
    """No role of the caller allows this."""

    code = "role_too_low"


# The checks are coroutines although some await nothing: FastAPI runs a plain function in a thread, which costs a poll a third of
# its time.
@final
@dataclass(frozen=True, slots=True)
class Needs:
    """A person whose roles allow this; `or_itself`: or the very device that the path is about."""

    permission: Permission
    or_itself: bool = False

    async def __call__(self, request: Request) -> None:
        principal = get_principal(request.scope)
        if principal.device_uuid is not None and self.or_itself:
            require_own_device(request.scope, _uuid_of(request))
            return
        _require_account(principal)
        if self.permission not in principal.permissions:
            raise RoleTooLow(
                f"No role of {principal.username} allows {self.permission}.",
                hint="Ask an administrator for another role.",
            )


@final
@dataclass(frozen=True, slots=True)
class Itself:
    """The very device that the path is about, and nobody else."""

    async def __call__(self, request: Request, uuid: UUID) -> UUID:
        require_own_device(request.scope, uuid)
        return uuid


@final
@dataclass(frozen=True, slots=True)
class AnyAccount:
    """A person, whatever the role: for what is about the caller's own account."""

    async def __call__(self, request: Request) -> None:
        _require_account(get_principal(request.scope))


@final
@dataclass(frozen=True, slots=True)
class AnyKey:
    """A person or a device."""

    async def __call__(self, request: Request) -> None:
        get_principal(request.scope)


Requirement = Needs | Itself | AnyAccount | AnyKey
"""What may stand beside a route."""

ITSELF = Itself()
for_any_account = Depends(AnyAccount())
for_any_key = Depends(AnyKey())

OwnDevice = Annotated[UUID, Depends(ITSELF)]
"""The device of the path, which is the caller itself."""


async def _caller(request: Request) -> Principal:
    return get_principal(request.scope)


Caller = Annotated[Principal, Depends(_caller)]
"""Who calls, for a route that has asked for what it needs."""


def needs(permission: Permission, *, or_itself: bool = False) -> Any:  # noqa: ANN401 - what Depends is typed as
    """For people with this permission; `or_itself`: for the device of the path too."""
    return Depends(Needs(permission, or_itself=or_itself))


def every_route(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """Those of included routers too, which newer versions of the framework keep apart."""
    for route in routes:
        router = getattr(route, "original_router", None)
        if isinstance(router, APIRouter):
            yield from every_route(router.routes)
        else:
            yield route


def requirements_of(route: BaseRoute) -> list[Requirement]:
    """What a route asks of its caller: exactly one thing, or none when its path is open."""
    if isinstance(route, APIRoute):
        return [call for call in _calls(route.dependant) if isinstance(call, Requirement)]
    found = getattr(route.endpoint, "requirement", None) if isinstance(route, Route) else None
    return [found] if isinstance(found, Requirement) else []


def is_open(route: BaseRoute) -> bool:
    """Whether no key is asked for."""
    return getattr(route, "path", None) in OPEN_PATHS


def _calls(dependant: Dependant) -> list[object]:
    return [call for dependency in dependant.dependencies for call in (dependency.call, *_calls(dependency))]


def _require_account(principal: Principal) -> None:
    if principal.user_id is None:
        raise UserKeyNeeded("This is for people with an account.", hint="Send the key that a login gives.")


def _uuid_of(request: Request) -> UUID:
    """As the path has it: what is no uuid is no device's own path."""
    try:
        return UUID(request.path_params["uuid"])
    except ValueError:
        return UUID(int=0)
