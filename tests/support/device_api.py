"""A small HTTP server that keeps the contract with devices, and breaks it on request in every way a network can.

It is written on bare sockets, because the faults are below what a web framework lets one do.
"""

import asyncio
import contextlib
import hmac
import json
import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import msgspec

__all__ = ["CLAIM_KEY", "DeviceApi", "Fault", "Request", "device_api", "until"]

CLAIM_KEY = "claim-0123456789abcdef"


async def until(condition: Callable[[], object], *, within: float = 15.0, what: str = "condition") -> None:
    """Polls until the condition holds; fails at the deadline."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not condition():
        assert loop.time() < deadline, f"{what}: not within {within} s"
        await asyncio.sleep(0.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to one request instead of the ordinary answer."""

    status: int | None = None
    """Answer this, with a problem document."""
    headers: dict[str, str] = field(default_factory=dict)
    code: str = "fault"
    body: bytes | None = None
    """Answer this body with `status`."""
    commit: bool = False
    """Do the work first."""
    close: bool = False
    """Cut the connection in the middle of the answer (at once, if there is no status)."""
    hang: bool = False
    """Never answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the agent sent
        return json.loads(self.body)


class _Reports(msgspec.Struct):
    reports: list[msgspec.Raw]
    units: dict[str, str] = {}


class _Lines(msgspec.Struct):
    lines: list[msgspec.Raw]


class JobQueue:
    """The jobs of the one device of a test, as the server would hand them out."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.reports: list[Any] = []
        """As they came, with the number of their job."""
        self.progress: list[Any] = []
        self.cancelled: set[int] = set()
        self.over: set[int] = set()
        """Jobs whose attempt has ended meanwhile."""
        self._claims: deque[dict[str, Any]] = deque()
        self._news = asyncio.Event()

    def add(self, job_id: int, *steps: dict[str, Any], attempt: int = 1) -> None:
        """Another job for the device."""
        self._claims.append({"job_id": job_id, "attempt": attempt, "document": {"steps": list(steps)}})
        self._news.set()

    def cancel(self, job_id: int) -> None:
        """Asks the device to stop."""
        self.cancelled.add(job_id)
        self._news.set()

    async def wait(self, request: Request) -> None:
        """As long as the request wants to, or until there is news."""
        seconds = re.search(r"[?&]wait=(\d+)s", request.path)
        if seconds is None or self._claims or self.cancelled or self.over:
            return
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), int(seconds[1]))

    def handle(self, request: Request, path: str) -> tuple[int, bytes]:
        """The answer, at once."""
        what = path.partition("?")[0]
        if what == "next":
            return (200, json.dumps(self._claims.popleft()).encode()) if self._claims else (204, b"")
        job_id = int(what.split("/")[0])
        if job_id in self.over:
            return 409, _problem(409, "job_attempt_over")
        if what.endswith("/report"):
            self.reports.append({"job_id": job_id, **request.json})
            return 200, b'{"recorded": true}'
        if what.endswith("/progress"):
            self.progress.append({"job_id": job_id, **request.json})
        return 200, json.dumps({"is_cancelled": job_id in self.cancelled}).encode()


class DeviceApi:
    """The server. Everything it took is in `reports` and `lines`, by key."""

    def __init__(self) -> None:
        self.port = 0
        self.claim_keys = {CLAIM_KEY}
        self.devices: dict[str, str] = {}
        """uuid by serial."""
        self.keys: dict[str, str] = {}
        """uuid by valid key."""
        self.retiring: dict[str, str] = {}
        """uuid by key that is being replaced; one that is not valid any more may do nothing but fetch the next."""
        self.enrolments: list[Any] = []
        """What those said who claimed."""
        self.claims: dict[str, dict[str, str]] = {}
        """What was given for a claim, and the serial it was for, by the id of the enrolment."""
        self.requests: list[Request] = []
        self.reports: dict[tuple[str, str], bytes] = {}
        self.lines: dict[tuple[str, str, int], bytes] = {}
        self.units: dict[str, str] = {}
        self.documents: dict[str, Any] = {}
        self.duplicates = 0
        self.conflicts: list[tuple[bytes, bytes]] = []
        """Two records that came under one key with other bytes: must stay empty."""
        self.faults: deque[Fault] = deque()
        """One a request, before the ordinary answer."""
        self.only_on = ""
        """Faults are for requests whose path ends with this."""
        self.jobs = JobQueue()
        self.largest_body = 1 << 20
        self.is_bad: Callable[[Any], bool] = lambda record: False  # noqa: ARG005
        """Records for which a whole request is answered with 422."""
        self.is_rejected: Callable[[Any], bool] = lambda record: False  # noqa: ARG005
        """Records that the receipt rejects."""
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listens, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=1 << 22)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuses connections from now on and cuts those there are."""
        if self._server is not None:
            self._server.close()
            connections = dict(self._connections)
            for task, writer in connections.items():
                writer.transport.abort()
                task.cancel()
            await asyncio.gather(*connections, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    def messages(self) -> list[str]:
        """Texts of all log lines, in the order of their sequence."""
        return [json.loads(self.lines[key])["message"] for key in sorted(self.lines, key=lambda key: key[2])]

    def on(self, suffix: str) -> list[Request]:
        """The requests to paths that end so."""
        return [request for request in self.requests if request.path.endswith(suffix)]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        try:
            while (request := await _read(reader)) is not None:
                if "/jobs/" in request.path:
                    self.jobs.requests.append(request)
                    await self.jobs.wait(request)
                else:
                    self.requests.append(request)
                if not await self._answer(request, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            del self._connections[task]
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answers, or does what is asked for instead; whether the connection goes on."""
        is_about_jobs = "/jobs/" in request.path
        is_meant = "/jobs/" in self.only_on if is_about_jobs else True
        is_hit = self.faults and is_meant and request.path.partition("?")[0].endswith(self.only_on)
        fault = self.faults.popleft() if is_hit else Fault(commit=True)
        status, body = fault.status or 0, fault.body or _problem(fault.status or 0, fault.code)
        if fault.commit:
            status, body = self._handle(request)
        if fault.hang:
            await asyncio.get_running_loop().create_future()
        if status:
            headers = {"content-type": "application/json", "content-length": str(len(body)), **fault.headers}
            if request.key in self.retiring and request.key in self.keys:
                headers["Key-Retires"] = "2026-12-05T19:00:00+00:00"
            text = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            sent = body[: len(body) // 2] if fault.close else body
            writer.write(f"HTTP/1.1 {status} X\r\n{text}\r\n".encode() + sent)
            await writer.drain()
        return not fault.close

    def _handle(self, request: Request) -> tuple[int, bytes]:  # noqa: PLR0911 - one a kind of request
        if request.path.endswith(("/enrol", "/enrol/proof")):
            return (self._claim if request.path.endswith("/enrol") else self._prove)(request)
        if request.path.endswith("/successor"):
            return self._succeed(request)
        uuid, resource = request.path.removeprefix("/api/v1/devices/").split("/", maxsplit=1)
        if self.keys.get(request.key) != uuid:
            return 401, _problem(401, "unauthenticated")
        if self.retiring and request.key not in self.retiring:  # the next key arrived
            self.retiring.clear()
            self.keys = {request.key: uuid}
        if resource.startswith("jobs/"):
            return self.jobs.handle(request, resource.removeprefix("jobs/"))
        if len(request.body) > self.largest_body:
            return 413, _problem(413, "too_large")
        if request.method == "PUT":
            self.documents[resource] = request.json
            return 204, b""
        if resource == "metrics":
            content = msgspec.json.decode(request.body, type=_Reports)
            self.units |= content.units
            return self._take(self.reports, content.reports, lambda r: (uuid, r["timestamp"]))
        lines = msgspec.json.decode(request.body, type=_Lines).lines
        return self._take(self.lines, lines, lambda r: (uuid, r["timestamp"], r["sequence"]))

    def _claim(self, request: Request) -> tuple[int, bytes]:
        if request.key not in self.claim_keys:
            return 401, _problem(401, "claim_key_invalid")
        self.enrolments.append(request.json)
        given = {
            "enrolment_id": str(uuid4()),
            "api_key": f"key-{uuid4().hex}",
            "challenge": f"challenge-{uuid4().hex}",
        }
        self.claims[given["enrolment_id"]] = {**given, "serial": request.json["serial"]}
        return 201, json.dumps(given).encode()

    def _succeed(self, request: Request) -> tuple[int, bytes]:
        uuid = self.retiring.get(request.key)
        if uuid is None:
            return 401, _problem(401, "successor_refused")
        old = {key: owner for key, owner in self.keys.items() if key in self.retiring}
        self.keys = {**old, f"next-{uuid4().hex}": uuid}
        return 200, json.dumps({"device_uuid": uuid, "api_key": [*self.keys][-1]}).encode()

    def _prove(self, request: Request) -> tuple[int, bytes]:
        claim = self.claims.get(request.json["enrolment_id"])
        if claim is None or request.json["answer"] != _answer(claim):
            return 401, _problem(401, "proof_refused")
        is_new = claim["serial"] not in self.devices
        uuid = self.devices.setdefault(claim["serial"], str(uuid4()))
        self.keys = {key: owner for key, owner in self.keys.items() if owner != uuid}
        self.keys[claim["api_key"]] = uuid
        return 201 if is_new else 200, json.dumps({"device_uuid": uuid}).encode()

    def _take(
        self, table: dict[Any, bytes], raws: list[msgspec.Raw], key_of: Callable[[Any], Any]
    ) -> tuple[int, bytes]:
        records = [(bytes(raw), json.loads(bytes(raw))) for raw in raws]
        if any(self.is_bad(record) for _, record in records):
            return 422, _problem(422, "invalid")
        counts = {"accepted": 0, "duplicate": 0, "late": 0, "quarantined": 0, "rejected": 0}
        reasons = []
        for index, (raw, record) in enumerate(records):
            key = key_of(record)
            if self.is_rejected(record):
                counts["rejected"] += 1
                reasons.append({"index": index, "code": "nonsense", "message": "not understood"})
            elif key in table:
                counts["duplicate"] += 1
                self.duplicates += 1
                if table[key] != raw:
                    self.conflicts.append((table[key], raw))
            else:
                counts["accepted"] += 1
                table[key] = raw
        return 200, json.dumps(counts | {"reasons": reasons}).encode()


@asynccontextmanager
async def device_api() -> AsyncIterator[DeviceApi]:
    """A listening server, stopped afterwards."""
    api = DeviceApi()
    await api.start()
    try:
        yield api
    finally:
        await api.stop()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *rest = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method=method, path=path, headers=headers, body=body)


def _answer(claim: dict[str, str]) -> str:
    return hmac.new(claim["api_key"].encode(), claim["challenge"].encode(), "sha256").hexdigest()


def _problem(status: int, code: str) -> bytes:
    return json.dumps(
        {"type": "about:blank", "title": "Fault", "status": status, "code": code, "detail": "as asked"}
    ).encode()
