"""What counting the traffic of devices takes of the ingest path, and what bringing the counts into the database takes.

    python benchmarks/traffic.py [--posts 3000]

CPU time of this process: the smallest post that the API knows (one report of one metric, called without a network), and the counting
of one such request by itself, many thousand times on the same request. Their ratio is the cost; the aim is under 2 %. A flush is
timed on the database's own clock for 10,000 tallies, first as new rows, then added to them.
"""

import argparse
import asyncio
import json
import resource
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from shadow import Headers, enrol, opened

from iotistic.bootstrap.platform import Platform
from iotistic.http import create_platform_app
from iotistic.http.traffic import count_traffic
from tests.support.databases import Databases
from tests.support.server import start_test_server, stop_test_server

ROUNDS, DEVICES, AT_ONCE = 5, 50, 16
CALLS, TALLIES = 100_000, 10_000
OK = 200
AIM = 0.02


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def scope_of(app: Any, path: str, headers: Headers, body: bytes) -> dict[str, Any]:  # noqa: ANN401 - any ASGI application
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [*headers, (b"content-length", b"%d" % len(body))],
        "client": ("127.0.0.1", 4711),
        "server": ("127.0.0.1", 80),
        "app": app,
        "state": {},
    }


async def post(app: Any, path: str, headers: Headers) -> dict[str, Any]:  # noqa: ANN401 - any ASGI application
    """One report; the scope as the application leaves it."""
    body = json.dumps(
        {"reports": [{"timestamp": datetime.now(UTC).isoformat(), "metrics": {"cpu_usage": 12.5}}]}
    ).encode()
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = scope_of(app, path, headers, body)
    await app(scope, receive, send)
    if statuses != [OK]:
        raise AssertionError(f"{path} answered {statuses}")
    return scope


async def cost_of_a_post(app: Any, devices: list[tuple[str, Headers]], posts: int) -> float:  # noqa: ANN401
    """Seconds of CPU."""
    waiting = iter([devices[number % DEVICES] for number in range(posts)])

    async def worker() -> None:
        for path, headers in waiting:
            await post(app, path, headers)

    started = cpu()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return (cpu() - started) / posts


def cost_of_counting(scope: dict[str, Any]) -> float:
    """The same."""
    started = cpu()
    for _ in range(CALLS):
        count_traffic(scope, OK, 120)
    return (cpu() - started) / CALLS


async def flush(platform: Platform, devices: list[Any]) -> float:
    """Seconds."""
    for device in devices:
        platform.traffic.count(device, "metrics", refused=False, received=100, sent=100)
    started = time.perf_counter()
    await platform.traffic_keeper.flush()
    return time.perf_counter() - started


async def measure(platform: Platform, posts: int) -> None:
    app = create_platform_app(platform)
    devices: list[tuple[str, Headers]] = []
    for number in range(DEVICES):
        uuid, key = await enrol(platform, f"bench-{number}")
        devices.append(
            (f"/api/v1/devices/{uuid}/metrics", [(b"authorization", f"Bearer {key.reveal()}".encode())])
        )
    scope = await post(app, *devices[0])
    measured = [(await cost_of_a_post(app, devices, posts), cost_of_counting(scope)) for _ in range(ROUNDS)]
    whole, counting = (statistics.median(column) for column in zip(*measured, strict=True))
    share = statistics.median(part / all_of_it for all_of_it, part in measured)
    print(f"a post of one report        {1e6 * whole:8.1f} us of CPU (without PostgreSQL's)")
    print(f"counting it                 {1e6 * counting:8.2f} us of CPU")
    print(f"share                       {100 * share:8.2f} %  (aim: under {100 * AIM:.0f} %)")
    await platform.traffic_keeper.flush()
    fresh = [uuid4() for _ in range(TALLIES)]
    for name in ("new rows", "added to rows"):
        seconds = await flush(platform, fresh)
        print(f"flush of {TALLIES} tallies, {name:<14} {1e6 * seconds / TALLIES:5.1f} us each")


async def main(posts: int) -> None:
    server = await start_test_server()
    try:
        databases = await Databases.prepare(server)
        with tempfile.TemporaryDirectory() as folder:
            async with databases.platform() as database, opened(database, AT_ONCE, Path(folder)) as platform:
                await measure(platform, posts)
    finally:
        await stop_test_server(server)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--posts", type=int, default=3000)
    asyncio.run(main(parser.parse_args().posts))
