"""How much of PostgreSQL's own COPY speed the ingest path keeps: bodies of JSON to committed rows, against ready-made rows.

Every leg writes the same number of reports of 12 metrics into the same partitioned, keyed table, emptied before. A round runs
all legs one after the other; ratios are taken within a round, and their median over the rounds counts, because other work on
the machine moves absolute rates. CPU is that of all PostgreSQL processes and of this one, per report.

    python benchmarks/ingest.py [--rounds 5] [--reports 100000]
"""

import argparse
import asyncio
import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psutil
import uvloop

from iotistic.config import Endpoint
from iotistic.data_folder import DataFolder
from iotistic.database.pool import Connection, connect
from iotistic.database.roles import APP, OWNER, ensure_database, ensure_roles, grant_defaults
from iotistic.database.server import RunningServer, start, stop
from iotistic.migrations import PLATFORM, apply
from iotistic.partitioning import Maintainer
from iotistic.telemetry import Ingest
from iotistic.telemetry.copy_format import HEADER, TRAILER, MetricPacker
from iotistic.telemetry.stamps import stamp_of
from iotistic.telemetry.streams import METRICS

DATABASE = "iotistic"
NAMES = [
    "cpu_temp", "cpu_usage", "disk_read_bytes_per_second", "disk_write_bytes_per_second", "load_1m", "memory_percent",
    "memory_usage", "network_received_bytes_per_second", "network_sent_bytes_per_second", "process_count",
    "storage_percent", "uptime_seconds",
]  # fmt: skip
BATCH = 84
CALLERS = 64
SINGLE_CALLERS = 256
START = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
GOALS = {"batches": 0.75, "batches, 1 % repeats": 0.75, "batches, all staged": 0.45, "single reports": 0.08}


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    rate: float
    postgres: float
    """CPU microseconds per report."""
    python: float
    others: float
    """Cores that everything else on the machine took meanwhile: above a few tenths the rates say little."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """What every leg needs."""

    app: Endpoint
    owner: Connection
    postmaster: psutil.Process
    reports: int

    async def direct(self) -> Connection:
        return await connect(self.app, DATABASE, application_name="bench", autocommit=True)

    def postgres_seconds(self) -> float:
        total = 0.0
        for process in [self.postmaster, *self.postmaster.children()]:
            times = process.cpu_times()
            total += times.user + times.system
        return total

    async def measure(self, act: Callable[[], Awaitable[int]]) -> Result:
        began, postgres, python, busy = (
            time.perf_counter(),
            self.postgres_seconds(),
            time.process_time(),
            busy_seconds(),
        )
        rows = await act()
        seconds = time.perf_counter() - began
        postgres, python = self.postgres_seconds() - postgres, time.process_time() - python
        return Result(
            rate=rows / seconds,
            postgres=postgres / rows * 1e6,
            python=python / rows * 1e6,
            others=max(0.0, busy_seconds() - busy - postgres - python) / seconds,
        )

    async def empty(self) -> None:
        await self.owner.execute("TRUNCATE device_metrics, device_metric_latest")
        await self.owner.execute("CHECKPOINT")


def busy_seconds() -> float:
    """CPU time of the whole machine."""
    times = psutil.cpu_times()
    return float(
        times.user + times.system + times.nice + getattr(times, "irq", 0) + getattr(times, "softirq", 0)
    )


def values() -> dict[str, float]:
    return {name: round(random.uniform(0, 100), 2) for name in NAMES}  # noqa: S311


def body(first: int, number: int) -> bytes:
    """Reports of `number` seconds from `first` on, as a device sends them."""
    reports = [
        {"timestamp": (START + timedelta(seconds=first + one)).isoformat(), "metrics": values()}
        for one in range(number)
    ]
    return json.dumps({"reports": reports}).encode()


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """One device."""

    device: UUID
    first: bytes
    """Sent before the clock starts: the metric set is made and the device is known, as when a process has run for a while."""
    bodies: list[bytes]
    """In the order to send them."""


def work(
    reports: int, callers: int, batch: int, *, repeats: float = 0.0, backwards: bool = False
) -> list[Caller]:
    """Bodies of so many reports in all. `repeats` of them are sent twice; `backwards` makes each older than the one before."""
    made: list[Caller] = []
    each = max(1, reports // callers // batch)
    for _ in range(callers):
        bodies = [body(number * batch, batch) for number in range(each)]
        if backwards:
            bodies.reverse()
        if repeats:
            bodies = [one for one in bodies for _ in range(1 + (random.random() < repeats))]  # noqa: S311
        first = body(each * batch, 1) if backwards else body(-1, 1)
        made.append(Caller(device=uuid4(), first=first, bodies=bodies))
    return made


async def through_ingest(bench: Bench, callers: list[Caller]) -> Result:
    """All callers at once, each waits for its receipt before it sends again."""
    await bench.empty()
    ingest = Ingest(bench.direct)
    await ingest.start()
    for caller in callers:
        await ingest.submit_metrics(caller.device, caller.first)

    async def send(caller: Caller) -> int:
        rows = 0
        for one in caller.bodies:
            receipt = await ingest.submit_metrics(caller.device, one)
            rows += receipt.accepted + receipt.duplicate
        return rows

    async def act() -> int:
        return sum(await asyncio.gather(*map(send, callers)))

    result = await bench.measure(act)
    await ingest.stop()
    return result


async def raw(bench: Bench, per_commit: int) -> Result:
    """Ready-made rows by COPY on one connection: what PostgreSQL takes."""
    await bench.empty()
    cursor = await bench.owner.execute("SELECT coalesce(max(id), 1) FROM metric_sets")
    packer = MetricPacker((await cursor.fetchone() or (1,))[0], len(NAMES))
    start_stamp = stamp_of(START)
    device = [uuid4().bytes for _ in range(CALLERS)]
    chunks: list[bytes] = []
    for first in range(0, bench.reports, per_commit):
        rows = [
            packer.pack(device[one % CALLERS], start_stamp + one // CALLERS * 1_000_000, *values().values())
            for one in range(first, min(bench.reports, first + per_commit))
        ]
        chunks.append(HEADER + packer.block(rows) + TRAILER)
    connection = await bench.direct()

    async def act() -> int:
        for chunk in chunks:
            async with connection.cursor() as cursor, cursor.copy(METRICS.copy) as copy:
                await copy.write(chunk)
        return bench.reports

    result = await bench.measure(act)
    await connection.close()
    return result


LEGS: dict[str, Callable[[Bench], Awaitable[Result]]] = {
    "raw COPY, 10,000 rows a commit": lambda bench: raw(bench, 10_000),
    "raw COPY, 834 rows a commit": lambda bench: raw(bench, 834),
    "batches": lambda bench: through_ingest(bench, work(bench.reports, CALLERS, BATCH)),
    "batches, 1 % repeats": lambda bench: through_ingest(
        bench, work(bench.reports, CALLERS, BATCH, repeats=0.01)
    ),
    "batches, all staged": lambda bench: through_ingest(
        bench, work(bench.reports, CALLERS, BATCH, backwards=True)
    ),
    "single reports": lambda bench: through_ingest(bench, work(bench.reports // 8, SINGLE_CALLERS, 1)),
}
CEILING = next(iter(LEGS))


@asynccontextmanager
async def platform() -> AsyncGenerator[tuple[RunningServer, Endpoint]]:
    """A server with the settings a user gets, durable, with the platform's schema and partitions; gone afterwards."""
    place = Path(tempfile.mkdtemp(prefix="iotistic-bench-", dir="/tmp"))
    place.chmod(0o711)  # noqa: ASYNC240 - before anything runs; when root runs this, the server's account has to pass through
    folder = DataFolder(place)
    server = await start(folder)
    try:
        async with administrator(server, "postgres") as connection:
            await ensure_roles(connection, lambda role: folder.secret(role.name))
            await ensure_database(connection, DATABASE)
        async with administrator(server, DATABASE) as connection:
            await grant_defaults(connection)
        owner = replace(server.endpoint, user=OWNER.name, password=folder.secret(OWNER.name))
        await apply(owner, DATABASE, PLATFORM)
        async with administrator(server, DATABASE) as connection:
            await connection.execute("SET ROLE iotistic_owner")
            await Maintainer(connection).run()
        yield server, replace(server.endpoint, user=APP.name, password=folder.secret(APP.name))
    finally:
        await stop(folder, mode="immediate")
        shutil.rmtree(place, ignore_errors=True)


@asynccontextmanager
async def administrator(server: RunningServer, database: str) -> AsyncGenerator[Connection]:
    connection = await connect(server.endpoint, database, application_name="bench", autocommit=True)
    try:
        yield connection
    finally:
        await connection.close()


async def run(rounds: int, reports: int) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {name: [] for name in LEGS}
    async with platform() as (server, app), administrator(server, DATABASE) as owner:
        bench = Bench(app=app, owner=owner, postmaster=psutil.Process(server.pid), reports=reports)
        for number in range(rounds):
            for name, leg in LEGS.items():
                found[name].append(await leg(bench))
                print(
                    f"round {number + 1}: {name}: {found[name][-1].rate:,.0f} reports/s, others {found[name][-1].others:.1f} cores",
                    flush=True,
                )
    return found


def show(found: dict[str, list[Result]]) -> None:
    head = f"{'':32} {'reports/s':>10} {'ratio':>6} {'(range)':>13} {'goal':>5}"
    print(f"\n{head}   CPU us/report: PG + Python   others, cores")
    for name, results in found.items():
        ratios = [one.rate / top.rate for one, top in zip(results, found[CEILING], strict=True)]
        rate = statistics.median(one.rate for one in results)
        span = f"({min(ratios):.2f}-{max(ratios):.2f})"
        goal = f"{GOALS[name]:.2f}" if name in GOALS else ""
        postgres = statistics.median(one.postgres for one in results)
        python = statistics.median(one.python for one in results)
        ratio = statistics.median(ratios)
        cpu = f"{postgres:.1f} + {python:.1f}"
        others = statistics.median(one.others for one in results)
        print(f"{name:32} {rate:10,.0f} {ratio:6.2f} {span:>13} {goal:>5}   {cpu:27} {others:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--reports", type=int, default=100_000)
    options = parser.parse_args()
    show(uvloop.run(run(options.rounds, options.reports)))


if __name__ == "__main__":
    main()
