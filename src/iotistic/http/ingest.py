"""The way in for telemetry, beside the framework: its handling of a body costs seven times the rest on small posts.

Each endpoint takes the bytes as they came, and answers once they are durable.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import final
from uuid import UUID

from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from iotistic.bootstrap.platform import Platform
from iotistic.http.access import require_own_device
from iotistic.http.parameters import ParameterInvalid
from iotistic.http.permissions import ITSELF
from iotistic.http.platform_access import platform_of
from iotistic.http.request_metrics import ROUTE_KEY
from iotistic.telemetry import LOGS, METRICS, Sent, Stream

__all__ = [
    "GATEWAY_LOGS_PATH",
    "GATEWAY_METRICS_PATH",
    "LOGS_PATH",
    "METRICS_PATH",
    "IngestFirst",
    "ingest_routes",
    "is_ingest",
]

METRICS_PATH = "/api/v1/devices/{uuid}/metrics"
LOGS_PATH = "/api/v1/devices/{uuid}/logs"
GATEWAY_METRICS_PATH = "/api/v1/gateways/{uuid}/metrics"
GATEWAY_LOGS_PATH = "/api/v1/gateways/{uuid}/logs"

_PATHS = frozenset({METRICS_PATH, LOGS_PATH, GATEWAY_METRICS_PATH, GATEWAY_LOGS_PATH})

Answer = Callable[[Platform, Stream, UUID, Sent], Awaitable[bytes]]


@final
class IngestFirst:
    """Answers what is ingested before the framework's layers and routes are reached: they are a sixth of the work of a small post."""

    def __init__(self, app: ASGIApp, *, routes: Sequence[Route]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            for route in self._routes:
                match, found = route.matches(scope)
                if match is Match.FULL:
                    scope.update(found)
                    await route.app(scope, receive, send)
                    return
        await self._app(scope, receive, send)


def ingest_routes() -> list[Route]:
    """The endpoints. The framework knows them too, so that another method is told which one is right."""
    return [
        Route(path, IngestEndpoint(path, stream, answer), methods=["POST"])
        for path, stream, answer in (
            (METRICS_PATH, METRICS, _of_device),
            (LOGS_PATH, LOGS, _of_device),
            (GATEWAY_METRICS_PATH, METRICS, _of_gateway),
            (GATEWAY_LOGS_PATH, LOGS, _of_gateway),
        )
    ]


def is_ingest(scope: Scope) -> bool:
    """Whether a finished request was answered here."""
    return scope.get(ROUTE_KEY) in _PATHS


@final
class IngestEndpoint:
    """One plain ASGI application; `path` is its template in metrics and logs."""

    requirement = ITSELF

    def __init__(self, path: str, stream: Stream, answer: Answer) -> None:
        self._path = path
        self._stream = stream
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[ROUTE_KEY] = self._path
        uuid = _device_of(scope)
        require_own_device(scope, uuid)
        message = await receive()  # whole: `iotistic.http.request_body` has gathered it
        body = await self._answer(platform_of(scope), self._stream, uuid, _sent(scope, message["body"]))
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _of_device(platform: Platform, stream: Stream, uuid: UUID, sent: Sent) -> Awaitable[bytes]:
    return platform.ingest.answer(stream, uuid, sent)


def _of_gateway(platform: Platform, stream: Stream, uuid: UUID, sent: Sent) -> Awaitable[bytes]:
    async def allowed(devices: Collection[UUID]) -> Collection[UUID]:
        async with platform.begin(read_only=True) as work:
            return await work.gateways.allowed(uuid, devices)

    return platform.gateway_ingest.answer(stream, uuid, sent, allowed)


def _device_of(scope: Scope) -> UUID:
    try:
        return UUID(scope["path_params"]["uuid"])
    except ValueError as error:
        raise ParameterInvalid("The device in the path is not a UUID.", field="path.uuid") from error


def _sent(scope: Scope, body: bytes) -> Sent:
    encoding = kind = key = None
    for name, value in scope["headers"]:
        if name == b"content-encoding":
            encoding = value.decode("latin-1")
        elif name == b"content-type":
            kind = value.decode("latin-1")
        elif name == b"idempotency-key":
            key = value.decode("latin-1")
    return Sent(body=body, content_encoding=encoding, content_type=kind, idempotency_key=key)
