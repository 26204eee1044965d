"""What reading costs PostgreSQL: the questions of a dashboard, asked of the service, in CPU of the backend.

1,000 devices with 12 metrics report every 10 minutes for two days, and every tenth of them for 30 days (0.7 million reports, 8 million
values), rolled up by the service itself. The CPU is that of the one backend that answers, by the kernel (/proc), over many
repetitions; planning and the transaction are in it. The median counts; the least tells what a quiet machine would say. Each figure
stands beside its goal and beside the same answer from the reports alone.

    PYTHONPATH=. python benchmarks/queries.py [--devices 1000] [--days 30] [--repeats 40]
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psutil

from iotistic.database.pool import Connection, connect
from iotistic.partitioning import Maintainer
from iotistic.telemetry.reading import Answer, MetricReader, Question
from iotistic.telemetry.reading.repository import MetricRepository
from iotistic.telemetry.rollups import RollupService
from tests.support.databases import Databases, TestDatabase
from tests.support.server import start_test_server, stop_test_server

NAMES = [f"metric_{number:02}" for number in range(12)]
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
EVERY = timedelta(minutes=10)
_FULL_DAYS = 2
"""On which every device reports; before, every tenth does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leg:
    what: str
    goal: float | None
    """Milliseconds of the backend's CPU."""
    act: Callable[[], Awaitable[object]]


def cpu_of(connection: Connection) -> Callable[[], float]:
    process = psutil.Process(connection.info.backend_pid)

    def seconds() -> float:
        # schedstat counts nanoseconds; utime and stime only hundredths of a second.
        with open(f"/proc/{process.pid}/schedstat") as file:  # noqa: PTH123
            return int(file.read().split()[0]) / 1e9

    return seconds


async def fill(database: TestDatabase, devices: int, days: int) -> int:
    """Answers how many reports there are."""
    owner = await connect(
        database.endpoint("owner"), database.name, application_name="bench", autocommit=True
    )
    await owner.execute("SET timezone = 'UTC'")
    await owner.execute("UPDATE partition_policies SET back = 31, premake = 3")
    await owner.execute("UPDATE partition_policies SET keep_days = 400 WHERE parent = 'device_metrics'")
    await Maintainer(owner).run()
    await owner.execute("INSERT INTO metric_name_lists (digest) VALUES (sha256('bench'))")
    await owner.execute(
        "INSERT INTO metric_sets (metric_names_id, names, units, digest, first_device_uuid)"
        " SELECT id, %s, array_fill(NULL::text, ARRAY[12]), sha256('bench'), gen_random_uuid() FROM metric_name_lists",
        (NAMES,),
    )
    await owner.execute(
        "CREATE TABLE bench AS SELECT gen_random_uuid() AS uuid, number FROM generate_series(1, %s) AS number",
        (devices,),
    )
    await owner.execute(
        "INSERT INTO metric_series (device_uuid, metric_names_id) SELECT bench.uuid, lists.id FROM bench, metric_name_lists AS lists"
    )
    reports = 0
    for day in range(days, 0, -1):
        start = TODAY - timedelta(days=day)
        made = await owner.execute(
            "INSERT INTO device_metrics (device_uuid, timestamp, series_id, metric_set_id, values)"
            " SELECT bench.uuid, moment, series.id, kind.id, ARRAY(SELECT round((random() * 100 + n)::numeric, 2)::float8"
            " FROM generate_series(1, 12) AS n WHERE moment IS NOT NULL AND bench.uuid IS NOT NULL)"
            " FROM metric_sets AS kind, generate_series(%s, %s, %s) AS moment, bench"
            " JOIN metric_series AS series ON series.device_uuid = bench.uuid"
            " WHERE bench.number %% %s = 0",
            (start, start + timedelta(days=1) - EVERY, EVERY, 1 if day <= _FULL_DAYS else 10),
        )
        reports += made.rowcount
    await owner.execute(
        "INSERT INTO device_metric_latest (device_uuid, series_id, metric_set_id, timestamp, values)"
        " SELECT DISTINCT ON (device_uuid) device_uuid, series_id, metric_set_id, timestamp, values"
        " FROM device_metrics WHERE timestamp >= %s ORDER BY device_uuid, timestamp DESC",
        (TODAY - EVERY,),
    )
    await owner.execute("VACUUM ANALYZE device_metrics, device_metric_latest, metric_sets, metric_series")
    await owner.close()
    return reports


async def roll(app: Connection, reports: int) -> None:
    seconds = cpu_of(app)
    before, steps = seconds(), 0
    # The last day hour by hour, as in life: the rows of an hour lie together, and a fleet's day on 1,500 pages and not on 24,000.
    for hour in range(26):
        while await RollupService(app).step(TODAY - timedelta(hours=24 - hour)):
            await app.commit()
            steps += 1
        await app.commit()
    spent = seconds() - before
    print(
        f"rolled up in {steps} transactions: {spent:.1f} s of CPU, {spent / reports / 12 * 1e6:.2f} us a value"
    )


async def measured(app: Connection, leg: Leg, repeats: int) -> tuple[float, float]:
    """Median and least, in milliseconds."""
    seconds = cpu_of(app)
    for _ in range(3):
        await leg.act()
        await app.commit()
    spent: list[float] = []
    for _ in range(repeats):
        before = seconds()
        await leg.act()
        await app.commit()
        spent.append((seconds() - before) * 1000)
    return statistics.median(spent), min(spent)


async def raw_only(reader: MetricReader, act: Callable[[], Awaitable[Answer]]) -> Answer:
    """The same question with the rollups out of sight."""
    metrics: MetricRepository = reader._metrics  # noqa: SLF001
    made = metrics.made

    async def nothing() -> dict[object, object]:
        return {}

    metrics.made = nothing  # type: ignore[method-assign,assignment]
    try:
        return await act()
    finally:
        metrics.made = made  # type: ignore[method-assign]


async def main(devices: int, days: int, repeats: int) -> None:
    server = await start_test_server()
    try:
        databases = await Databases.prepare(server)
        async with databases.platform() as database:
            began = time.perf_counter()
            reports = await fill(database, devices, days)
            print(
                f"{devices} devices, {days} days, {reports:,} reports made in {time.perf_counter() - began:.0f} s"
            )
            app = await connect(database.endpoint("app"), database.name, application_name="bench")
            await roll(app, reports)
            owner = await connect(
                database.endpoint("owner"), database.name, application_name="bench", autocommit=True
            )
            await owner.execute(
                "VACUUM ANALYZE device_metric_quarters, device_metric_hours, device_metric_days"
            )
            cursor = await owner.execute("SELECT uuid FROM bench ORDER BY number")
            uuids: list[UUID] = [uuid for (uuid,) in await cursor.fetchall()]
            sizes = await (
                await owner.execute(
                    "SELECT parent, pg_size_pretty(sum(pg_total_relation_size(leaf::regclass))) FROM partition_leaves"
                    " WHERE parent LIKE 'device_metric%%' GROUP BY parent ORDER BY parent"
                )
            ).fetchall()
            print("sizes: " + ", ".join(f"{parent} {size}" for parent, size in sizes))
            await owner.close()
            await ask(app, uuids, days, repeats)
            await app.close()
    finally:
        await stop_test_server(server)


async def ask(app: Connection, uuids: list[UUID], days: int, repeats: int) -> None:
    reader = MetricReader(app)
    month, day, hour = TODAY - timedelta(days=days), TODAY - timedelta(days=1), timedelta(hours=1)
    one, names = [uuids[len(uuids) // 20 * 10 - 1]], NAMES[3:4]  # a tenth one: number is a multiple of 10
    daily = Question(devices=one, names=names, start=day, end=TODAY)
    monthly = Question(devices=one, names=names, start=month, end=TODAY, bucket=hour)
    fleet = Question(devices=None, names=names, start=day, end=TODAY, bucket=hour)
    legs = [
        Leg(what="24 h of one metric, every report", goal=3.0, act=lambda: reader.series(daily)),
        Leg(what=f"{days} days by the hour, one metric", goal=1.5, act=lambda: reader.series(monthly)),
        Leg(
            what="  the same from reports",
            goal=None,
            act=lambda: raw_only(reader, lambda: reader.series(monthly)),
        ),
        Leg(
            what=f"latest of {min(1000, len(uuids))} devices, one metric",
            goal=2.0,
            act=lambda: reader.latest(uuids[:1000], names),
        ),
        Leg(what="fleet by the hour, 24 h, one metric", goal=15.0, act=lambda: reader.fleet(fleet)),
        Leg(
            what="  the same from reports",
            goal=None,
            act=lambda: raw_only(reader, lambda: reader.fleet(fleet)),
        ),
    ]
    print(f"{'CPU of the backend':<44}{'ms':>8}{'least':>8}{'goal':>8}{'of goal':>10}")
    before = None
    for leg in legs:
        spent, least = await measured(app, leg, repeats)
        share = f"{spent / leg.goal:9.2f}x" if leg.goal else f"{spent / (before or spent):6.1f}x of it"
        print(f"{leg.what:<44}{spent:8.2f}{least:8.2f}{leg.goal or '':>8}{share:>10}")
        before = spent


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=40)
    given = parser.parse_args()
    asyncio.run(main(given.devices, given.days, given.repeats))
