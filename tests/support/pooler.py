"""A connection pooler as small as can be: in transaction mode it gives the server session back after each transaction.

Like PgBouncer it hands out invented process ids, opens a server session only when none is free, and gives out first the one
used last. (To log clients in it opens one each, which it closes again when it is not needed.)
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count

from iotistic.config import Endpoint

__all__ = ["pooled"]


@dataclass
class _Upstream:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@dataclass
class _Pooler:
    upstream: tuple[str, int]
    by_transaction: bool
    free: list[_Upstream] = field(default_factory=list)
    freed: asyncio.Condition = field(default_factory=asyncio.Condition)
    invented: "count[int]" = field(default_factory=lambda: count(900_000))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own = _Upstream(*await asyncio.open_connection(*self.upstream))
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._greet(reader, writer, own)
                await self._talk(reader, writer, own)
        finally:
            writer.close()
            if not self.by_transaction:
                own.writer.close()

    async def _greet(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, own: _Upstream
    ) -> None:
        head = await reader.readexactly(4)
        own.writer.write(head + await reader.readexactly(int.from_bytes(head, "big") - 4))
        while True:
            kind, body = await _message(own.reader)
            if kind == b"K":
                body = next(self.invented).to_bytes(4, "big") + body[4:]
            _send(writer, kind, body)
            if kind == b"Z":
                return
            if kind == b"R" and int.from_bytes(body[:4], "big") in {3, 5, 10, 11}:
                _send(own.writer, *await _message(reader))

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, own: _Upstream) -> None:
        if self.by_transaction and self.free:
            own.writer.close()
        elif self.by_transaction:
            await self._give_back(own)
        while True:
            message = await _message(reader)
            if message[0] == b"X":
                return
            held = await self._borrow() if self.by_transaction else own
            await self._transaction(message, reader, writer, held)
            if self.by_transaction:
                await self._give_back(held)

    async def _transaction(
        self,
        message: tuple[bytes, bytes],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        held: _Upstream,
    ) -> None:
        """Forwards until the server says that it is in no transaction."""
        while True:
            _send(held.writer, *message)
            while message[0] not in {b"S", b"Q"}:
                message = await _message(reader)
                _send(held.writer, *message)
            kind, body = b"", b""
            while kind != b"Z":
                kind, body = await _message(held.reader)
                _send(writer, kind, body)
            if body == b"I":
                return
            message = await _message(reader)
            if message[0] == b"X":
                message = (b"Q", b"ROLLBACK\0")

    async def _borrow(self) -> _Upstream:
        async with self.freed:
            await self.freed.wait_for(lambda: self.free)
            return self.free.pop()

    async def _give_back(self, upstream: _Upstream) -> None:
        async with self.freed:
            self.free.append(upstream)
            self.freed.notify()


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], await reader.readexactly(int.from_bytes(head[1:], "big") - 4)


def _send(writer: asyncio.StreamWriter, kind: bytes, body: bytes) -> None:
    writer.write(kind + (len(body) + 4).to_bytes(4, "big") + body)


@asynccontextmanager
async def pooled(endpoint: Endpoint, *, by_transaction: bool) -> AsyncIterator[Endpoint]:
    """`endpoint` behind a pooler, in transaction mode or in session mode."""
    pooler = _Pooler(endpoint.hosts[0], by_transaction)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(pooler.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield replace(endpoint, hosts=(listener.sockets[0].getsockname(),), sslmode="disable")
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for upstream in pooler.free:
            upstream.writer.close()
