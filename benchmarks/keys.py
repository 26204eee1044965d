"""What a key costs: to be checked, to be made by many at once, and beside a storm of logins.

    PYTHONPATH=. python benchmarks/keys.py [--checks 2000] [--devices 10000] [--enrolments 300] [--seconds 30]

1. CPU of one check, of this process and of PostgreSQL together: with the question to the database that a key costs when it is first seen,
   one at a time and for 10,000 devices that come back at once; from memory; and beside them a bare SELECT 1 through the pool. The aim is 0.3 ms
   with the database.
2. Keys that many make at once: each is written into a chain of hashes, so whoever makes keys waits for one another. Told is the rate for 1 and for
   16 at once, and the rate at which a rotation marks keys, a hundred a transaction.
3. p99 of polls of devices at an even pace, without and with 200 logins a second that guess passwords (cost 12): of one name, which soon has to
   wait, and of another name each time, which never does. The aim is at most 1.5 times. How many were checked, had to wait (429), and were
   refused with 503, since only so many are checked at once, is told.
"""

import argparse
import asyncio
import json
import logging
import resource
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import psutil
import uvloop
from fastapi import FastAPI
from platform_bench.opening import PEPPER, opened

from iotistic.bootstrap.platform import Platform
from iotistic.http import create_platform_app
from iotistic.secret import Secret
from iotistic.security import KeyKind, Peppers, Principal
from iotistic.security.keys import generate_key
from tests.support.databases import Databases
from tests.support.enrolment import enrol_device
from tests.support.server import start_test_server, stop_test_server

ROUNDS = 5
STORM_ROUNDS = 6
AIM_MS = 0.3
AIM_RATIO = 1.5
LOGINS_A_SECOND = 200
POLLS_A_SECOND = 100

_numbers = count(1)


async def enrol(platform: Platform) -> tuple[UUID, Secret]:
    async with platform.begin() as work:
        issued = await work.enrolment.create_claim_key(
            max_uses=1, lasts=timedelta(hours=1), label="bench", created_by="bench"
        )
    async with platform.begin() as work:
        enrolled = await enrol_device(
            work.registrar, claim_key=issued.text, name=f"bench-{next(_numbers)}", kind="host"
        )
    return enrolled.device_uuid, enrolled.api_key


# ---------------------------------------------------------------- 1. a check


def _own() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _backends(platform: Platform) -> list[psutil.Process]:
    async with platform.begin(read_only=True) as work:
        cursor = await work.connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'bench%'"
        )
        return [psutil.Process(row[0]) for row in await cursor.fetchall()]


def _of(processes: Sequence[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


Act = Callable[[Secret], Awaitable[object]]


async def cost(act: Act, keys: Sequence[Secret], backends: Sequence[psutil.Process]) -> tuple[float, float]:
    """ms of CPU for each key, here and in PostgreSQL; one after the other."""
    own, theirs = _own(), _of(backends)
    for key in keys:
        await act(key)
    return 1000 * (_own() - own) / len(keys), 1000 * (_of(backends) - theirs) / len(keys)


async def check_cost(platform: Platform, keys: Sequence[Secret], checks: int) -> None:
    async def check(key: Secret) -> None:
        assert isinstance(await platform.authenticate(key, "192.0.2.7"), Principal)

    async def nothing(_: Secret) -> None:
        async with platform.pool.statement() as connection:
            cursor = await connection.execute("SELECT 1")
            await cursor.fetchone()

    async def storm(times: int) -> tuple[float, float]:
        own, theirs = _own(), _of(backends)
        await asyncio.gather(*(check(keys[number % len(keys)]) for number in range(times)))
        return 1000 * (_own() - own) / times, 1000 * (_of(backends) - theirs) / times

    await check(keys[0])  # opens its session
    backends = await _backends(platform)
    asked = [keys[number % len(keys)] for number in range(checks)]
    rounds: dict[str, list[tuple[float, float]]] = {}
    for _ in range(ROUNDS):  # in turns: what else the machine does falls on all
        rounds.setdefault("SELECT 1", []).append(await cost(nothing, asked, backends))
        rounds.setdefault("with the database", []).append(await cost(check, asked, backends))
        rounds.setdefault("10,000 at once", []).append(await storm(10_000))
    # Without the session that listens for revocations nothing is remembered.
    await platform.key_cache.start()
    while platform.key_cache.find(keys[-1]) is None:
        for key in keys:
            await check(key)
    rounds["from memory"] = [await cost(check, asked * 20, backends) for _ in range(ROUNDS)]
    tell_costs(rounds, len(keys))


def tell_costs(rounds: dict[str, list[tuple[float, float]]], keys: int) -> None:
    print(f"1. A check of a key, ms of CPU (median of {ROUNDS} rounds, {keys} devices):")
    bare = statistics.median(sum(costs) for costs in rounds["SELECT 1"])
    for name, costs in rounds.items():
        own, theirs = (statistics.median(each) for each in zip(*costs, strict=True))
        both = statistics.median(map(sum, costs))
        print(
            f"   {name:<20} this process {own:.4f} + PostgreSQL {theirs:.4f} = {both:.4f}, {both / bare:.2f} x SELECT 1"
        )
    print(f"   aim: at most {AIM_MS} with the database")


async def register(platform: Platform, devices: int) -> list[Secret]:
    """Devices with a key each, made quicker than they enrol."""
    drafts = [generate_key(KeyKind.DEVICE) for _ in range(devices)]
    peppers = Peppers.of(Secret(PEPPER))
    async with platform.begin() as work:
        made = await work.connection.execute(
            "INSERT INTO devices (name, kind) SELECT 'registered-' || number, 'host' FROM generate_series(1, %s) AS number RETURNING uuid",
            (devices,),
        )
        uuids = [row[0] for row in await made.fetchall()]
        await work.connection.execute(
            "INSERT INTO api_keys (key_id, kind, device_uuid, secret_hash, pepper_version)"
            " SELECT key_id, 'device', device_uuid, secret_hash, 1 FROM unnest(%s::text[], %s::uuid[], %s::bytea[])"
            " AS drafts (key_id, device_uuid, secret_hash)",
            (
                [issued.key_id for _, issued in drafts],
                uuids,
                [peppers.digest(parsed) for parsed, _ in drafts],
            ),
        )
    return [issued.text for _, issued in drafts]


# ---------------------------------------------------------------- 2. many at once


async def enrolment_rate(platform: Platform, enrolments: int, at_once: int) -> float:
    left = iter(range(enrolments))

    async def worker() -> None:
        for _ in left:
            await enrol(platform)

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    return enrolments / (time.perf_counter() - began)


async def rotation_rate(platform: Platform) -> float:
    async with platform.begin() as work:
        rotation = await work.key_rotations.begin(fleet=None, reason="bench")
    began, batches = time.perf_counter(), 0
    more = True
    while more:
        async with platform.begin() as work:
            more = await work.key_rotations.advance(rotation)
        batches += 1
    seconds = time.perf_counter() - began
    async with platform.begin(read_only=True) as work:
        marked = (await work.key_rotations.get_rotation(rotation.id)).marked
    print(
        f"   a rotation: {marked / seconds:,.0f} keys a second, {1000 * seconds / batches:.0f} ms a batch of 100"
    )
    return marked / seconds


# ---------------------------------------------------------------- 3. a storm


async def call(
    app: FastAPI, method: str, path: str, *, key: Secret | None, body: bytes = b"", client: str
) -> int:
    answered: dict[str, Any] = {}
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if key is not None:
        headers.append((b"authorization", f"Bearer {key.reveal()}".encode()))

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answered.update(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": (client, 4711),
        "server": ("127.0.0.1", 80),
        "app": app,
        "state": {},
    }
    await app(scope, receive, send)
    return int(answered["status"])


async def at_pace(
    a_second: int, seconds: float, act: Callable[[int, float], Awaitable[None]], *, jitter: float = 0.0
) -> None:
    """Begins one after the other, whether those before are over or not; each is told the moment at which it should have begun.

    `jitter`: each begins by up to so much of its interval later, for two paces that must not keep step.
    """
    tasks, random = set[asyncio.Task[None]](), Random(1)
    began = time.perf_counter()  # a loop's own clock may count whole milliseconds
    for number in range(int(a_second * seconds)):
        due = began + (number + jitter * random.random()) / a_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.ensure_future(act(number, due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)


async def poll_times(app: FastAPI, devices: Sequence[tuple[UUID, Secret]], seconds: float) -> list[float]:
    """ms from the moment at which each should have begun: also what it waited to begin."""
    times: list[float] = []

    async def poll(number: int, due: float) -> None:
        uuid, key = devices[number % len(devices)]
        status = await call(app, "GET", f"/api/v1/devices/{uuid}/shadow", key=key, client="192.0.2.7")
        assert status == HTTPStatus.OK, status
        times.append(1000 * (time.perf_counter() - due))

    await at_pace(POLLS_A_SECOND, seconds, poll)
    return times


def p99(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=100)[98]


Naming = Callable[[int], str]


async def storm(app: FastAPI, seconds: float, name_of: Naming, answers: Counter[int]) -> None:
    async def guess(number: int, _: float) -> None:
        body = json.dumps({"username": name_of(number), "password": f"guess number {number}"}).encode()
        client = f"198.51.{number // 200 % 200}.{number % 200}"
        answers[await call(app, "POST", "/api/v1/auth/login", key=None, body=body, client=client)] += 1

    await at_pace(LOGINS_A_SECOND, seconds, guess, jitter=1.0)


async def storm_ratio(
    app: FastAPI, devices: Sequence[tuple[UUID, Secret]], seconds: float, what: str, name_of: Naming
) -> float:
    calm: list[float] = []
    stormy: list[float] = []
    answers = Counter[int]()
    for _ in range(STORM_ROUNDS):  # in turns: what else the machine does falls on both
        calm += await poll_times(app, devices, seconds / STORM_ROUNDS)
        _, times = await asyncio.gather(
            storm(app, seconds / STORM_ROUNDS, name_of, answers),
            poll_times(app, devices, seconds / STORM_ROUNDS),
        )
        stormy += times
    ratio = p99(stormy) / p99(calm)
    print(
        f"   {what:<18} calm {p99(calm):.1f} ms, storm {p99(stormy):.1f} ms, ratio {ratio:.2f} (aim: at most {AIM_RATIO});"
        f" {answers[401]} checked and refused, {answers[429]} had to wait, {answers[503]} refused unchecked"
    )
    return ratio


async def storms(platform: Platform, devices: Sequence[tuple[UUID, Secret]], seconds: float) -> None:
    app = create_platform_app(platform)
    async with platform.begin() as work:
        await work.security.ensure_administrator()
    await poll_times(app, devices, 2)  # warm
    print(f"3. p99 of {POLLS_A_SECOND} polls a second, beside {LOGINS_A_SECOND} logins a second:")
    await storm_ratio(app, devices, seconds, "one name", lambda _: "admin")
    await storm_ratio(app, devices, seconds, "another each time", lambda number: f"name-{number}")


def hold_back_the_log() -> None:
    """A service's log goes to a collector; a storm's thousand lines shall not stand between the figures."""
    logging.getLogger("iotistic").addHandler(logging.NullHandler())
    logging.getLogger("iotistic").propagate = False


async def main(checks: int, registered: int, enrolments: int, seconds: float) -> None:
    server = await start_test_server()
    try:
        databases = await Databases.prepare(server)
        with tempfile.TemporaryDirectory() as folder:
            async with (
                databases.platform() as database,
                opened(database, Path(folder), pool=1, with_ingest=False) as platform,
            ):
                await check_cost(platform, await register(platform, registered), checks)
            async with databases.platform() as database, opened(database, Path(folder), pool=16) as platform:
                print(f"2. Devices that enrol a second, {enrolments} each:")
                alone = await enrolment_rate(platform, enrolments, 1)
                crowd = await enrolment_rate(platform, enrolments, 16)
                print(f"   1 at once {alone:.0f}, 16 at once {crowd:.0f}, ratio {crowd / alone:.2f}")
                await rotation_rate(platform)
                devices = [await enrol(platform) for _ in range(50)]
                await storms(platform, devices, seconds)
    finally:
        await stop_test_server(server)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checks", type=int, default=2000)
    parser.add_argument("--devices", type=int, default=10_000)
    parser.add_argument("--enrolments", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    hold_back_the_log()
    uvloop.run(main(options.checks, options.devices, options.enrolments, options.seconds))
