"""How much of PostgreSQL's own COPY speed the ingest path keeps: HTTP requests to committed rows, against ready-made rows.

Every leg writes reports of 12 metrics into the same partitioned, keyed table, emptied before. The API runs as `iotistic serve`,
the load generator in a process of its own with ready-made requests; PostgreSQL has the settings a user gets. A round runs all
legs one after the other; ratios are taken within a round and their median counts, because other work on the machine moves
absolute rates. `bound` is the ratio that CPU time alone would allow on two idle cores: the rows of the raw leg by its one
connection, against the dearest of PostgreSQL, API and half of everything (load generator too) a row. `others` is what the rest
of the machine took, in cores: with more than a few tenths the measured ratios say little and the bound is the better figure.
At the end the table is locked while 160 large bodies come: what cannot wait has to be refused before memory grows.

    python benchmarks/ingest.py [--rounds 5] [--reports 100000]
"""

import argparse
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import uvloop
from ingest_bench.flood import flood
from ingest_bench.load import NAMES, Order
from ingest_bench.place import Cpu, Place, place

from iotistic.telemetry.ingest.streams import METRICS
from iotistic.telemetry.wire.copy_format import HEADER, TRAILER, MetricPacker
from iotistic.telemetry.wire.stamps import stamp_of

BATCH, CALLERS, SINGLE_CALLERS = 84, 64, 256
OFFERED, OFFERED_SECONDS = 20_000, 10
GOALS = {
    "HTTP, batches": 0.85,
    "HTTP, batches, 1 % repeats": 0.75,
    "HTTP, single reports": 0.08,
}
RAW = "raw COPY, 10,000 rows a commit"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One leg: reports a second, and microseconds of CPU a report."""

    rate: float
    postgres: float
    api: float
    client: float
    others: float
    """Cores that everything else on the machine took meanwhile."""
    latencies: list[float] = field(default_factory=list)

    def bound(self, raw: "Result") -> float:
        dearest = max(self.postgres, self.api, (self.postgres + self.api + self.client) / 2)
        return (raw.postgres + raw.client) / dearest


def result(rows: int, seconds: float, client: float, cpu: Cpu, latencies: list[float]) -> Result:
    return Result(
        rate=rows / seconds,
        postgres=cpu.postgres / rows * 1e6,
        api=cpu.api / rows * 1e6,
        client=client / rows * 1e6,
        others=max(0.0, cpu.machine - cpu.postgres - cpu.api - client) / seconds,
        latencies=latencies,
    )


@dataclass(kw_only=True)
class Bench:
    at: Place
    reports: int

    async def raw(self, per_commit: int) -> Result:
        """Ready-made rows by COPY on one connection: what PostgreSQL takes."""
        await self.at.empty()
        packer = MetricPacker(1, len(NAMES))
        start = stamp_of(datetime.now(UTC))
        devices = [random.randbytes(16) for _ in range(CALLERS)]
        rows = [
            packer.pack(
                devices[one % CALLERS],
                start + one // CALLERS * 1000,
                one % CALLERS + 1,
                *(random.uniform(0, 100) for _ in NAMES),
            )
            for one in range(self.reports)
        ]
        chunks = [
            HEADER + packer.block(rows[first : first + per_commit]) + TRAILER
            for first in range(0, self.reports, per_commit)
        ]
        connection = await self.at.direct()
        before, began, client = self.at.cpu(), time.perf_counter(), time.process_time()
        for chunk in chunks:
            async with connection.cursor() as cursor, cursor.copy(METRICS.copy) as copy:
                await copy.write(chunk)
        seconds, client = time.perf_counter() - began, time.process_time() - client
        cpu = self.at.cpu() - before
        await connection.close()
        return result(self.reports, seconds, client, cpu, [])

    async def http(
        self, *, batch: int = BATCH, callers: int = CALLERS, apis: int = 1, share: float = 1, **more: object
    ) -> Result:
        await self.at.empty()
        each = max(1, round(self.reports * share) // callers // batch)
        order = Order(
            ports=self.at.ports[:apis],
            devices=self.at.devices[:callers],
            batch=batch,
            requests=each,
            start=time.time(),
            **more,  # type: ignore[arg-type]
        )
        outcome, cpu = await self.at.load(order)
        cursor = await self.at.owner.execute("SELECT count(*) FROM device_metrics")
        stored = (await cursor.fetchone() or (0,))[0]
        assert stored == each * batch * callers, f"{stored} rows for {each * batch * callers} reports"
        return result(outcome.requests * batch, outcome.seconds, outcome.cpu, cpu, outcome.latencies)

    async def offered(self) -> Result:
        """So many reports a second whether the server keeps up or not."""
        bodies = OFFERED * OFFERED_SECONDS
        return await self.http(share=bodies / self.reports, rate=OFFERED / BATCH)


LEGS: dict[str, Callable[[Bench], Awaitable[Result]]] = {
    RAW: lambda bench: bench.raw(10_000),
    "raw COPY, 834 rows a commit": lambda bench: bench.raw(834),
    "HTTP, batches": lambda bench: bench.http(),
    "HTTP, batches, Idempotency-Key": lambda bench: bench.http(keyed=True),
    "HTTP, batches, 1 % repeats": lambda bench: bench.http(repeats=0.01),
    "HTTP, batches, two processes": lambda bench: bench.http(apis=2),
    "HTTP, single reports": lambda bench: bench.http(batch=1, callers=SINGLE_CALLERS, share=0.15),
    f"HTTP, {OFFERED:,} reports/s offered": lambda bench: bench.offered(),
}


async def size(bench: Bench) -> tuple[float, float]:
    """Bytes of table and key, and of WAL, for each of the values of one leg."""
    at = bench.at
    await at.empty()
    cursor = await at.owner.execute("SELECT pg_current_wal_lsn()")
    before = (await cursor.fetchone() or ("0/0",))[0]
    await bench.http()
    cursor = await at.owner.execute(
        "SELECT count(*), pg_wal_lsn_diff(pg_current_wal_lsn(), %s),"
        " (SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('device_metrics') WHERE isleaf)"
        " FROM device_metrics",
        (before,),
    )
    rows, wal, disk = await cursor.fetchone() or (1, 0, 0)
    return float(disk) / rows / len(NAMES), float(wal) / rows / len(NAMES)


async def run(rounds: int, reports: int) -> None:
    found: dict[str, list[Result]] = {name: [] for name in LEGS}
    async with place() as at:
        await at.enrol(SINGLE_CALLERS)
        await at.start_apis(2)
        bench = Bench(at=at, reports=reports)
        await bench.http(
            batch=1, callers=SINGLE_CALLERS, share=0.05
        )  # devices and metric sets are known from here on
        await bench.http(batch=1, callers=SINGLE_CALLERS, share=0.05, apis=2)
        for number in range(rounds):
            for name, leg in LEGS.items():
                one = await leg(bench)
                found[name].append(one)
                print(
                    f"round {number + 1}: {name}: {one.rate:,.0f} reports/s, others {one.others:.1f} cores",
                    flush=True,
                )
        disk, wal = await size(bench)
        flooded = await flood(at)
    show(found)
    print(f"\nbytes a value: {disk:.1f} on disk with key (goal 20), {wal:.1f} of WAL (goal 22)")
    print(flooded.show())


def show(found: dict[str, list[Result]]) -> None:
    print(
        f"\n{'':34} {'reports/s':>10} {'ratio':>6} {'(range)':>12} {'goal':>5} {'bound':>6}"
        "   CPU us/report: PostgreSQL, API, client   others, cores"
    )
    for name, results in found.items():
        ratios = [one.rate / top.rate for one, top in zip(results, found[RAW], strict=True)]
        bound = statistics.median(one.bound(top) for one, top in zip(results, found[RAW], strict=True))
        cpu = ", ".join(
            f"{statistics.median(getattr(one, who) for one in results):5.1f}"
            for who in ("postgres", "api", "client")
        )
        print(
            f"{name:34} {statistics.median(one.rate for one in results):10,.0f} {statistics.median(ratios):6.2f}"
            f" {f'({min(ratios):.2f}-{max(ratios):.2f})':>12} {GOALS.get(name, ''):>5} {bound:6.2f}"
            f"   {cpu:42} {statistics.median(one.others for one in results):.1f}"
        )
    one, two = found["HTTP, batches"], found["HTTP, batches, two processes"]
    both = [second.rate / first.rate for first, second in zip(one, two, strict=True)]
    print(f"two processes against one: {statistics.median(both):.2f} (goal 1.15)")
    latencies = sorted(
        value for each in found[f"HTTP, {OFFERED:,} reports/s offered"] for value in each.latencies
    )
    p50, p99 = (latencies[int(len(latencies) * share)] * 1000 for share in (0.5, 0.99))
    print(
        f"{OFFERED:,} reports/s offered: from the moment a request was due to its acknowledgement, which is the age of its"
        f" newest report at commit: p50 {p50:.1f} ms, p99 {p99:.1f} ms (goal 60)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--reports", type=int, default=100_000)
    options = parser.parse_args()
    uvloop.run(run(options.rounds, options.reports))


if __name__ == "__main__":
    main()
