"""Who calls, and what they may do: every request carries a key unless its path is on the short list here.

The list is of what is open, so a route that is added and forgotten is closed.
"""

import logging
import re
from typing import final
from uuid import UUID

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iotistic.errors import Denied, Unauthenticated, Unavailable
from iotistic.http.login_gate import LoginGate
from iotistic.http.platform_access import find_platform, platform_of
from iotistic.http.rate_limits import Allowance, CallerLimits, is_counted
from iotistic.http.request_context import request_id_of
from iotistic.provenance import Provenance, acting
from iotistic.secret import Secret
from iotistic.security import Principal, Refusal
from iotistic.security.keys import parse_key

__all__ = [
    "LOGIN_PATH",
    "OPEN_PATHS",
    "Authentication",
    "RateLimits",
    "address_of",
    "find_principal",
    "get_principal",
    "key_missing",
    "presented_key",
    "provenance_of",
    "recognise",
    "require_own_device",
]

_log = logging.getLogger("iotistic.http.access")

LOGIN_PATH = "/api/v1/auth/login"
OPEN_PATHS = frozenset(
    {
        "/",
        "/docs",
        "/health",
        "/live",
        "/openapi.json",
        "/ready",
        "/api/v1/auth/key/successor",  # takes a key that may open nothing else any more: the keyring checks it
        LOGIN_PATH,
        "/api/v1/auth/refresh",  # takes a refresh token, which is no key: the session checks it
        "/api/v1/devices/enrol",  # takes a claim key, which is no key of a caller: the workflow checks it
        "/api/v1/devices/enrol/proof",  # takes the answer to a challenge: the workflow checks it
    }
)

_PRINCIPAL = "iotistic.principal"
_LONGEST_ADDRESS = 64
"""IPv6 with a zone; a proxy may forward anything."""


class KeyMissing(Unauthenticated):
    """The request carries no key."""

    code = "key_missing"


class KeyRefused(Unauthenticated):
    """The key is unknown, expired or revoked; which of these is told to no caller."""

    code = "key_refused"


class KeyUnverifiable(Unavailable):
    """The key may be good: the pepper it was hashed under is not configured here."""

    code = "key_unverifiable"


class NotYourDevice(Denied):
    """A device may only write what is its own."""

    code = "not_your_device"


class DeviceKeyNeeded(Denied):
    """Only devices write here."""

    code = "device_key_needed"


Headers = list[tuple[bytes, bytes]]

_BEARER = re.compile(rb"bearer +(?P<key>[A-Za-z0-9._~+/=-]+) *", re.IGNORECASE)


@final
class RateLimits:
    """Of the callers of one process, as its platform's settings say; none before it is open."""

    def __init__(self) -> None:
        self._limits: CallerLimits | None = None

    def take(self, scope: Scope, principal: Principal | None) -> Allowance | None:
        """Counts one request. Raises TooManyRequests."""
        if not is_counted(scope["path"]):
            return None
        if self._limits is None:
            platform = find_platform(scope)
            if platform is None:
                return None
            self._limits = CallerLimits(platform.settings.rates)
        if principal is None:
            return self._limits.take_stranger(scope["client"][0] if scope.get("client") else "")
        return self._limits.take(principal.key_id, principal.user_id)


@final
class Authentication:
    """Lets a request through once its key is known to be good; keeps who it is for the routes."""

    def __init__(self, app: ASGIApp, rates: RateLimits, gate: LoginGate) -> None:
        self._app = app
        self._rates = rates
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] not in OPEN_PATHS:
            try:
                recognise(scope, await _authenticate(scope))
            except Unauthenticated:
                self._rates.take(scope, None)
                raise
        if scope["path"] == LOGIN_PATH:
            # In a storm of logins nearly all are refused: here that costs a fifth of what it does behind the framework.
            self._gate.require_room()
        principal = find_principal(scope)
        allowance = self._rates.take(scope, principal)
        told = [] if allowance is None else allowance.headers
        if principal is not None and principal.retires_at is not None:
            told = [*told, (b"key-retires", principal.retires_at.isoformat().encode())]
        with acting(provenance_of(scope)):
            await self._app(scope, receive, _telling(told, send) if told else send)


def _telling(told: Headers, send: Send) -> Send:
    async def tell(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *told]
        await send(message)

    return tell


def recognise(scope: Scope, principal: Principal) -> None:
    """Keeps who calls, once their key is known to be good."""
    scope[_PRINCIPAL] = principal


def find_principal(scope: Scope) -> Principal | None:
    """Who calls; None where no key was asked for."""
    principal: Principal | None = scope.get(_PRINCIPAL)
    return principal


def get_principal(scope: Scope) -> Principal:
    """Who calls. Raises KeyMissing where no key was asked for, so that a route opened by mistake stays closed."""
    principal = find_principal(scope)
    if principal is None:
        raise key_missing()
    return principal


def provenance_of(scope: Scope) -> Provenance:
    """Who acts when this request changes something."""
    principal, request_id, address = find_principal(scope), request_id_of(scope), address_of(scope)
    if principal is None:
        return Provenance(actor_kind="system", actor="stranger", request_id=request_id, address=address)
    if principal.device_uuid is not None:
        return Provenance(
            actor_kind="device",
            actor=str(principal.device_uuid),
            key_id=principal.key_id,
            request_id=request_id,
            address=address,
        )
    return Provenance(
        actor_kind="user",
        actor=principal.username or f"user {principal.user_id}",
        key_id=principal.key_id,
        request_id=request_id,
        address=address,
    )


def address_of(scope: Scope) -> str | None:
    """Where the request came from, as far as the server knows."""
    client = scope.get("client")
    return str(client[0])[:_LONGEST_ADDRESS] if client else None


def presented_key(scope: Scope) -> Secret | None:
    """The key in `Authorization: Bearer` or `X-Device-API-Key`, or None."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            found = _BEARER.fullmatch(value)
            return Secret(found["key"].decode("ascii")) if found else None
        if name == b"x-device-api-key":
            return Secret(value.decode("latin-1"))
    return None


def require_own_device(scope: Scope, uuid: UUID) -> None:
    """Raises Denied unless the caller is this very device."""
    principal = get_principal(scope)
    if principal.device_uuid is None:
        raise DeviceKeyNeeded("Only the device itself may write here.", hint="Send the device's own key.")
    if principal.device_uuid != uuid:
        raise NotYourDevice(
            "The key belongs to another device.",
            hint=f"Its own path is /api/v1/devices/{principal.device_uuid}.",
        )


async def _authenticate(scope: Scope) -> Principal:
    key = presented_key(scope)
    if key is None:
        raise key_missing()
    verdict = await platform_of(scope).authenticate(key, address_of(scope))
    if isinstance(verdict, Refusal):
        if verdict.reason == "pepper_missing":
            # Our fault, not the bearer's: a device that is told 401 throws its key away.
            raise KeyUnverifiable("Keys of this age cannot be checked by this process.")
        _log.info("key refused", extra={"reason": verdict.reason})
        parsed = parse_key(key.reveal())
        platform_of(scope).refusals.note(
            "keys",
            address_of(scope) or "",
            reason=verdict.reason,
            name=None if parsed is None else parsed.key_id,
        )
        raise KeyRefused(
            "The key is not valid.",
            hint="Log in again; a device enrols again with a claim key, once an operator permits it.",
            presented=True,
        )
    return verdict


def key_missing() -> KeyMissing:
    """For a request that carries none."""
    return KeyMissing(
        "This needs a key.",
        hint="Send `Authorization: Bearer <key>`; POST /api/v1/auth/login gives people one.",
    )
