"""How many polls of an unchanged shadow the API answers, against the least that its framework does for one SELECT.

    python benchmarks/shadow.py [--polls 2000] [--at-once 16]

The floor is a FastAPI application with one route that takes a connection of the same kind of pool, runs one SELECT by primary key and
answers 304. Both are called in this process without a network, in turns, so that what differs is the work of the API: the key, the
condition, the request's context, the damped contact. The issue's aim is 0.6.
"""

import argparse
import asyncio
import resource
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Response
from platform_bench.opening import opened

from iotistic.bootstrap.platform import Platform
from iotistic.database.pool import Pool
from iotistic.http import create_platform_app
from iotistic.secret import Secret
from tests.support.databases import Databases, TestDatabase
from tests.support.enrolment import enrol_device
from tests.support.server import start_test_server, stop_test_server

ROUNDS = 5
DEVICES = 50
AIM = 0.6
NOT_MODIFIED = 304

Headers = list[tuple[bytes, bytes]]


def bare_app(pool: Pool) -> FastAPI:
    """The framework, one route, one SELECT."""
    app = FastAPI(openapi_url=None)

    @app.get("/poll/{uuid}")
    async def poll(uuid: UUID) -> Response:
        async with pool.connection(read_only=True) as connection:
            cursor = await connection.execute(
                "SELECT version FROM device_shadows WHERE device_uuid = %s", (uuid,)
            )
            await cursor.fetchone()
        return Response(status_code=NOT_MODIFIED)

    return app


async def call(app: Any, path: str, headers: Headers) -> tuple[int, dict[bytes, bytes]]:  # noqa: ANN401 - any ASGI application
    """One GET; its status and headers."""
    answered: dict[str, Any] = {}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answered.update(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 4711),
        "server": ("127.0.0.1", 80),
        "app": app,
        "state": {},
    }
    await app(scope, receive, send)
    return int(answered["status"]), dict(answered["headers"])


async def rate(app: Any, requests: Sequence[tuple[str, Headers]], at_once: int) -> tuple[float, float]:  # noqa: ANN401
    """Polls a second, and microseconds of this process's CPU for each."""
    waiting = iter(requests)

    async def worker() -> None:
        for path, headers in waiting:
            status, _ = await call(app, path, headers)
            if status != NOT_MODIFIED:
                raise AssertionError(f"{path} answered {status}")

    started, used = time.perf_counter(), _cpu()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    return len(requests) / (time.perf_counter() - started), 1e6 * (_cpu() - used) / len(requests)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def prepare(platform: Platform, app: FastAPI) -> list[tuple[UUID, Headers]]:
    """Devices with a shadow, and what each sends with a poll."""
    found: list[tuple[UUID, Headers]] = []
    for number in range(DEVICES):
        uuid, key = await enrol(platform, f"bench-{number}")
        headers: Headers = [(b"authorization", f"Bearer {key.reveal()}".encode())]
        _, answered = await call(app, f"/api/v1/devices/{uuid}/shadow", headers)
        found.append((uuid, [*headers, (b"if-none-match", answered[b"etag"])]))
    return found


async def enrol(platform: Platform, name: str) -> tuple[UUID, Secret]:
    async with platform.begin() as work:
        issued = await work.enrolment.create_claim_key(
            max_uses=1, lasts=timedelta(hours=1), label="bench", created_by="bench"
        )
        enrolled = await enrol_device(work.registrar, claim_key=issued.text, name=name, kind="host")
    return enrolled.device_uuid, enrolled.api_key


async def measure(database: TestDatabase, polls: int, at_once: int, folder: Path) -> None:
    async with opened(database, folder, pool=at_once) as platform:
        app, bare = create_platform_app(platform), bare_app(platform.pool)
        devices = await prepare(platform, app)
        ours = [
            (f"/api/v1/devices/{uuid}/shadow", headers)
            for uuid, headers in devices
            for _ in range(polls // DEVICES)
        ]
        floor = [(f"/poll/{uuid}", headers) for uuid, headers in devices for _ in range(polls // DEVICES)]
        results: dict[str, list[tuple[float, float]]] = {
            "bare framework, one SELECT": [],
            "poll of a shadow (304)": [],
        }
        for _ in range(ROUNDS):
            results["bare framework, one SELECT"].append(await rate(bare, floor, at_once))
            results["poll of a shadow (304)"].append(await rate(app, ours, at_once))
    print(f"{polls} polls of {DEVICES} devices, {at_once} at once, {ROUNDS} rounds in turns (median):")
    for name, measured in results.items():
        rates, costs = zip(*measured, strict=True)
        print(
            f"  {name:<28}{statistics.median(rates):8,.0f} a second  {statistics.median(costs):6.0f} us of CPU each"
        )
    (bare_rates, our_rates) = ([speed for speed, _ in measured] for measured in results.values())
    ratio = statistics.median(mine / theirs for mine, theirs in zip(our_rates, bare_rates, strict=True))
    print(f"  ratio {ratio:.2f} (aim: at least {AIM})")


async def main(polls: int, at_once: int) -> None:
    server = await start_test_server()
    try:
        databases = await Databases.prepare(server)
        with tempfile.TemporaryDirectory() as folder:
            async with databases.platform() as database:
                await measure(database, polls, at_once, Path(folder))
    finally:
        await stop_test_server(server)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--polls", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=16)
    options = parser.parse_args()
    asyncio.run(main(options.polls, options.at_once))
