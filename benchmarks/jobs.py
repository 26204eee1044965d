"""How fast devices claim and report jobs, against the least that any queue in PostgreSQL does.

    python benchmarks/jobs.py [--devices 2000] [--at-once 16]

The floor is a bare queue in one table: UPDATE ... FOR UPDATE SKIP LOCKED of one row by its device, one index, no rules. Both take
turns in the same run, on the same connections, each claim a transaction of its own; the ratio is what is worth comparing. Looks
that find nothing are measured too: an idle fleet does nothing else.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from iotistic.config import PoolSettings, SessionLimits
from iotistic.database import unit_of_work
from iotistic.database.pool import Connection, Pool, connect, open_pool
from iotistic.devices import DeviceService
from iotistic.jobs import (
    AttemptReport,
    JobDesk,
    JobDraft,
    JobService,
    JobTarget,
    RolloutPolicy,
    parse_document,
)
from iotistic.workflows import start_job
from tests.support.databases import Databases, TestDatabase
from tests.support.server import start_test_server, stop_test_server

ROUNDS = 3
FLOOR = """
UPDATE bare_queue SET status = 'taken', taken_at = now()
WHERE id = (
  SELECT id FROM bare_queue WHERE device_uuid = %s AND status = 'free' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, document
"""
DOCUMENT = {"steps": [{"action": "echo", "arguments": {"text": "hello"}}], "timeout_seconds": 3600}

Act = Callable[[Connection, UUID], Awaitable[object]]


async def fill(owner: Connection, pool: Pool, devices: int) -> list[UUID]:
    await owner.execute(
        "CREATE TABLE IF NOT EXISTS bare_queue (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, device_uuid uuid NOT NULL,"
        " status text NOT NULL DEFAULT 'free', taken_at timestamptz, document jsonb NOT NULL)"
    )
    await owner.execute("CREATE INDEX ON bare_queue (device_uuid) WHERE status = 'free'")
    await owner.execute("GRANT SELECT, UPDATE ON bare_queue TO iotistic_app")
    await owner.execute(
        "INSERT INTO devices (name, kind) SELECT 'd' || n, 'sensor' FROM generate_series(1, %s) AS n",
        (devices,),
    )
    async with unit_of_work.begin(pool) as work:
        cursor = await work.connection.execute("SELECT uuid FROM devices")
        return [row[0] for row in await cursor.fetchall()]


async def offer(owner: Connection, pool: Pool) -> None:
    """A row for each device in the bare queue, and a job for all of them."""
    await owner.execute("TRUNCATE bare_queue")
    await owner.execute(
        "INSERT INTO bare_queue (device_uuid, document)"
        """ SELECT uuid, '{"steps": [{"action": "echo", "arguments": {"text": "hello"}}]}' FROM devices"""
    )
    async with unit_of_work.begin(pool) as work:
        await start_job(
            DeviceService(work.connection),
            JobService(work.connection),
            JobDraft(
                name="bench",
                document=parse_document(DOCUMENT),
                target=JobTarget(where="not has nothing"),
                rollout=RolloutPolicy(claim_within=timedelta(days=1)),
                created_by="bench",
            ),
            now=datetime.now(UTC),
        )
    await owner.execute("ANALYZE")


async def rate(pool: Pool, devices: list[UUID], at_once: int, act: Act) -> float:
    """Devices a second, `at_once` of them at any time."""
    waiting = iter(devices)

    async def worker() -> None:
        for device in waiting:
            async with pool.connection() as connection:
                await act(connection, device)

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    return len(devices) / (time.perf_counter() - started)


async def bare(connection: Connection, device: UUID) -> None:
    cursor = await connection.execute(FLOOR, (device,))
    if await cursor.fetchone() is None:
        raise AssertionError("the bare queue is empty")


async def claim(connection: Connection, device: UUID) -> None:
    found = await JobDesk(connection).claim(device)
    if found is None or not found.is_new:
        raise AssertionError("no job was claimed")


async def report(connection: Connection, device: UUID) -> None:
    desk = JobDesk(connection)
    found = await desk.claim(device)
    if found is None:
        raise AssertionError("nothing is under way")
    await desk.report(found.job_id, device, AttemptReport(attempt=1, outcome="succeeded", output="hello"))


async def idle(connection: Connection, device: UUID) -> None:
    if await JobDesk(connection).claim(device) is not None:
        raise AssertionError("there was a job left")


async def measure(database: TestDatabase, devices: int, at_once: int) -> None:
    owner = await connect(
        database.endpoint("owner"), database.name, application_name="bench", autocommit=True
    )
    pool = await open_pool(
        database.endpoint("app"),
        database.name,
        settings=PoolSettings(min_size=at_once, max_size=at_once, timeout=timedelta(minutes=1)),
        limits=SessionLimits(),
        application_name="bench",
    )
    try:
        uuids = await fill(owner, pool, devices)
        kinds: dict[str, tuple[Act, list[float]]] = {
            "floor: bare UPDATE ... SKIP LOCKED": (bare, []),
            "claim a job": (claim, []),
            "look again and report": (report, []),
            "look, and there is nothing": (idle, []),
        }
        for _ in range(ROUNDS):
            await offer(owner, pool)
            for act, rates in kinds.values():
                rates.append(await rate(pool, uuids, at_once, act))
        floor = statistics.median(kinds["floor: bare UPDATE ... SKIP LOCKED"][1])
        print(f"{devices} devices, {at_once} at once, {ROUNDS} rounds in turns (median):")
        for name, (_, rates) in kinds.items():
            middle = statistics.median(rates)
            print(f"  {name:<36}{middle:8,.0f} a second   {middle / floor:5.2f} of the floor")
    finally:
        await pool.close()
        await owner.close()


async def main(devices: int, at_once: int) -> None:
    server = await start_test_server()
    try:
        databases = await Databases.prepare(server)
        async with databases.platform() as database:
            await measure(database, devices, at_once)
    finally:
        await stop_test_server(server)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--devices", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=16)
    options = parser.parse_args()
    asyncio.run(main(options.devices, options.at_once))
