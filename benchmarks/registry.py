"""The registry at 100,000 devices: pages by tags and other filters, and 10,000 devices imported through the API.

    python benchmarks/registry.py [--devices 100000]

Each page is timed against the floor in the same run: the same page of 100 by the bare name index on the same connection. The
names are sorted by site, which is the worst case of a filter by site: the last site's devices are the last by name. CPU is what this
process and its session at the server spent; it says the same however busy the machine is.
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from iotistic.bootstrap.platform import Platform, open_platform
from iotistic.config import DatabaseNames, PoolSettings, Settings
from iotistic.database.pool import connect
from iotistic.devices import DeviceFilter
from iotistic.devices.search import DeviceSearch
from iotistic.devices.tag_expression import parse_tag_expression
from iotistic.http import create_platform_app
from iotistic.secret import Secret
from tests.support.databases import Databases, TestDatabase
from tests.support.server import start_test_server, stop_test_server

IMPORTED = 10_000
REPEATS = 60
EXPRESSIONS = (
    "site=s0",
    "site=s9",
    "site=s9 and hardware!=rpi3",
    "site in (s8, s9) and not has spare",
    "rack=r77",
    "rack=r77 or rack=r78",
    "hardware!=rpi3",
    "has spare",
    "site=nowhere",
    "not has site",
    "not (has site and has hardware)",
    "site!=s0 and site!=s1 and site!=s2 and site!=s3",
    "hardware=rpi0 and not rack in (" + ", ".join(f"r{n}" for n in range(0, 1000, 10)) + ")",
    "site=s0 and site=s9",
)
# Tags, and what else is asked for. Those that find nobody are the worst: their halves are each 10,000 devices that are no others.
COMBINED: tuple[tuple[str | None, dict[str, str]], ...] = (
    ("site=s9", {"status": "offline"}),
    ("site=s9", {"name": "s0-"}),
    ("site=s9", {"fleet": "f3", "status": "online", "name": "9"}),
    ("hardware!=rpi3", {"name": "99", "kind": "gateway"}),
    (None, {"kind": "gateway"}),
    (None, {"status": "never"}),
    (None, {"fleet": "f3"}),
    (None, {"name": "-0999"}),
    (None, {"name": "nowhere"}),
)


async def fill(database: TestDatabase, devices: int) -> None:
    connection = await connect(
        database.endpoint("owner"), database.name, application_name="bench", autocommit=True
    )
    await connection.execute("INSERT INTO fleets (name) SELECT 'f' || n FROM generate_series(0, 9) AS n")
    await connection.execute(
        "INSERT INTO devices (name, kind, serial, fleet_id, connection_status)"
        " SELECT one.name, CASE WHEN one.name LIKE '%%77' THEN 'gateway' ELSE 'sensor' END, 'b' || one.n, fleets.id,"
        " CASE WHEN one.name LIKE 's0-%%' THEN 'offline' WHEN one.name LIKE '%%50' THEN 'never' ELSE 'online' END"
        " FROM (SELECT n, 's' || n * 10 / (%s + 1) || '-' || lpad(n::text, 6, '0') AS name FROM generate_series(1, %s) AS n) AS one"
        " JOIN fleets ON fleets.name = 'f' || right(one.name, 1)",
        (devices, devices),
    )
    await connection.execute(
        "INSERT INTO device_tags (device_uuid, key, value) SELECT uuid, tag.key, tag.value FROM devices CROSS JOIN LATERAL ("
        " VALUES ('site', split_part(name, '-', 1)), ('hardware', 'rpi' || right(name, 1)::int / 2),"
        " ('rack', 'r' || right(name, 3)::int), ('spare', CASE WHEN right(name, 3) = '500' THEN 'yes' END)) AS tag (key, value)"
        " WHERE tag.value IS NOT NULL"
    )
    started = time.perf_counter()
    await DeviceSearch(connection).pack()
    print(f"taken into the pages of the search in {time.perf_counter() - started:.1f} s")
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Milliseconds of one act, sorted, and what each cost in CPU, here and at the server."""

    walls: list[float]
    here: float
    server: float

    def told(self, what: str, floor: "Timing") -> str:
        middle, late = statistics.median(self.walls), self.walls[int(len(self.walls) * 0.95)]
        ratio = middle / statistics.median(floor.walls)
        cpu = f"CPU {self.server:5.1f} ms in the database, {self.here:5.1f} ms here"
        return f"  {what[:50]:<52}{middle:6.1f} ms   p95 {late:6.1f} ms   {cpu}   {ratio:5.1f} x the floor"


async def timed(act: Callable[[], Awaitable[object]], session: Path) -> Timing:
    await act()
    before, walls = cpu_of(session), list[float]()
    for _ in range(REPEATS):
        started = time.perf_counter()
        await act()
        walls.append((time.perf_counter() - started) * 1000)
    here, server = ((now - then) / REPEATS for now, then in zip(cpu_of(session), before, strict=True))
    return Timing(walls=sorted(walls), here=here, server=server)


def cpu_of(session: Path) -> tuple[float, float]:
    """Milliseconds that this process and a session of the server have spent."""
    own, fields = resource.getrusage(resource.RUSAGE_SELF), session.read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return 1000 * (own.ru_utime + own.ru_stime), 1000 * ticks / os.sysconf("SC_CLK_TCK")


async def pages(platform: Platform) -> None:
    async def page(text: str | None, **others: Any) -> object:  # noqa: ANN401 - whatever filters have
        which = DeviceFilter(where=None if text is None else parse_tag_expression(text), **others)
        async with platform.begin(read_only=True) as work:
            return await work.devices.list_devices(which, limit=100)

    async def bare() -> object:
        async with platform.begin(read_only=True) as work:
            cursor = await work.connection.execute(
                "SELECT uuid, name, kind, serial FROM devices WHERE retired_at IS NULL ORDER BY name LIMIT 100"
            )
            return await cursor.fetchall()

    async with platform.begin(read_only=True) as work:
        session = Path(f"/proc/{work.connection.info.backend_pid}/stat")
    floor = await timed(bare, session)
    print(floor.told("floor: the bare name index", floor))
    print((await timed(lambda: page(None), session)).told("no filter", floor))
    for text in EXPRESSIONS:
        print((await timed(lambda text=text: page(text), session)).told(text, floor))
    for text, others in COMBINED:
        what = " ".join([text or "", *(f"{name}:{value}" for name, value in others.items())]).strip()
        timing = await timed(lambda text=text, others=others: page(text, **others), session)
        print(timing.told(what, floor))


async def imports(platform: Platform) -> None:
    async with platform.begin() as work:
        session = Path(f"/proc/{work.connection.info.backend_pid}/stat")
        user = await work.security.create_user("bench", Secret("a password of 26 characters"), "operator")
        key = (await work.security.issue_user_key(user.id, lasts=timedelta(hours=1), reason="bench")).text
    lines = "".join(
        json.dumps(
            {
                "name": f"new-{n}",
                "kind": "sensor",
                "serial": f"n{n}",
                "tags": {"site": f"s{n % 10}", "rack": f"r{n % 99}"},
            }
        )
        + "\n"
        for n in range(IMPORTED)
    )
    transport = httpx.ASGITransport(create_platform_app(platform))
    headers = {"Authorization": f"Bearer {key.reveal()}", "Content-Type": "application/x-ndjson"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://bench", headers=headers, timeout=120
    ) as client:
        for what in ("new", "the same again"):
            before, started = cpu_of(session), time.perf_counter()
            answer = await client.post("/api/v1/devices/import", content=lines)
            took = time.perf_counter() - started
            here, server = ((now - then) / 1000 for now, then in zip(cpu_of(session), before, strict=True))
            report = answer.json()
            print(
                f"  {IMPORTED} devices, {what}: {took:.2f} s, {20 / took:.1f} x as fast as asked; CPU {server:.2f} s in the database,"
                f" {here:.2f} s here ({report['created']} created, {report['unchanged']} unchanged)"
            )
        started = time.perf_counter()
        answer = await client.get("/api/v1/devices/export", params={"format": "csv"})
        took = time.perf_counter() - started
        count = answer.text.count("\n") - 1
        print(f"  export of {count} devices: {took:.2f} s, {count / took:,.0f} a second")


async def main(devices: int) -> None:
    server = await start_test_server()
    folder = tempfile.mkdtemp(prefix="bench-registry-")
    try:
        databases = await Databases.prepare(server)
        async with databases.platform() as database:
            started = time.perf_counter()
            await fill(database, devices)
            print(f"{devices} devices with three tags each, made in {time.perf_counter() - started:.1f} s")
            settings = Settings(
                data_dir=Path(folder),
                database=database.endpoint("app"),
                names=DatabaseNames(platform=database.name),
                pepper=Secret("bench"),
                pool=PoolSettings(min_size=1, max_size=1),  # one session, whose CPU is counted
            )
            platform = await open_platform(settings, application_name="bench")
            try:
                await pages(platform)
                await imports(platform)
            finally:
                await platform.close()
    finally:
        await stop_test_server(server)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=100_000)
    asyncio.run(main(parser.parse_args().devices))
