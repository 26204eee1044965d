"""What inserts notice of partition work, what 400 leaves cost a query, and whether a point gets dearer as the table grows.

1. Beside load: one writer commits small batches without pause, while leaves are made, retired and sealed, a reader keeps a
   transaction open, and pg_dump runs. The worst insert of each leg counts; the last leg does the same work in the forms that tools
   often use (CREATE TABLE ... PARTITION OF, DROP), behind the same reader. What an insert waits for a lock is told apart from what it
   waits for a processor or the disk: PostgreSQL itself reports each wait of 10 ms or more.
2. CPU of the backend for planning a query of one device and one day, with few leaves and with 400; the round trip is not in it.
3. CPU of the backend per point while the table grows: the last million points against the first, and against a million that go into
   an empty day in turns with them, which tells the table's growth from the machine's moods (--points 50000000 for the goal).
"""

import argparse
import asyncio
import random
import re
import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import uvloop
from ingest_bench.place import DATABASE, Place, place

from iotistic.database.pool import Connection
from iotistic.database.server import find_binaries
from iotistic.partitioning import Maintainer, Sealer

GOAL_INSERT = timedelta(milliseconds=250)
GOAL_PLANNING_MS = 0.3
GOAL_GROWTH = 1.2
METRICS = 12
ROW = "COPY device_metrics (device_uuid, timestamp, series_id, metric_set_id, values) FROM STDIN (FORMAT BINARY)"
ONE_DEVICE = (
    "EXPLAIN SELECT timestamp, values FROM device_metrics"
    " WHERE series_id = {series} AND timestamp >= '{since}' AND timestamp < '{until}'"
)


@dataclass
class Writer:
    """Commits batches of 100 reports of now, one after the other, and remembers how long each took."""

    connection: Connection
    seconds: list[float] = field(default_factory=list)
    lock_waits: list[float] = field(default_factory=list)
    """Milliseconds."""
    stopping: bool = False

    def _heard(self, said: psycopg.errors.Diagnostic) -> None:
        waited = re.search(r"acquired .* after ([0-9.]+) ms", said.message_primary or "")
        if waited:
            self.lock_waits.append(float(waited[1]))

    async def run(self) -> None:
        await self.connection.execute(
            "SET deadlock_timeout = '10ms'; SET log_lock_waits = on; SET client_min_messages = log"
        )
        self.connection.add_notice_handler(self._heard)
        devices = [UUID(int=random.getrandbits(128)) for _ in range(100)]
        while not self.stopping:
            started = time.perf_counter()
            await copy(self.connection, [(device, datetime.now(UTC)) for device in devices])
            self.seconds.append(time.perf_counter() - started)


async def copy(connection: Connection, rows: list[tuple[UUID, datetime]]) -> None:
    values = [float(number) for number in range(METRICS)]
    async with connection.cursor() as cursor, cursor.copy(ROW) as out:
        out.set_types(["uuid", "timestamptz", "int4", "int4", "float8[]"])
        for series, (device, moment) in enumerate(rows, 1):
            await out.write_row((device, moment, series, 1, values))


@asynccontextmanager
async def reader(at: Place, seconds: float) -> AsyncGenerator[None]:
    """A report that keeps its transaction open for so long."""

    async def read() -> None:
        async with await at.direct() as connection, connection.transaction():
            await connection.execute("SELECT count(*) FROM device_metrics")
            await asyncio.sleep(seconds)

    task = asyncio.create_task(read())
    await asyncio.sleep(0.2)
    try:
        yield
    finally:
        await task


async def dump(at: Place) -> None:
    host, port = at.server.endpoint.hosts[0]
    program = find_binaries().bin_dir / "pg_dump"
    password = at.server.endpoint.password
    process = await asyncio.create_subprocess_exec(
        program, "-h", host, "-p", str(port), "-U", at.server.endpoint.user, "-Fc", "--no-sync", "-f", "/dev/null", DATABASE,
        env={"PGPASSWORD": password.reveal() if password else ""},
    )  # fmt: skip
    await process.wait()


async def work(owner: Connection, until: float) -> int:
    """Nights pass, a day every quarter of a second: leaves are made ahead, retired, sealed. All before today, whose leaf is written."""
    steps = 0
    night = datetime.now(UTC) - timedelta(days=200)
    while time.monotonic() < until:
        clock = lambda night=night: night  # noqa: E731 - a moment that stands still
        maintainer = Maintainer(owner, clock=clock, detach_timeout=timedelta(seconds=1), attempts=2)
        steps += len((await maintainer.run()).done)
        with suppress(Exception):
            steps += len(await Sealer(owner, clock=clock).run())
        night += timedelta(days=1)
        await asyncio.sleep(0.25)
    return steps


async def naively(owner: Connection, until: float) -> int:
    """The same in the forms that wait for the parent's lock; two seconds at most, so that this ends."""
    steps = 0
    day = datetime.now(UTC) + timedelta(days=300)
    await owner.execute("SET lock_timeout = '2s'")
    while time.monotonic() < until:
        lower, upper = (f"{one:%Y-%m-%d} 00:00+00" for one in (day, day + timedelta(days=1)))
        for statement in (
            f"CREATE TABLE naive PARTITION OF device_metrics FOR VALUES FROM ('{lower}') TO ('{upper}')",
            "DROP TABLE IF EXISTS naive",
        ):
            with suppress(psycopg.errors.LockNotAvailable, psycopg.errors.DuplicateTable):
                await owner.execute(statement.encode())
                steps += 1
        await asyncio.sleep(0.25)
    await owner.execute("RESET lock_timeout")
    return steps


async def beside(
    at: Place,
    seconds: float,
    act: Callable[[Connection, float], Awaitable[int]] | None,
    *,
    disturbed: bool,
) -> tuple[Writer, int]:
    async with await at.direct() as connection, await at.direct() as owner:
        await owner.execute("SET ROLE iotistic_owner")
        await owner.execute("UPDATE partition_policies SET keep_days = 3, back = 2, premake = 5")
        await Maintainer(owner).run()
        writer = Writer(connection)
        writing = asyncio.create_task(writer.run())
        done = 0
        try:
            until = time.monotonic() + seconds
            async with reader(at, seconds if disturbed else 0):
                dumping = asyncio.create_task(dump(at)) if disturbed else None
                if act is not None:
                    done = await act(owner, until)
                await asyncio.sleep(max(0.0, until - time.monotonic()))
                if dumping is not None:
                    await dumping
        finally:
            writer.stopping = True
            await writing
    return writer, done


async def load(at: Place, seconds: float) -> None:
    legs: list[tuple[str, Callable[[Connection, float], Awaitable[int]] | None, bool]] = [
        ("nothing beside", None, False),
        ("partition work", work, False),
        ("partition work, reader, dump", work, True),
        ("naive forms, reader, dump", naively, True),
    ]
    print(
        f"{'':32} {'inserts':>8} {'steps':>6} {'median ms':>10} {'p99 ms':>8} {'worst ms':>9} {'lock ms':>8}   goal"
    )
    for name, act, disturbed in legs:
        writer, steps = await beside(at, seconds, act, disturbed=disturbed)
        times, lock = writer.seconds, max(writer.lock_waits, default=0.0)
        worst, ranked = max(times), sorted(times)
        goal = "" if act is naively else f"< {GOAL_INSERT.total_seconds() * 1000:.0f}"
        print(
            f"{name:32} {len(times):8,} {steps:6} {statistics.median(times) * 1000:10.1f}"
            f" {ranked[int(len(ranked) * 0.99)] * 1000:8.1f} {worst * 1000:9.1f} {lock:8.1f}   {goal}",
            flush=True,
        )


async def planning(at: Place, repeats: int) -> None:
    async with await at.direct() as owner:
        await owner.execute("SET ROLE iotistic_owner")
        found: list[tuple[int, float]] = []
        for leaves in (15, 400):
            await owner.execute("UPDATE partition_policies SET keep_days = 400, premake = 60, back = 0")
            now = datetime.now(UTC)
            for days in range(340 if leaves > 100 else 0, -1, -60):
                moment = now - timedelta(days=days)
                await Maintainer(owner, clock=lambda moment=moment: moment).run()
            found.append(await plan_cost(owner, repeats))
    print("\nplanning a query of one device and one day, CPU of the backend")
    for count, milliseconds in found:
        print(f"{count:5} leaves {milliseconds:8.3f} ms   goal < {GOAL_PLANNING_MS}")


async def plan_cost(owner: Connection, repeats: int) -> tuple[int, float]:
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    statement = ONE_DEVICE.format(series=7, since=day, until=day + timedelta(days=1)).encode()
    for _ in range(20):  # the first plan of a session reads the catalog of every leaf
        await owner.execute(statement)
    trip = await median_cost(owner, b"EXPLAIN SELECT 1", repeats)
    spent = await median_cost(owner, statement, repeats) - trip
    cursor = await owner.execute("SELECT count(*) FROM partition_leaves WHERE parent = 'device_metrics'")
    row = await cursor.fetchone()
    return (int(row[0]) if row else 0), spent * 1000


async def median_cost(owner: Connection, statement: bytes, repeats: int) -> float:
    """Seconds of the backend's CPU; the median, since a busy machine makes some runs dearer by far."""
    spent: list[float] = []
    for _ in range(repeats):
        before = cpu(owner)
        await owner.execute(statement)
        spent.append(cpu(owner) - before)
    return statistics.median(spent)


def cpu(owner: Connection) -> float:
    """Seconds of its backend. schedstat counts nanoseconds; utime and stime only hundredths of a second."""
    return int(Path(f"/proc/{owner.info.backend_pid}/schedstat").read_text().split()[0]) / 1e9


async def growth(at: Place, points: int) -> None:
    """Days fill one after the other, as in life; a million points are 83,000 reports.

    The last million is written in turns with one into an empty day, whose cost is what a point costs on the machine as it is then.
    """
    devices = [UUID(int=random.getrandbits(128)) for _ in range(1000)]
    share = min(1_000_000, points // 4)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = today - timedelta(days=20)
    async with await at.direct() as owner:
        await owner.execute("SET ROLE iotistic_owner")
        await owner.execute("TRUNCATE device_metrics")
        await owner.execute("UPDATE partition_policies SET keep_days = 400, premake = 30, back = 0")
        await Maintainer(owner, clock=lambda: start).run()
        first = [await cost(owner, batch) for batch in batches(devices, start, share)]
        later = start + timedelta(minutes=len(first))
        between = [await cost(owner, batch) for batch in batches(devices, later, points - 2 * share)]
        later += timedelta(minutes=len(between))
        last: list[float] = []
        empty: list[float] = []
        for old, new in zip(batches(devices, later, share), batches(devices, today, share), strict=True):
            last.append(await cost(owner, old))
            empty.append(await cost(owner, new))
    print(f"\ncost per point while {points:,} points come, CPU of the backend, us (median batch)")
    print(
        f"first {share:,}                       {statistics.fmean(first):.3f} ({statistics.median(first):.3f})"
    )
    print(
        f"last {share:,}                        {statistics.fmean(last):.3f} ({statistics.median(last):.3f})"
    )
    print(
        f"into an empty day, in turns with the last {statistics.fmean(empty):.3f} ({statistics.median(empty):.3f})"
    )
    print(
        f"last by first {statistics.fmean(last) / statistics.fmean(first):.2f}, by the empty day {statistics.fmean(last) / statistics.fmean(empty):.2f}   goal < {GOAL_GROWTH}"
    )


def batches(devices: list[UUID], start: datetime, points: int) -> Iterator[list[tuple[UUID, datetime]]]:
    """A report of each device, minute by minute, until there are so many points."""
    for minute in range(points // (len(devices) * METRICS)):
        yield [(device, start + timedelta(minutes=minute)) for device in devices]


async def cost(owner: Connection, batch: list[tuple[UUID, datetime]]) -> float:
    """Microseconds of the backend's CPU for a point."""
    before = cpu(owner)
    await copy(owner, batch)
    return (cpu(owner) - before) / (len(batch) * METRICS) * 1e6


async def run(options: argparse.Namespace) -> None:
    async with place() as at:
        if "load" in options.parts:
            await load(at, options.seconds)
        if "planning" in options.parts:
            await planning(at, options.repeats)
        if "growth" in options.parts:
            await growth(at, options.points)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "parts",
        nargs="*",
        default=["load", "planning", "growth"],
        help="load, planning, growth; all by default",
    )
    parser.add_argument("--seconds", type=float, default=8, help="per leg beside load; the goal says 60")
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--points", type=int, default=4_000_000)
    uvloop.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
