"""What every request gets, whatever answers it: an id, security headers, one line in the log, and a problem when it fails.

Plain ASGI: Starlette's own base class for middleware costs a task and two streams a request.
"""

import asyncio
import logging
import random
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from time import perf_counter
from typing import final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iotistic import logs
from iotistic.errors import Unavailable
from iotistic.http.login_gate import TooManyLogins
from iotistic.http.problems import Problem, internal_problem, problem_of, problem_response

__all__ = [
    "CALLER_LEFT",
    "FAILED_KEY",
    "Observe",
    "RequestContext",
    "fresh_id",
    "given_id",
    "headers_of_all",
    "is_noting_all",
    "note_request",
    "request_id_of",
]

_log = logging.getLogger("iotistic.http.access")

_HEADER = b"x-request-id"
# What is safe in a header, a log line and an SQL comment.
_SANE_ID = re.compile(rb"[A-Za-z0-9._:-]{8,128}")
_KEY = "iotistic.request_id"
_random = random.Random()  # noqa: S311 - see fresh_id
FAILED_KEY = "iotistic.failed"
"""Where an error stands in the scope that the request met before it came to the application."""

# An API answers data to programs: nothing of it may be framed, sniffed, cached by others or used as a page's source.
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_UNLESS_PRESENT = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")

Observe = Callable[[Scope, int, float, int], None]
"""Called after each request with its scope, status, seconds, and the bytes of the body that was sent."""


def request_id_of(scope: Scope) -> str:
    """The id of a request inside `RequestContext`."""
    return str(scope[_KEY])


CALLER_LEFT = 499
"""nginx's number for a caller who did not wait for the answer."""


def headers_of_all(*, secure: bool) -> bytes:
    """The headers that every answer has, but for its id, as they go over the line."""
    headers = (*_UNLESS_PRESENT, *_HEADERS, *((_TRANSPORT,) if secure else ()))
    return b"".join(name + b": " + value + b"\r\n" for name, value in headers)


def given_id(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The id that a request came with, if it is sane."""
    for name, value in headers:
        if name == _HEADER and _SANE_ID.fullmatch(value):
            return str(value, "ascii")
    return None


def fresh_id() -> str:
    """One that no other request has: 96 random bits. They name and protect nothing, and asking the system for them takes 2 us."""
    return f"{_random.getrandbits(96):024x}"


def is_noting_all() -> bool:
    """Whether requests that succeed and are quiet have a line in the log too."""
    return _log.isEnabledFor(logging.DEBUG)


def note_request(scope: Scope, status: int, seconds: float, *, quiet: bool) -> None:
    """One line in the log; at debug for one that is `quiet` and succeeded."""
    level = logging.DEBUG if status < HTTPStatus.BAD_REQUEST and quiet else logging.INFO
    if _log.isEnabledFor(level):
        fields = {
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "milliseconds": round(seconds * 1000, 2),
            "client": scope["client"][0] if scope.get("client") else None,
        }
        _log.log(level, "request", extra=fields)


@final
class RequestContext:
    """The outermost layer. Errors that reach it become problems; unknown ones are logged with their traceback."""

    def __init__(self, app: ASGIApp, *, observe: Observe, quiet: Callable[[Scope], bool]) -> None:
        """`quiet` requests that succeed are logged at debug: they are many and say nothing."""
        self._app = app
        self._observe = observe
        self._quiet = quiet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope[_KEY] = given_id(scope["headers"]) or fresh_id()
        answer = _Answer(send, request_id, secure=scope["scheme"] == "https")
        started = perf_counter()
        with logs.bound(request_id=answer.request_id):
            try:
                _raise_failed(scope)
                await self._app(scope, receive, answer.send)
            except ClientDisconnect:
                answer.status = answer.status or CALLER_LEFT
            except asyncio.CancelledError:  # the server stops, and the grace it gives has passed
                if not answer.status:
                    await problem_response(_STOPPING, answer.request_id)(scope, receive, answer.send)
                raise
            except Exception as error:
                problem = _judge(error)
                if answer.status:  # the beginning is sent: only breaking the connection tells the caller
                    raise
                await problem_response(problem, answer.request_id)(scope, receive, answer.send)
            finally:
                self._finish(scope, answer, perf_counter() - started)

    def _finish(self, scope: Scope, answer: "_Answer", seconds: float) -> None:
        self._observe(scope, answer.status, seconds, answer.sent)
        note_request(scope, answer.status, seconds, quiet=self._quiet(scope))


_STOPPING = Problem(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    code="stopping",
    detail="The service stopped before the answer was ready.",
    hint="Send the request again.",
    headers={"Retry-After": "1"},
)


def _raise_failed(scope: Scope) -> None:
    failed: BaseException | None = scope.get(FAILED_KEY)
    if failed is not None:
        raise failed


def _judge(error: Exception) -> Problem:
    problem = problem_of(error)
    if problem is None:
        _log.error("request failed", exc_info=error)
        return internal_problem()
    # In a storm of logins the line that every request has is enough.
    if isinstance(error, Unavailable) and not isinstance(error, TooManyLogins):
        _log.warning("request not served", extra={"code": problem.code, "reason": str(error)})
    return problem


@final
class _Answer:
    """Sends what the application sends, with our headers on it, and remembers the status and the size."""

    def __init__(self, send: Send, request_id: str, *, secure: bool) -> None:
        self._send = send
        self._secure = secure
        self.request_id = request_id
        self.status = 0
        self.sent = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._headers(message.get("headers", ()))
        else:
            self.sent += len(message.get("body", b""))
        await self._send(message)

    def _headers(self, present: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        headers = [*present]
        names = [name for name, _ in headers]
        headers.append((_HEADER, self.request_id.encode()))
        headers += [header for header in _UNLESS_PRESENT if header[0] not in names]
        headers += _HEADERS
        if self._secure:
            headers.append(_TRANSPORT)
        return headers
