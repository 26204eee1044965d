"""Reads a request's body whole, bounded in size and time, before anything looks at it.

The limit stands before the framework: FastAPI turns whatever is raised while it reads a body into a 400. Who is calling was
settled before (`iotistic.http.authentication`), so strangers cannot make the server keep their bytes.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iotistic.errors import TooLarge, Unavailable

__all__ = [
    "DEADLINE",
    "BodiesTooMany",
    "BodyBudget",
    "BoundedBody",
    "body_too_late",
    "note_received",
    "read_body",
    "received_bytes",
    "replayed",
]

DEADLINE = timedelta(seconds=30)
"""What a caller has to send its body. A device on a bad line sends 1 MiB at 300 kbit/s in that time."""

_BUDGET = 256 << 20
"""For bodies from their first octet to their answer: a thousand slow senders of a mebibyte would take a gibibyte."""
_RETRY = timedelta(seconds=1)


_SIZE = "iotistic.body_bytes"


class BodyTooLarge(TooLarge):
    """The request's body has more bytes than this route takes."""

    code = "body_too_large"


class BodiesTooMany(Unavailable):
    """The bodies that are being received take all the memory there is for them."""

    code = "server_busy"


@final
class BodyBudget:
    """Memory for the bodies of all requests of this process."""

    def __init__(self, octets: int = _BUDGET) -> None:
        self._octets = octets
        self._held = 0

    def hold(self, size: int) -> None:
        """Room for one body, until it is released. Raises BodiesTooMany."""
        # One body always has room: it is bounded by itself.
        if size and self._held and self._held + size > self._octets:
            raise BodiesTooMany(
                "As many requests are being received as there is memory for.",
                hint="Send it again.",
                retry_after=_RETRY,
            )
        self._held += size

    def release(self, size: int) -> None:
        """Gives it back."""
        self._held -= size


@final
class BoundedBody:
    """Replaces the stream of a body by one message that holds all of it; all bodies share one `budget`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        limit_of: Callable[[Scope], int],
        budget: BodyBudget | None = None,
        deadline: timedelta = DEADLINE,
    ) -> None:
        self._app = app
        self._deadline = deadline
        self._limit_of = limit_of
        self._budget = budget or BodyBudget()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope)
        size = _room(scope, limit)
        self._budget.hold(size)
        try:
            body = await read_body(scope, receive, limit, self._deadline)
            note_received(scope, len(body))
            await self._app(scope, replayed(body, receive), send)
        finally:
            self._budget.release(size)


def note_received(scope: Scope, size: int) -> None:
    """Keeps the size of a body that was read whole."""
    scope[_SIZE] = size


def received_bytes(scope: Scope) -> int:
    """The size of the body, once it was read whole; 0 before, and where it was refused."""
    size: int = scope.get(_SIZE, 0)
    return size


async def read_body(scope: Scope, receive: Receive, limit: int, deadline: timedelta = DEADLINE) -> bytes:
    """The whole body. Raises BodyTooLarge past `limit` bytes, HTTPException 408 when it takes too long."""
    declared = _declared_length(scope)
    if declared > limit:
        raise _too_large(limit)
    if declared == 0:
        return b""
    try:
        async with asyncio.timeout(deadline.total_seconds()):
            return await _read(receive, limit)
    except TimeoutError as error:
        raise body_too_late(deadline) from error


def body_too_late(deadline: timedelta) -> HTTPException:
    """What is raised when a body takes too long."""
    return HTTPException(
        HTTPStatus.REQUEST_TIMEOUT, f"The body was not complete after {deadline.total_seconds():g} seconds."
    )


async def _read(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _declared_length(scope: Scope) -> int:
    """What the headers promise: -1 when only the end of the body tells."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            if not value.isdigit():
                raise HTTPException(HTTPStatus.BAD_REQUEST, "Content-Length is not a number of bytes.")
            return int(value)
    return -1


def _room(scope: Scope, limit: int) -> int:
    """Memory that the body may come to need; none for a request without one, which may be a stream that stays open for hours."""
    declared = _declared_length(scope)
    if declared >= 0:
        return min(declared, limit)
    return limit if any(name == b"transfer-encoding" for name, _ in scope["headers"]) else 0


def replayed(body: bytes, receive: Receive) -> Receive:
    """What receives a body that was read already, and then what `receive` does."""
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"The body is larger than the {limit} bytes this route takes.",
        hint="Send it in several requests.",
        limit=limit,
    )
