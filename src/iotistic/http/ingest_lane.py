"""The short way of what devices ingest: past the framework, from the protocol to `Ingest`, and back after COMMIT.

The layers of the framework cost a post of one report many times what storing it does. So the usual goes past them: a device
that this process knows posts a body of declared length with its own key. All else, and all that goes wrong on the way, is
handed to the framework, which answers it as it always did: a refusal has one wording and one place in the log.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from http import HTTPStatus
from time import perf_counter
from typing import Final, final
from uuid import UUID

from starlette.types import Scope

from iotistic.errors import Unavailable
from iotistic.http.access import address_of, presented_key
from iotistic.http.ingest import LOGS_PATH, METRICS_PATH
from iotistic.http.passage import Acquaintance, Passage, answer_to
from iotistic.http.platform_access import ServesPlatform
from iotistic.http.request_body import BodyBudget
from iotistic.http.request_context import given_id, is_noting_all, note_request
from iotistic.http.request_metrics import ROUTE_KEY, RequestMetrics
from iotistic.http.traffic import kind_of
from iotistic.security.key_cache import digest_of
from iotistic.telemetry import LOGS, METRICS, Sent, Stream, Tell

__all__ = ["IngestLane"]

_MOST_DIGITS = 7
"""Of a Content-Length worth reading."""
_PREFIX = "/api/v1/devices/"
_STREAMS: Final = {"/metrics": (METRICS, METRICS_PATH), "/logs": (LOGS, LOGS_PATH)}


@final
class IngestLane:
    """One per application."""

    def __init__(
        self, app: ServesPlatform, *, limit: int, budget: BodyBudget, metrics: RequestMetrics
    ) -> None:
        """Takes bodies up to `limit` octets, all of them within the `budget`."""
        self._app = app
        self._limit = limit
        self._budget = budget
        self._metrics = metrics
        self._tasks: set[asyncio.Task[bytes]] = set()
        self._standing: tuple[Sequence[tuple[bytes, bytes]], bytes] = (), b""

    def admit(self, scope: Scope) -> Passage | None:
        """The passage of a request whose headers have come; None: it goes the framework's way."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if len(headers) != len(scope["headers"]):
            return None
        caller = self._acquaintance(scope, headers)
        return None if caller is None else self._enter(caller, scope, _size(headers))

    def readmit(self, caller: Acquaintance, size: int) -> Passage | None:
        """The same for a further request with the same headers, but for its Content-Length."""
        return self._enter(caller, None, size)

    def deliver(self, passage: Passage, tell: Tell) -> None:
        """Stores a body that has come whole; `tell` is called once, perhaps before this returns."""
        caller = passage.caller
        ingest = caller.platform.ingest
        sent = Sent(
            body=passage.body(),
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

    def answer(self, passage: Passage, receipt: bytes, standing: Sequence[tuple[bytes, bytes]]) -> bytes:
        """What goes over the line; `standing` are the headers that the server gives all its answers, anew once a second."""
        if standing is not self._standing[0]:
            self._standing = standing, b"".join(b"%b: %b\r\n" % header for header in standing)
        return answer_to(passage, receipt, self._standing[1])

    def note(self, passage: Passage, status: int, sent: int = 0) -> None:
        """Counts and logs a request that is over; `sent` are the octets of its answer."""
        caller, seconds = passage.caller, perf_counter() - passage.began
        self._metrics.count(caller.route, "POST", status, seconds)
        caller.platform.traffic.count(
            caller.device_uuid, caller.kind, refused=False, received=passage.received, sent=sent
        )
        if status != HTTPStatus.OK or is_noting_all():
            note_request(passage.scope(), status, seconds, quiet=True)

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
            route=route,
            kind=kind_of(scope["path"]),
            device_uuid=device_uuid,
            key=digest_of(key),
            address=address_of(scope),
            is_secure=scope["scheme"] == "https",
            request_id=given_id(scope["headers"]),
            content_encoding=_text(headers.get(b"content-encoding")),
            content_type=_text(headers.get(b"content-type")),
            idempotency_key=_text(headers.get(b"idempotency-key")),
        )

    def _enter(self, caller: Acquaintance, scope: Scope | None, size: int) -> Passage | None:
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
        return Passage(caller, principal, size, scope)

    def _done(self, tell: Tell, task: asyncio.Task[bytes]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            tell(task.exception() or task.result())


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
