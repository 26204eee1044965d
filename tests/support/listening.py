"""Server-sent events of the application itself, without a server in between that would hold them back."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from iotistic.secret import Secret

__all__ = ["Listener", "listening"]


class Listener:
    """Somebody who reads a stream from the application itself, message by message."""

    def __init__(self) -> None:
        self.status = 0
        self._parts: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._asked = False
        self._text = b""

    async def receive(self) -> MutableMapping[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self._parts.put_nowait(message["body"])

    async def message(self) -> dict[str, str]:
        """The next that is no comment and no mere id."""
        while True:
            while b"\n\n" not in self._text:
                self._text += await asyncio.wait_for(self._parts.get(), 60) or b""
            head, self._text = self._text.split(b"\n\n", 1)
            if not head.startswith(b":") and b"data: " in head:
                return dict(line.split(": ", 1) for line in head.decode().splitlines())

    def parts_left(self) -> list[str]:
        """Messages that came and were not looked at."""
        while not self._parts.empty():
            self._text += self._parts.get_nowait() or b""
        heads = self._text.decode().split("\n\n")
        return [head for head in heads if "data: " in head]

    def leave(self) -> None:
        self._gone.set()


@asynccontextmanager
async def listening(
    app: FastAPI, key: Secret, path: str, query: str = "", **headers: str
) -> AsyncIterator[Listener]:
    listener = Listener()
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": [
            (b"authorization", f"Bearer {key.reveal()}".encode()),
            *((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()),
        ],
        "scheme": "http", "client": ("192.0.2.7", 1), "server": ("test", 80), "http_version": "1.1", "root_path": "",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
    }  # fmt: skip
    answering = asyncio.create_task(app(scope, listener.receive, listener.send))
    try:
        yield listener
    finally:
        listener.leave()
        await asyncio.wait_for(answering, 60)
