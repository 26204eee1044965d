"""One request on the short way of what devices ingest (`iotistic.http.ingest_lane`), and the answer to it as it goes over the line."""

from asyncio import Event
from dataclasses import dataclass
from time import perf_counter
from typing import ClassVar, Final, final
from uuid import UUID

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from iotistic.bootstrap.platform import Platform
from iotistic.devices.traffic import TrafficKind
from iotistic.http.access import recognise
from iotistic.http.request_body import note_received
from iotistic.http.request_context import fresh_id, headers_of_all
from iotistic.security.model import Principal
from iotistic.telemetry import Stream

__all__ = ["Acquaintance", "Passage", "answer_to"]

_OF_ALL: Final = {secure: headers_of_all(secure=secure) for secure in (False, True)}
_ENDS: Final = {True: b"", False: b"connection: close\r\n"}


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Acquaintance:
    """What all requests with the same headers have in common."""

    scope: Scope
    """As the first of them had it before anything looked at it."""
    platform: Platform
    stream: Stream
    route: str
    """The template of its path."""
    kind: TrafficKind
    device_uuid: UUID
    key: bytes
    """What the caller's key is remembered by; who that is now, every request asks anew."""
    address: str | None
    is_secure: bool
    request_id: str | None
    """That came with the headers."""
    content_encoding: str | None
    content_type: str | None
    idempotency_key: str | None


@final
class Passage:
    """One request. Where its head was not parsed it stands for itself where uvicorn looks how far a request is.

    One object and no scope of its own as long as all goes well: each cost as much as finding out who calls.
    """

    __slots__ = (
        "_scope", "began", "caller", "cycle", "disconnected", "keep_alive", "missing", "pieces", "principal", "received",
        "response_complete", "size",
    )  # fmt: skip

    message_event: ClassVar = Event()
    """uvicorn rings it when the connection is lost; nobody waits for it."""

    def __init__(self, caller: Acquaintance, principal: Principal, size: int, scope: Scope | None) -> None:
        """`size` are the octets of its body; `scope` is the one that the parser made, if it was asked."""
        self.caller: Final = caller
        self.principal: Final = principal
        self.size: Final = size
        self.began: Final = perf_counter()
        self.received = 0
        """Octets of the body, once it was handed on."""
        self.cycle: RequestResponseCycle | None = None
        """What uvicorn made of it, if it was parsed."""
        self.pieces: list[bytes] = []
        """Of a body behind a head that was not parsed."""
        self.missing = size
        """Octets of it that are still to come."""
        self.disconnected = False
        self.keep_alive = True
        self.response_complete = False
        self._scope = scope

    def gather(self, data: bytes) -> bytes:
        """Takes the next octets of a body that is not parsed; answers those behind it."""
        missing = self.missing
        octets = data if len(data) <= missing else data[:missing]
        self.missing -= len(octets)
        self.pieces.append(octets)
        return data[missing:]

    def body(self) -> bytes:
        """What has come, which is not kept any longer."""
        if self.cycle is not None:
            body = bytes(self.cycle.body)
        else:
            pieces, self.pieces = self.pieces, []
            body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self.received = len(body)
        return body

    @property
    def progress(self) -> "RequestResponseCycle | Passage":
        """Where uvicorn notes how far the request is."""
        return self if self.cycle is None else self.cycle

    def scope(self) -> Scope:
        """As the framework and whoever writes the log expect it."""
        if self._scope is None:
            self._scope = dict(self.caller.scope)
        recognise(self._scope, self.principal)
        note_received(self._scope, self.received)
        return self._scope


def answer_to(passage: Passage, receipt: bytes, standing: bytes) -> bytes:
    """A receipt with its head; `standing` are the headers that the server gives all its answers."""
    caller = passage.caller
    return (
        b"HTTP/1.1 200 OK\r\n%bcontent-type: application/json\r\ncontent-length: %d\r\nx-request-id: %b\r\n%b%b\r\n%b"
        % (
            standing,
            len(receipt),
            (caller.request_id or fresh_id()).encode(),
            _OF_ALL[caller.is_secure],
            _ENDS[passage.progress.keep_alive],
            receipt,
        )
    )
