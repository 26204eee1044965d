"""The short way of what devices ingest: past the framework, from the protocol to `Ingest`, and back after COMMIT.

The layers of the framework cost a post of one report many times what storing it does. So the usual goes past them: a device
that this process knows posts a body of declared length with its own key. All else, and all that goes wrong on the way, is
handed to the framework, which answers it as it always did: a refusal has one wording and one place in the log.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from time import perf_counter
from typing import Final, final
from uuid import UUID

from starlette.types import Scope

from iotistic.bootstrap.platform import Platform
from iotistic.errors import Unavailable
from iotistic.http.access import address_of, presented_key, recognise
from iotistic.http.ingest import LOGS_PATH, METRICS_PATH
from iotistic.http.platform_access import ServesPlatform
from iotistic.http.request_body import BodyBudget, note_received
from iotistic.http.request_context import Observe, headers_of_all, identify, note_request
from iotistic.http.request_metrics import ROUTE_KEY
from iotistic.security.key_cache import digest_of
from iotistic.telemetry import LOGS, METRICS, Sent, Stream, Tell

__all__ = ["Acquaintance", "IngestLane", "Passage", "answer_of"]

_MOST_DIGITS = 7
"""Of a Content-Length worth reading."""
_PREFIX = "/api/v1/devices/"
_STREAMS: Final = {"/metrics": (METRICS, METRICS_PATH), "/logs": (LOGS, LOGS_PATH)}
_STATUS = b"HTTP/1.1 200 OK\r\n"
_ANSWER = b"content-type: application/json\r\ncontent-length: %d\r\nx-request-id: %b\r\n%b%b\r\n"
_ENDS = {True: b"", False: b"connection: close\r\n"}
_OF_ALL = {secure: headers_of_all(secure=secure) for secure in (False, True)}


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Acquaintance:
    """What all requests with the same headers have in common."""

    scope: Scope
    """As the first of them had it before anything looked at it."""
    platform: Platform
    stream: Stream
    device_uuid: UUID
    key: bytes
    """What the caller's key is remembered by; who that is now, every request asks anew."""
    address: str | None
    content_encoding: str | None
    content_type: str | None
    idempotency_key: str | None


@final
@dataclass(slots=True, kw_only=True, eq=False)
class Passage:
    """One request on this way."""

    scope: Scope
    caller: Acquaintance
    size: int
    """Octets of its body."""
    began: float


@final
class IngestLane:
    """One per application."""

    def __init__(self, app: ServesPlatform, *, limit: int, budget: BodyBudget, observe: Observe) -> None:
        """Takes bodies up to `limit` octets, all of them within the `budget`."""
        self._app = app
        self._limit = limit
        self._budget = budget
        self._observe = observe
        self._tasks: set[asyncio.Task[bytes]] = set()

    def admit(self, scope: Scope) -> Passage | None:
        """The passage of a request whose headers have come; None: it goes the framework's way."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if len(headers) != len(scope["headers"]):
            return None
        caller = self._acquaintance(scope, headers)
        return None if caller is None else self._enter(caller, scope, _size(headers))

    def readmit(self, caller: Acquaintance, size: int) -> Passage | None:
        """The same for a further request with the same headers, but for its Content-Length."""
        return self._enter(caller, dict(caller.scope), size)

    def deliver(self, passage: Passage, body: bytes, tell: Tell) -> None:
        """Stores a body that has come whole; `tell` is called once, perhaps before this returns."""
        note_received(passage.scope, len(body))
        caller = passage.caller
        ingest = caller.platform.ingest
        sent = Sent(
            body=body,
            content_encoding=caller.content_encoding,
            content_type=caller.content_type,
            idempotency_key=caller.idempotency_key,
        )
        try:
            if ingest.take(caller.stream, caller.device_uuid, sent, tell):
                return
        except Exception as error:  # noqa: BLE001 - the framework judges and logs it
            tell(error)
            return
        task = asyncio.create_task(ingest.answer(caller.stream, caller.device_uuid, sent))
        self._tasks.add(task)
        task.add_done_callback(partial(self._done, tell))

    def leave(self, passage: Passage) -> None:
        """Gives back what the request's body took."""
        self._budget.release(passage.size)

    def note(self, passage: Passage, status: int, sent: int = 0) -> None:
        """Counts and logs a request that is over; `sent` are the octets of its answer."""
        seconds = perf_counter() - passage.began
        self._observe(passage.scope, status, seconds, sent)
        note_request(passage.scope, status, seconds, quiet=True)

    def _acquaintance(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Acquaintance | None:
        target = _target(scope["path"]) if scope["method"] == "POST" else None
        platform, key = self._app.platform, presented_key(scope)
        if target is None or platform is None or key is None:
            return None
        stream, route, device_uuid = target
        scope["app"] = self._app  # as the framework will, and whoever observes expects
        scope[ROUTE_KEY] = route
        return Acquaintance(
            scope=dict(scope),
            platform=platform,
            stream=stream,
            device_uuid=device_uuid,
            key=digest_of(key),
            address=address_of(scope),
            content_encoding=_text(headers.get(b"content-encoding")),
            content_type=_text(headers.get(b"content-type")),
            idempotency_key=_text(headers.get(b"idempotency-key")),
        )

    def _enter(self, caller: Acquaintance, scope: Scope, size: int) -> Passage | None:
        platform = caller.platform
        if platform is not self._app.platform or not 0 < size <= self._limit:
            return None
        # Whoever is to fetch another key is told so, which the framework does.
        principal = platform.find_known(caller.key, caller.address)
        if principal is None or principal.device_uuid != caller.device_uuid:
            return None
        try:
            self._budget.hold(size)
        except Unavailable:
            return None
        recognise(scope, principal)
        return Passage(scope=scope, caller=caller, size=size, began=perf_counter())

    def _done(self, tell: Tell, task: asyncio.Task[bytes]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            tell(task.exception() or task.result())


def answer_of(passage: Passage, receipt: bytes, standing: bytes, *, keep_alive: bool) -> bytes:
    """The answer as it goes over the line; `standing` are the headers that the server gives all its answers."""
    scope = passage.scope
    of_all = _OF_ALL[scope["scheme"] == "https"]
    head = _ANSWER % (len(receipt), identify(scope).encode(), of_all, _ENDS[keep_alive])
    return b"".join((_STATUS, standing, head, receipt))


@lru_cache(maxsize=20_000)
def _target(path: str) -> tuple[Stream, str, UUID] | None:
    """What the path of a device's own endpoint stands for: parsing a uuid takes longer than finding it again."""
    if not path.startswith(_PREFIX):
        return None
    uuid, slash, rest = path[len(_PREFIX) :].partition("/")
    found = _STREAMS.get(slash + rest)
    try:
        return None if found is None else (*found, UUID(uuid))
    except ValueError:
        return None


def _size(headers: Mapping[bytes, bytes]) -> int:
    """Octets that the body will have; 0 when that is not said, or the request wants something said first."""
    length = headers.get(b"content-length", b"")
    if not length.isdigit() or len(length) > _MOST_DIGITS:
        return 0
    return 0 if b"transfer-encoding" in headers or b"expect" in headers else int(length)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
