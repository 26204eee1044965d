"""Loads the trucks of TSBS "iot" through the HTTP path: a gateway sends bodies of many devices, in the order a network delivers them.

Trucks are registered with their tags, one gateway is granted all of them; 2 % of the bodies are sent twice. At the end the table must
hold every report that arrived, each once. Prints reports and values a second, and the CPU of PostgreSQL, API and this process.

    python benchmarks/tsbs_load.py [--trucks 100] [--minutes 60] [--seed 1]
"""

import argparse
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import httpx
import msgspec
import uvloop
from ingest_bench.place import Place, place
from tsbs_iot import Report, Truck, arrivals, measurements, trucks

_BODY = 1_000
_SENT_TWICE = 0.02


async def register(at: Place, fleet: list[Truck]) -> tuple[str, str]:
    """The trucks under their own uuids, and a gateway that may send for them: its uuid and key."""
    await at.enrol(1)
    gateway, key = at.devices[0]
    async with at.owner.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO devices (uuid, name, kind) VALUES (%s, %s, 'truck')",
            [(one.device, one.name) for one in fleet],
        )
        await cursor.executemany(
            "INSERT INTO device_tags (device_uuid, key, value) VALUES (%s, %s, %s)",
            [
                (one.device, name, str(getattr(one, name)))
                for one in fleet
                for name in ("fleet", "driver", "model", "device_version", "load_capacity", "fuel_capacity")
            ],
        )
        await cursor.executemany(
            "INSERT INTO gateway_devices (gateway_uuid, device_uuid) VALUES (%s, %s)",
            [(gateway, one.device) for one in fleet],
        )
    return gateway, key


def bodies(reports: Iterator[Report]) -> Iterator[bytes]:
    while batch := list(islice(reports, _BODY)):
        yield b"\n".join(
            msgspec.json.encode(
                {"device": one.truck.device, "timestamp": one.timestamp, "metrics": one.values}
            )
            for one in batch
        )


async def run(count: int, span: timedelta, seed: int) -> None:
    fleet = trucks(count, seed)
    start = datetime.now(UTC).replace(microsecond=0) - span
    chance = random.Random(seed)
    sent = values = 0
    async with place() as at:
        gateway, key = await register(at, fleet)
        await at.start_apis(1)
        url = f"http://127.0.0.1:{at.ports[0]}/api/v1/gateways/{gateway}/metrics"
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
        ready = list(arrivals(measurements(fleet, start, span, seed), seed))
        values = sum(len(report.values) for report in ready)
        duplicates = 0
        before, began, cpu = at.cpu(), time.perf_counter(), time.process_time()
        async with httpx.AsyncClient(headers=headers, timeout=60) as client:
            for body in bodies(iter(ready)):
                for _ in range(1 + (chance.random() < _SENT_TWICE)):
                    answer = (await client.post(url, content=body)).raise_for_status().json()
                    assert not answer["rejected"], answer["codes"]
                    sent += answer["accepted"]
                    duplicates += answer["duplicate"]
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        spent = at.cpu() - before
        cursor = await at.owner.execute("SELECT count(*) FROM device_metrics")
        stored = (await cursor.fetchone() or (0,))[0]
    assert stored == sent == len(ready), f"{stored} stored, {sent} acknowledged, {len(ready)} arrived"
    print(
        f"{count} trucks, {span}: {len(ready):,} reports arrived, each stored once; {duplicates:,} repeats recognised\n"
        f"{len(ready) / seconds:,.0f} reports/s, {values / seconds:,.0f} values/s; CPU us/report: PostgreSQL"
        f" {spent.postgres / len(ready) * 1e6:.1f}, API {spent.api / len(ready) * 1e6:.1f}, client {cpu / len(ready) * 1e6:.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trucks", type=int, default=100)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    uvloop.run(run(options.trucks, timedelta(minutes=options.minutes), options.seed))


if __name__ == "__main__":
    main()
