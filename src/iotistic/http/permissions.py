"""What a route asks of its caller.

It is said beside the route's path, so that a reader sees it and a test finds one without:

    @router.get("/{uuid}", dependencies=[needs("devices:read")], ...)

Dependencies of the decorator run before everything else of a route, so whoever may not is told nothing about the rest.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, final
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from iotistic.bootstrap.platform import Work
from iotistic.bounds import Bounds
from iotistic.errors import Denied
from iotistic.http.access import OPEN_PATHS, get_principal, require_own_device
from iotistic.http.platform_access import platform_of
from iotistic.security import Permission, Principal, bounds_of

__all__ = [
    "ITSELF",
    "AnyAccount",
    "AnyKey",
    "Caller",
    "Inside",
    "Itself",
    "Needs",
    "OwnDevice",
    "Requirement",
    "every_route",
    "for_any_account",
    "for_any_key",
    "for_anybody_half_in",
    "is_open",
    "keeps_inside",
    "needs",
    "require_devices_inside",
    "require_fleet_inside",
    "requirements_of",
]


class UserKeyNeeded(Denied):
    """Only people with an account come here."""

    code = "user_key_needed"


class SecondFactorDemanded(Denied):
    """A role of the caller asks for a second factor, and this session was opened without one."""

    code = "second_factor_demanded"


class RoleTooLow(Denied):
    """No role of the caller allows this."""

    code = "role_too_low"


class OutOfReach(Denied):
    """The caller may do this, and not with this: what lies outside looks like what does not exist."""

    code = "out_of_reach"


_BOUNDS = "iotistic.bounds"
_DEVICES_OF_A_PATH = ("uuid", "device")


# The checks are coroutines although some await nothing: FastAPI runs a plain function in a thread, which costs a poll a third of
# its time.
@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """A person whose roles allow this on what the path is about: its devices, its fleet, otherwise everything."""

    permission: Permission
    or_itself: bool = False
    """Or the very device that the path is about."""
    anywhere: bool = False
    """Allowed on some part is enough: the route itself keeps within `Inside`."""
    fleet: str | None = None
    """Which parameter of the path names a fleet."""

    async def __call__(self, request: Request) -> None:
        principal = get_principal(request.scope)
        request.scope[_BOUNDS] = None
        if principal.device_uuid is not None and self.or_itself:
            require_own_device(request.scope, _uuid_of(request.path_params["uuid"]))
            return
        _require_account(principal)
        bounds = bounds_of(principal.grants, self.permission, platform_of(request.scope).clock())
        request.scope[_BOUNDS] = bounds
        if bounds is None:
            return
        if not bounds.fleets and not bounds.devices:
            raise RoleTooLow(
                f"No role of {principal.username} allows {self.permission}.",
                hint="Ask an administrator for another role.",
            )
        if not self.anywhere:
            await self._require_inside(request, bounds)

    async def _require_inside(self, request: Request, bounds: Bounds) -> None:
        named = request.path_params
        devices = [_uuid_of(named[name]) for name in _DEVICES_OF_A_PATH if name in named]
        if devices:
            async with platform_of(request.scope).begin(read_only=True) as work:
                await require_devices_inside(work, devices, bounds)
        else:
            await require_fleet_inside(request.scope, named[self.fleet] if self.fleet else None, bounds)


async def require_devices_inside(work: Work, devices: Sequence[UUID], bounds: Bounds | None) -> None:
    """Raises OutOfReach unless each of the devices lies inside."""
    if bounds is None:
        return
    outside = await work.bindings.list_outside(devices, bounds)
    if outside:
        raise OutOfReach(
            f"Your roles do not reach the device {outside[0]}.",
            hint="GET /api/v1/devices lists those they do.",
        )


async def require_fleet_inside(scope: Scope, fleet: str | None, bounds: Bounds | None) -> None:
    """Raises OutOfReach unless the fleet lies inside; no fleet stands for everything."""
    if bounds is None:
        return
    if fleet is None:
        raise OutOfReach(
            "This is about everything, and your roles are for single fleets or devices.",
            hint="Ask about a device or fleet of yours.",
        )
    async with platform_of(scope).begin(read_only=True) as work:
        inside = await work.bindings.fleet_is_inside(fleet, bounds)
    if not inside:
        raise OutOfReach(
            f"Your roles do not reach the fleet {fleet!r}.", hint="GET /api/v1/fleets lists those they do."
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

    half_in: bool = False
    """Also one whose roles ask for a second factor that was not shown: for what it takes to get one, and to leave."""

    async def __call__(self, request: Request) -> None:
        _require_account(get_principal(request.scope), half_in=self.half_in)


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
for_anybody_half_in = Depends(AnyAccount(half_in=True))
for_any_key = Depends(AnyKey())

OwnDevice = Annotated[UUID, Depends(ITSELF)]
"""The device of the path, which is the caller itself."""


async def _caller(request: Request) -> Principal:
    return get_principal(request.scope)


Caller = Annotated[Principal, Depends(_caller)]
"""Who calls, for a route that has asked for what it needs."""


async def _inside(request: Request) -> Bounds | None:
    bounds: Bounds | None = request.scope[
        _BOUNDS
    ]  # missing where a route needs nothing: better broken than open
    return bounds


Inside = Annotated[Bounds | None, Depends(_inside)]
"""How far the permission goes that the route needs; None: everywhere. What lies outside is not shown and not touched."""


def needs(
    permission: Permission, *, or_itself: bool = False, anywhere: bool = False, fleet: str | None = None
) -> Any:  # noqa: ANN401 - what Depends is typed as
    """For people with this permission, on the device or fleet of the path or otherwise on everything. See `Needs`."""
    return Depends(Needs(permission=permission, or_itself=or_itself, anywhere=anywhere, fleet=fleet))


def keeps_inside(route: BaseRoute) -> bool:
    """Whether a route asks how far the permission goes."""
    return isinstance(route, APIRoute) and _inside in _calls(route.dependant)


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


def _require_account(principal: Principal, *, half_in: bool = False) -> None:
    if principal.user_id is None:
        raise UserKeyNeeded("This is for people with an account.", hint="Send the key that a login gives.")
    if principal.lacks_factor and not half_in:
        raise SecondFactorDemanded(
            "Your role asks for a second factor, and this session has none.",
            hint="POST /api/v1/auth/second-factor sets one up; if you have one, log in with its code.",
        )


def _uuid_of(text: str) -> UUID:
    """As the path has it: what is no uuid is no device of anybody."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)
