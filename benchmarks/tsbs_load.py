"""TSBS "iot" over HTTP: loads its trucks through a gateway, in the order a network delivers, then asks its twelve questions.

Trucks are registered with their tags, one gateway is granted all of them; 2 % of the bodies are sent twice. At the end the table must
hold every report that arrived, each once. Prints reports and values a second, and the CPU of PostgreSQL, API and this process. Then each
question: what the API took, how many rows, and whether a plain recomputation from the reports that arrived says the same.

    python benchmarks/tsbs_load.py [--trucks 20] [--minutes 240] [--step 30] [--seed 1]
"""

import argparse
import random
import time
from datetime import UTC, datetime, timedelta

import httpx
import uvloop
from ingest_bench.place import place
from tsbs_iot import arrivals, measurements, trucks
from tsbs_iot.comparison import agree, ask_all
from tsbs_iot.registration import bodies, register

_SENT_TWICE = 0.02


async def run(count: int, span: timedelta, step: timedelta, seed: int) -> None:
    fleet = trucks(count, seed)
    start = datetime.now(UTC).replace(microsecond=0) - span
    chance = random.Random(seed)
    sent = values = 0
    async with place() as at:
        await at.enrol(1)
        gateway, key = at.devices[0]
        await register(at.owner, fleet, gateway)
        await at.start_apis(1)
        url = f"http://127.0.0.1:{at.ports[0]}/api/v1/gateways/{gateway}/metrics"
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
        ready = list(arrivals(measurements(fleet, start, span, seed, step=step), seed))
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
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{at.ports[0]}",
            headers={"Authorization": f"Bearer {await at.viewer_key()}"},
            timeout=120,
        ) as client:
            answers = await ask_all(client, ready, start, start + span, sorted({one.fleet for one in fleet}))
    assert stored == sent == len(ready), f"{stored} stored, {sent} acknowledged, {len(ready)} arrived"
    print(
        f"{count} trucks, {span}: {len(ready):,} reports arrived, each stored once; {duplicates:,} repeats recognised\n"
        f"{len(ready) / seconds:,.0f} reports/s, {values / seconds:,.0f} values/s; CPU us/report: PostgreSQL"
        f" {spent.postgres / len(ready) * 1e6:.1f}, API {spent.api / len(ready) * 1e6:.1f}, client {cpu / len(ready) * 1e6:.1f}"
    )
    print(f"{'question':<36}{'ms':>9}{'rows':>7}  recomputed")
    for one in answers:
        verdict = "the same" if agree(one.api, one.recomputed) else "DIFFERENT"
        print(f"{one.question:<36}{one.seconds * 1000:9.1f}{one.rows:7}  {verdict}")
    assert all(agree(one.api, one.recomputed) for one in answers)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trucks", type=int, default=20)
    parser.add_argument("--minutes", type=int, default=240)
    parser.add_argument(
        "--step", type=int, default=30, help="seconds between two reports; the original's are 10"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    uvloop.run(
        run(options.trucks, timedelta(minutes=options.minutes), timedelta(seconds=options.step), options.seed)
    )


if __name__ == "__main__":
    main()
