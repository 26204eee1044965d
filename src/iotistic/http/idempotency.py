"""A request of a person with an Idempotency-Key is done once, however often it is sent (draft-ietf-httpapi-idempotency-key-header).

The answer is kept in the transaction of the change: there is no moment at which one stands without the other. What was refused
changed nothing and is not kept; it is judged anew. What devices send has its own way (`iotistic.telemetry.ingest.receipts`).
"""

import hashlib
import re
from http import HTTPStatus
from typing import final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iotistic.http.access import find_principal
from iotistic.http.platform_access import platform_of
from iotistic.idempotency import IdempotencyUnsupported, KeptAnswer

__all__ = ["Idempotency", "tells_a_secret"]

_TELLS_A_SECRET = re.compile(
    r"/api/v1/(?:enrolment/claim-keys|mqtt/users|(?:auth/)?keys(?:/(?!rotations)[^/]+/rotation)?|auth/(?:password|second-factor(?:/.*)?))"
)

_HEADER = b"idempotency-key"
_KEPT = frozenset({b"content-type", b"etag", b"link", b"location"})
_REPLAYED = (b"idempotent-replayed", b"true")


class _Refused(Exception):
    """The application refused the request: what was begun is rolled back."""


def tells_a_secret(path: str) -> bool:
    """Whether what is posted there is answered with a secret that is told once: keeping the answer would be keeping the secret."""
    return _TELLS_A_SECRET.fullmatch(path) is not None


@final
class Idempotency:
    """Between the bounded body and the routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = _key_of(scope)
        if key is None:
            await self._app(scope, receive, send)
            return
        user_id, text = key
        if tells_a_secret(scope["path"]):
            raise IdempotencyUnsupported(
                "This is about a secret, which is told once and kept nowhere.",
                hint="Send it without Idempotency-Key, and take back what got lost.",
                field="header.Idempotency-Key",
            )
        asked = await receive()  # whole: `iotistic.http.request_body` has gathered it
        answer = _Answer(asked, receive)
        try:
            async with platform_of(scope).sharing() as work:
                kept = await work.idempotency.claim(user_id, text, _digest(scope, asked.get("body", b"")))
                if kept is None:
                    await self._app(scope, answer.receive, answer.send)
                    answer.require_good()
                    await work.idempotency.keep(
                        user_id, text, status=answer.status, headers=answer.kept_headers, body=answer.body
                    )
                else:
                    answer.replace(kept)
        except _Refused:
            pass
        await answer.deliver(send)


@final
class _Answer:
    """What the application answers, held back until it is durable."""

    def __init__(self, asked: Message, receive: Receive) -> None:
        self._asked: Message | None = asked
        self._receive = receive
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self.status = 0

    async def receive(self) -> Message:
        asked, self._asked = self._asked, None
        return await self._receive() if asked is None else asked

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self._headers = message["status"], list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))

    def require_good(self) -> None:
        if not HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES:
            raise _Refused

    @property
    def body(self) -> bytes:
        return b"".join(self._parts)

    @property
    def kept_headers(self) -> dict[str, str]:
        return {name.decode(): value.decode("latin-1") for name, value in self._headers if name in _KEPT}

    def replace(self, kept: KeptAnswer) -> None:
        self.status, self._parts = kept.status, [kept.body]
        self._headers = [(name.encode(), value.encode("latin-1")) for name, value in kept.headers.items()]
        self._headers.append(_REPLAYED)
        if kept.status != HTTPStatus.NO_CONTENT:
            self._headers.append((b"content-length", b"%d" % len(kept.body)))

    async def deliver(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self._headers})
        await send({"type": "http.response.body", "body": self.body})


def _key_of(scope: Scope) -> tuple[int, str] | None:
    """Whose key it is and which; None for a request that carries none, or for which it means nothing."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    principal = find_principal(scope)
    if principal is None or principal.user_id is None:
        return None
    text = next((value for name, value in scope["headers"] if name == _HEADER), None)
    return None if text is None else (principal.user_id, text.decode("latin-1"))


def _digest(scope: Scope, body: bytes) -> bytes:
    """Of everything that says what is asked for."""
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    condition = next((value for name, value in scope["headers"] if name == b"if-match"), b"")
    digest = hashlib.sha256()
    for part in (scope["path"].encode(), scope["query_string"], kind, condition, body):
        digest.update(b"%d:" % len(part) + part)
    return digest.digest()
