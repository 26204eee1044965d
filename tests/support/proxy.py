"""A PostgreSQL connection that breaks exactly where a test wants it to.

Stands between a client and a server, understands only where messages begin and end, and cuts after the n-th message of one
side. To the server a cut looks as if the client was killed with -9; to the client as if the server was.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from iotistic.config import Endpoint

__all__ = ["Proxy", "proxied"]

_EXECUTE = {b"E", b"Q"}


@dataclass
class Proxy:
    """Counts what passes; settings may be changed at any time."""

    endpoint: Endpoint
    cut_after_requests: int | None = None
    """Client's side: this many commands (Execute, Query) reach the server, the next one does not."""
    cut_after_answers: int | None = None
    """Server's side: this many messages reach the client, the next one does not; the server has done its work."""
    cut_after_commits: int | None = None
    """Server's side: this many answers "COMMIT" reach the client, the next one does not: committed, and nobody knows."""
    refuse_after_cut: bool = False
    """Whether new connections are closed at once after a cut, as if the client's process had died with it."""
    requests: int = 0
    answers: int = 0
    commits: int = 0
    greeting: int | None = None
    """How many answers it takes until the server is ready for the first time."""
    cuts: int = 0
    cables: list[asyncio.Event] = field(default_factory=list[asyncio.Event])
    passing: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set nothing passes and nothing is closed, as behind a firewall that swallows everything."""

    def __post_init__(self) -> None:
        self.passing.set()

    def pull(self) -> None:
        """From here on nothing passes on the connections there are, and neither side is told: as when a cable is pulled."""
        for cable in self.cables:
            cable.set()

    async def serve(
        self, upstream: tuple[str, int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self.refuse_after_cut and self.cuts:
            writer.close()
            return
        server_reader, server_writer = await asyncio.open_connection(*upstream)
        cable = asyncio.Event()
        self.cables.append(cable)
        both = [
            asyncio.create_task(self._forward(reader, server_writer, self._request, cable, greeting=True)),
            asyncio.create_task(self._forward(server_reader, writer, self._answer, cable, greeting=False)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            for side in (writer, server_writer):
                side.close()
            await asyncio.gather(*both, return_exceptions=True)

    async def _forward(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        passes: Callable[[bytes, bytes], bool],
        pulled: asyncio.Event,
        *,
        greeting: bool,
    ) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            if greeting:  # the startup message has no type
                head = await reader.readexactly(4)
                await self.passing.wait()
                writer.write(head + await reader.readexactly(int.from_bytes(head, "big") - 4))
            while True:
                head = await reader.readexactly(5)
                body = await reader.readexactly(int.from_bytes(head[1:], "big") - 4)
                if pulled.is_set():
                    await asyncio.Event().wait()
                if not passes(head[:1], body):
                    self.cuts += 1
                    await writer.drain()
                    return
                await self.passing.wait()
                writer.write(head + body)

    def _request(self, kind: bytes, _: bytes) -> bool:
        if kind not in _EXECUTE:
            return True
        if self.requests == self.cut_after_requests:
            self.cut_after_requests = None
            return False
        self.requests += 1
        return True

    def _answer(self, kind: bytes, body: bytes) -> bool:
        if self.answers == self.cut_after_answers:
            self.cut_after_answers = None
            return False
        if kind == b"C" and body == b"COMMIT\0":
            if self.commits == self.cut_after_commits:
                self.cut_after_commits = None
                return False
            self.commits += 1
        self.answers += 1
        if kind == b"Z" and self.greeting is None:
            self.greeting = self.answers
        return True


@asynccontextmanager
async def proxied(endpoint: Endpoint) -> AsyncIterator[Proxy]:
    """A proxy in front of `endpoint`'s first host, on a free port."""
    upstream = endpoint.hosts[0]
    proxy = Proxy(endpoint=endpoint)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(proxy.serve(upstream, reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    proxy.endpoint = replace(endpoint, hosts=(listener.sockets[0].getsockname(),), sslmode="disable")
    try:
        yield proxy
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
