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


@dataclass(kw_only=True)
class Outcome:
    """What it took."""

    seconds: float
    requests: int
    cpu: float
    """Seconds of this process while it sent."""
    latencies: list[float] = field(default_factory=list)
    """Seconds from when a request was due to its answer, sorted."""


class Caller(asyncio.Protocol):
    """One connection: answers come in the order of the requests."""

    def __init__(self) -> None:
        self.answered: asyncio.Queue[float] = asyncio.Queue()
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while (end := self._rest.find(b"\r\n\r\n")) >= 0:
            head = self._rest[:end]
            if b" 200 " not in head[:16]:
                print(f"refused: {self._rest[:900]!r}", flush=True)
                os._exit(1)
            at = head.lower().index(b"content-length:") + 15
            length = int(head[at : head.index(b"\r\n", at) if b"\r\n" in head[at:] else None])
            if len(self._rest) < end + 4 + length:
                return
            self._rest = self._rest[end + 4 + length :]
            self.answered.put_nowait(time.perf_counter())


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
    callers: list[Caller] = []
    for number in range(len(made)):
        port = order.ports[number % len(order.ports)]
        callers.append((await loop.create_connection(Caller, "127.0.0.1", port))[1])
    latencies: list[float] = []

    async def closed(caller: Caller, requests: list[bytes]) -> None:
        for request in requests:
            caller.transport.write(request)  # type: ignore[attr-defined]
            await caller.answered.get()

    async def open_loop(number: int, caller: Caller, requests: list[bytes]) -> None:
        pause = len(made) / order.rate
        first = began + pause * number / len(made)

        async def collect() -> None:
            for one in range(len(requests)):
                latencies.append(await caller.answered.get() - (first + one * pause))

        collecting = asyncio.create_task(collect())
        for one, request in enumerate(requests):
            await asyncio.sleep(max(0.0, first + one * pause - time.perf_counter()))
            caller.transport.write(request)  # type: ignore[attr-defined]
        await collecting

    began, cpu = time.perf_counter(), time.process_time()
    if order.rate:
        await asyncio.gather(
            *(open_loop(number, *pair) for number, pair in enumerate(zip(callers, made, strict=True)))
        )
    else:
        await asyncio.gather(*map(closed, callers, made))
    return Outcome(
        seconds=time.perf_counter() - began,
        requests=sum(map(len, made)),
        cpu=time.process_time() - cpu,
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
