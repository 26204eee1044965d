"""How much of PostgreSQL's own COPY speed the ingest path keeps: bodies of JSON to committed rows, against ready-made rows.

Every leg writes the same number of reports of 12 metrics into the same partitioned, keyed table, emptied before. A round runs
all legs one after the other; ratios are taken within a round, and their median over the rounds counts, because other work on
the machine moves absolute rates. CPU is that of all PostgreSQL processes and of this one, per report.

    python benchmarks/ingest.py [--rounds 5] [--reports 100000] [--port 0]
"""

import argparse
import asyncio
import json
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psutil
import uvloop

from iotistic.database.pool import Connection, connect
from iotistic.database.server import find_binaries, start
from iotistic.partitioning import Maintainer
from iotistic.telemetry import Ingest, IngestLimits
from iotistic.telemetry.copy_format import HEADER, TRAILER, MetricPacker
from iotistic.telemetry.stamps import stamp_of
from tests.support.databases import Databases, TestDatabase
from tests.support.server import throw_away, throw_away_folder

METRICS = [
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
    python: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """What every leg needs."""

    database: TestDatabase
    owner: Connection
    postmaster: psutil.Process
    reports: int

    async def direct(self) -> Connection:
        return await connect(
            self.database.endpoint("app"), self.database.name, application_name="bench", autocommit=True
        )

    def postgres_seconds(self) -> float:
        total = 0.0
        for process in [self.postmaster, *self.postmaster.children()]:
            times = process.cpu_times()
            total += times.user + times.system
        return total

    async def measure(self, act: Callable[[], Awaitable[int]]) -> Result:
        began, postgres, python = time.perf_counter(), self.postgres_seconds(), time.process_time()
        rows = await act()
        seconds = time.perf_counter() - began
        return Result(
            rate=rows / seconds,
            postgres=(self.postgres_seconds() - postgres) / rows * 1e6,
            python=(time.process_time() - python) / rows * 1e6,
        )

    async def empty(self) -> None:
        await self.owner.execute("TRUNCATE device_metrics, device_metric_latest")
        await self.owner.execute("CHECKPOINT")


def values() -> dict[str, float]:
    return {name: round(random.uniform(0, 100), 2) for name in METRICS}  # noqa: S311


def body(first: int, number: int) -> bytes:
    """Reports of `number` seconds from `first` on, as a device sends them."""
    reports = [
        {"timestamp": (START + timedelta(seconds=first + one)).isoformat(), "metrics": values()}
        for one in range(number)
    ]
    return json.dumps({"reports": reports}).encode()


Work = list[tuple[UUID, list[bytes]]]


def work(reports: int, callers: int, batch: int, *, repeats: int = 0, backwards: bool = False) -> Work:
    """For each caller a device of its own and its bodies in the order to send them."""
    each = max(1, reports // callers // batch)
    callers_work: Work = []
    for _ in range(callers):
        bodies = [body(number * batch, batch) for number in range(each)]
        if backwards:
            bodies.reverse()
        if repeats:
            bodies = [one for number, one in enumerate(bodies, 1) for one in [one] * (1 + (number % repeats == 0))]
        callers_work.append((uuid4(), bodies))
    return callers_work


async def through_ingest(bench: Bench, callers: Work) -> Result:
    """All callers at once, each waits for its receipt before it sends again."""
    await bench.empty()
    ingest = Ingest(bench.direct, limits=IngestLimits(future=timedelta(days=2)))
    await ingest.start()
    for device, _ in callers:  # the metric set is made, the devices are known, as in a process that has run for a while
        await ingest.submit_metrics(device, body(86_300 if len(callers[0][1]) else 0, 1) if backwards(callers) else body(-10, 1))

    async def send(device: UUID, bodies: Sequence[bytes]) -> int:
        rows = 0
        for one in bodies:
            receipt = await ingest.submit_metrics(device, one)
            rows += receipt.accepted + receipt.duplicate
        return rows

    async def act() -> int:
        return sum(await asyncio.gather(*(send(device, bodies) for device, bodies in callers)))

    result = await bench.measure(act)
    await ingest.stop()
    return result


def backwards(callers: Work) -> bool:
    first, last = callers[0][1][0], callers[0][1][-1]
    return first[:60] > last[:60]


async def raw(bench: Bench, per_commit: int) -> Result:
    """Ready-made rows by COPY on one connection: what PostgreSQL takes."""
    await bench.empty()
    cursor = await bench.owner.execute("SELECT coalesce(max(id), 1) FROM metric_sets")
    packer = MetricPacker((await cursor.fetchone() or (1,))[0], len(METRICS))
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
            async with connection.cursor() as cursor, cursor.copy(
                "COPY device_metrics (device_uuid, timestamp, metric_set_id, values) FROM STDIN (FORMAT BINARY)"
            ) as copy:
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
        bench, work(bench.reports, CALLERS // 4, BATCH, repeats=100 if bench.reports >= 200_000 else 16)
    ),
    "batches, all staged": lambda bench: through_ingest(
        bench, work(bench.reports, CALLERS, BATCH, backwards=True)
    ),
    "single reports": lambda bench: through_ingest(bench, work(bench.reports // 8, SINGLE_CALLERS, 1)),
}
CEILING = next(iter(LEGS))


async def run(rounds: int, reports: int) -> dict[str, list[Result]]:
    folder = throw_away_folder()
    server = await start(folder, binaries=find_binaries())
    try:
        databases = await Databases.prepare(server)
        async with databases.platform() as database:
            owner = await connect(database.superuser, database.name, application_name="bench", autocommit=True)
            await Maintainer(owner).run()
            bench = Bench(
                database=database, owner=owner, postmaster=psutil.Process(server.pid), reports=reports
            )
            found: dict[str, list[Result]] = {name: [] for name in LEGS}
            for number in range(rounds):
                for name, leg in LEGS.items():
                    found[name].append(await leg(bench))
                    print(f"round {number + 1}: {name}: {found[name][-1].rate:,.0f} reports/s", flush=True)
            await owner.close()
        return found
    finally:
        await throw_away(folder)


def show(found: dict[str, list[Result]]) -> None:
    print(f"\n{'':32} {'reports/s':>10} {'ratio':>6} {'(range)':>13} {'goal':>5}   CPU us/report: PG + Python")
    for name, results in found.items():
        ratios = [one.rate / top.rate for one, top in zip(results, found[CEILING], strict=True)]
        rate = statistics.median(one.rate for one in results)
        span = f"({min(ratios):.2f}-{max(ratios):.2f})"
        goal = f"{GOALS[name]:.2f}" if name in GOALS else ""
        postgres = statistics.median(one.postgres for one in results)
        python = statistics.median(one.python for one in results)
        print(f"{name:32} {rate:10,.0f} {statistics.median(ratios):6.2f} {span:>13} {goal:>5}   {postgres:.1f} + {python:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--reports", type=int, default=100_000)
    options = parser.parse_args()
    show(uvloop.run(run(options.rounds, options.reports)))


if __name__ == "__main__":
    main()
