"""Requests to the server, and what each answer means for what was sent. Refusals are values here, not exceptions."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, final

import httpx

from iotistic import __version__
from iotistic.agent.identity import is_loopback
from iotistic.agent.wire import Problem, parse_problem, parse_retry_after
from iotistic.clock import Clock
from iotistic.secret import Secret

__all__ = [
    "Answer",
    "Blocked",
    "Delivered",
    "KeyRefused",
    "Outcome",
    "Refused",
    "Transport",
    "TryLater",
    "judge",
    "open_client",
]

_LONGEST_ANSWER = 2**20
_RETIRES = "Key-Retires"
_CONNECT = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    body: bytes = b""
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """2xx."""

    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The content is at fault: the same bytes will never be taken."""

    status: int
    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLater:
    """Nothing is known to be wrong with what was sent."""

    reason: str
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRefused:
    """The key is not, or no longer, valid."""

    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """The server will not have this from this device, whatever the content: somebody has to look at it."""

    status: int
    problem: Problem


Outcome = Delivered | Refused | TryLater | KeyRefused | Blocked


def judge(answer: Answer | TryLater) -> Outcome:
    """What an answer means. Redirects are not followed: the key is for one server only."""
    if isinstance(answer, TryLater):
        return answer
    status = answer.status
    if 200 <= status < 300:  # noqa: PLR2004 - success
        return Delivered(body=answer.body)
    problem = parse_problem(answer.body)
    match status:
        case 401:
            return KeyRefused(problem=problem)
        case 400 | 413 | 422:
            return Refused(status=status, problem=problem)
        case _ if status >= 500 or status in {408, 425, 429}:  # noqa: PLR2004 - server errors
            return TryLater(reason=_reason(status, problem), retry_after=answer.retry_after)
        case _:
            return Blocked(status=status, problem=problem)


def _reason(status: int, problem: Problem) -> str:
    return f"{status} {problem}".rstrip()


def open_client(server: str, *, patience: timedelta) -> httpx.AsyncClient:
    """An HTTP client for one server that waits `patience` for each part of an answer."""
    is_local = is_loopback(server)
    return httpx.AsyncClient(
        base_url=server,
        timeout=httpx.Timeout(patience.total_seconds(), connect=min(_CONNECT, patience.total_seconds())),
        limits=httpx.Limits(max_connections=6, max_keepalive_connections=6),
        headers={"User-Agent": f"iotistic-agent/{__version__}"},
        # A proxy set for the outside world cannot reach this computer's own loopback. Nor is there TLS on plain HTTP to it
        # (no proxy, no redirects), so the certificate authorities, 60 ms of CPU to load, are left alone.
        trust_env=not is_local,
        verify=not (is_local and server.startswith("http://")),
    )


@final
class Transport:
    """Sends JSON with a key. Never raises for anything a network or server does."""

    def __init__(self, client: httpx.AsyncClient, clock: Clock, *, deadline: timedelta) -> None:
        self._client = client
        self._clock = clock
        self._deadline = deadline.total_seconds()
        self.on_retiring: Callable[[Secret], None] | None = None
        """Told of a key that is to give way to another, with every answer that says so."""

    async def send(
        self, method: Literal["GET", "POST", "PUT"], path: str, *, key: Secret | None, body: bytes
    ) -> Answer | TryLater:
        """One request, over within the deadline."""
        headers = {"Content-Type": "application/json"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key.reveal()}"
        try:
            async with (
                asyncio.timeout(self._deadline),
                self._client.stream(method, path, content=body, headers=headers) as response,
            ):
                content = await _read(response)
        except TimeoutError:
            return TryLater(reason=f"no answer within {self._deadline:g} s")
        except (httpx.HTTPError, OSError) as error:
            return TryLater(reason=_cause(error))
        if key is not None and self.on_retiring is not None and _RETIRES in response.headers:
            self.on_retiring(key)
        if content is None:
            return TryLater(reason=f"an answer of more than {_LONGEST_ANSWER} bytes")
        retry_after = parse_retry_after(response.headers.get("Retry-After"), self._clock)
        return Answer(status=response.status_code, body=content, retry_after=retry_after)


async def _read(response: httpx.Response) -> bytes | None:
    content = b""
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > _LONGEST_ANSWER:
            return None
    return content


def _cause(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
