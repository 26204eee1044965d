"""uvicorn's HTTP protocol, for callers who mean no good: bounds on what comes before a request is one.

By itself it keeps any amount of headers in memory and waits for their end for ever; a body is bounded further in
(`iotistic.http.request_body`).
"""

import asyncio
import secrets
from http import HTTPStatus
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from iotistic.http.problems import Problem, problem_response

__all__ = ["GuardedProtocol"]

_MOST_OCTETS = 64 << 10
_LONGEST_URL = 65_535
"""The parser counts in 16 bits."""
_PATIENCE = 20.0
"""Seconds from the connection, or the first octet of a further request, to the end of its headers."""


class GuardedProtocol(HttpToolsProtocol):
    """Refuses headers of more than 64 KiB and closes connections whose headers take more than 20 seconds."""

    _deadline: asyncio.TimerHandle | None = None
    _expects_headers = False
    """Of a further request, whose first octet came."""
    _octets = 0
    """Received since then."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast("asyncio.Transport", transport))  # TCP: uvicorn says so too
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._headers_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._octets += len(data)
        super().data_received(data)
        # A timer only for headers that did not come at once: most do, and a timer costs 3 us.
        if self._expects_headers and self._deadline is None:
            self._expect_headers()
        # Looked at afterwards: what is over may be the body that came along.
        if self._deadline is not None and self._octets > _MOST_OCTETS and not self.transport.is_closing():
            self._refuse(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", "The headers are too large."
            )

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expects_headers = True

    def on_headers_complete(self) -> None:
        self._headers_came()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """What uvicorn answers to what is no HTTP, and to an address that its parser cannot take apart."""
        if len(self.url) > _LONGEST_URL:
            self._refuse(
                HTTPStatus.REQUEST_URI_TOO_LONG,
                "uri_too_long",
                f"The path and the query have more than {_LONGEST_URL} characters.",
            )
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, "malformed", msg)

    def _expect_headers(self) -> None:
        self._octets = 0
        self._deadline = self.loop.call_later(_PATIENCE, self.transport.close)

    def _headers_came(self) -> None:
        self._expects_headers = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: HTTPStatus, code: str, detail: str) -> None:
        request_id = secrets.token_hex(12)
        response = problem_response(Problem(status=status, code=code, detail=detail), request_id)
        lines = [
            f"HTTP/1.1 {status.value} {status.phrase}".encode(),
            b"x-request-id: " + request_id.encode(),
            b"connection: close",
            *(name + b": " + value for name, value in response.raw_headers),
        ]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(response.body)]))
        self.transport.close()
