"""Server-sent events: an answer that goes on for as long as somebody listens.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import final

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

__all__ = ["MEDIA_TYPE", "SILENCE", "ServerSentEvents", "message", "place"]

MEDIA_TYPE = "text/event-stream"
SILENCE = b":\n\n"
"""A comment: what is between keeps the connection open."""

_encode = msgspec.json.Encoder().encode


def message(*, id: str | None, event: str, data: object) -> bytes:  # noqa: A002 - the field's name
    """One message; `data` becomes JSON on one line, and `id` is what a listener that reconnects sends as Last-Event-ID.

    None leaves that as it was.
    """
    told = b"event: %b\ndata: %b\n\n" % (event.encode(), _encode(data))
    return told if id is None else b"id: %b\n%b" % (id.encode(), told)


def place(id: str) -> bytes:  # noqa: A002 - as above
    """Nothing that a listener sees, and from where on it will ask when it reconnects."""
    return b"id: %b\n\n" % id.encode()


@final
class ServerSentEvents(Response):
    """Sends messages as they come. A listener who leaves raises ClientDisconnect where the messages are waited for."""

    media_type = MEDIA_TYPE

    def __init__(self, messages: AsyncGenerator[bytes]) -> None:
        # X-Accel-Buffering: proxies in the manner of nginx would keep the first messages until there are many.
        super().__init__(headers={"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"})
        self._messages = messages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        headers = [header for header in self.raw_headers if header[0] != b"content-length"]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": SILENCE, "more_body": True})
        async with aclosing(self._messages) as messages:
            async for part in messages:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
