"""Sends ready-made requests as fast as they are answered, or at a given rate whether they are answered or not.

A process of its own, so that its CPU is told apart from the server's. Reads an `Order` as a line of JSON, makes all requests,
says "ready", waits for a line, sends, and prints an `Outcome`.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

import uvloop

__all__ = ["NAMES", "Order", "Outcome"]

NAMES = [
    "cpu_temp", "cpu_usage", "disk_read_bytes_per_second", "disk_write_bytes_per_second", "load_1m", "memory_percent",
    "memory_usage", "network_received_bytes_per_second", "network_sent_bytes_per_second", "process_count",
    "storage_percent", "uptime_seconds",
]  # fmt: skip
_STEP = timedelta(milliseconds=1)


@dataclass(kw_only=True)
class Order:
    """What to send, where."""

    ports: list[int]
    devices: list[tuple[str, str]]
    """uuid and key; one connection each."""
    batch: int
    """Reports in a request."""
    requests: int
    """Of each connection."""
    start: float
    """Unix time of the first report; the others follow a millisecond apart."""
    repeats: float = 0.0
    """Share of the requests that are sent twice."""
    keyed: bool = False
    """Whether each carries an Idempotency-Key."""
    rate: float = 0.0
    """Requests a second over all connections; 0: each connection sends when it was answered."""
    refusable: bool = False
    """Whether 503 is an answer: the request is not sent again."""


@dataclass(kw_only=True)
class Outcome:
    """What it took."""

    seconds: float
    requests: int
    cpu: float
    """Seconds of this process while it sent."""
    octets: int = 0
    """Of all requests."""
    refused: dict[str, int] = field(default_factory=dict)
    """Requests that were answered with 503, by the code of the problem."""
    latencies: list[float] = field(default_factory=list)
    """Seconds from when a request was due to its answer, sorted."""


class Caller(asyncio.Protocol):
    """One connection. Nothing but callbacks: a task and a queue for each request cost 50 us, more than a good server takes."""

    def __init__(self, requests: list[bytes], *, refusable: bool = False) -> None:
        self._requests = iter(requests)
        self._left = len(requests)
        self._refusable = refusable
        self.refused: Counter[str] = Counter()
        self._rest = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment]

    def send(self) -> None:
        """The next request."""
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while (end := self._rest.find(b"\r\n\r\n")) >= 0:
            head = self._rest[:end]
            is_refusal = self._refusable and head.startswith(b"HTTP/1.1 503 ")
            if not is_refusal and not head.startswith(b"HTTP/1.1 200 "):
                print(f"refused: {self._rest[:900]!r}", flush=True)
                os._exit(1)
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            if len(self._rest) < end + 4 + length:
                return
            if is_refusal:
                self.refused[json.loads(self._rest[end + 4 : end + 4 + length])["code"]] += 1
            self._rest = self._rest[end + 4 + length :]
            self._left -= 1
            self.answered()

    def answered(self) -> None:
        if self._left:
            self.send()
        else:
            self.done.set_result(None)


class PunctualCaller(Caller):
    """Sends each request when it is due, whether those before it were answered or not."""

    def __init__(self, requests: list[bytes], *, pause: float, latencies: list[float]) -> None:
        super().__init__(requests)
        self._unsent = len(requests)
        self._pause = pause
        self._latencies = latencies

    def begin(self, first: float) -> None:
        self._due = self._first = first
        asyncio.get_running_loop().call_at(first, self._send_due)

    def _send_due(self) -> None:
        self.send()
        self._unsent -= 1
        self._due += self._pause
        if self._unsent:
            asyncio.get_running_loop().call_at(self._due, self._send_due)

    def answered(self) -> None:
        self._latencies.append(asyncio.get_running_loop().time() - self._first)
        self._first += self._pause
        if not self._left:
            self.done.set_result(None)


def requests_of(order: Order, number: int) -> list[bytes]:
    chance = random.Random(number)
    uuid, key = order.devices[number]
    moment = datetime.fromtimestamp(order.start, UTC)
    made: list[bytes] = []
    for one in range(order.requests):
        reports = [
            {
                "timestamp": (moment + (one * order.batch + row) * _STEP).isoformat(timespec="milliseconds"),
                "metrics": {name: round(chance.uniform(0, 100), 2) for name in NAMES},
            }
            for row in range(order.batch)
        ]
        body = json.dumps({"reports": reports}, separators=(",", ":")).encode()
        idempotency = f"Idempotency-Key: {uuid}-{order.start}-{one}\r\n" if order.keyed else ""
        head = (
            f"POST /api/v1/devices/{uuid}/metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n{idempotency}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made += [head.encode() + body] * (2 if chance.random() < order.repeats else 1)
    return made


async def send(order: Order, made: list[list[bytes]]) -> Outcome:
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    pause = len(made) / order.rate if order.rate else 0.0
    callers: list[Caller] = []
    for number, requests in enumerate(made):
        port = order.ports[number % len(order.ports)]
        caller = (
            PunctualCaller(requests, pause=pause, latencies=latencies)
            if order.rate
            else Caller(requests, refusable=order.refusable)
        )
        await loop.create_connection(lambda caller=caller: caller, "127.0.0.1", port)  # type: ignore[misc]
        callers.append(caller)
    began, cpu, now = time.perf_counter(), time.process_time(), loop.time()
    for number, caller in enumerate(callers):
        if isinstance(caller, PunctualCaller):
            caller.begin(now + pause * number / len(callers))
        else:
            caller.send()
    await asyncio.gather(*(caller.done for caller in callers))
    return Outcome(
        seconds=time.perf_counter() - began,
        requests=sum(map(len, made)),
        cpu=time.process_time() - cpu,
        octets=sum(len(one) for requests in made for one in requests),
        refused=dict(sum((caller.refused for caller in callers), Counter())),
        latencies=sorted(latencies),
    )


def main() -> None:
    order = Order(**json.loads(sys.stdin.readline()))
    made = [requests_of(order, number) for number in range(len(order.devices))]
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(asdict(uvloop.run(send(order, made)))), flush=True)


if __name__ == "__main__":
    main()
