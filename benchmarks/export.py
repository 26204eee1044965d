"""What an export holds in memory, however many values it writes, and what a value costs, for each format.

One device with 12 metrics; each format is written twice, a tenth of the values and all of them: memory that grows with the file
would show. Resident memory is that of this process, which does what the service does, as the kernel counts it.

    python benchmarks/export.py [--reports 250000]
"""

import argparse
import gc
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args
from uuid import UUID

import uvloop
from ingest_bench.place import Place, place

from iotistic.bootstrap.exporting import export_metrics
from iotistic.bootstrap.platform import Platform, open_platform
from iotistic.config import load_settings
from iotistic.telemetry.export import ExportFormat

GOAL_MB = 64
"""How much more than before the export."""
_METRICS = 12
_DAY = timedelta(days=1)


def resident() -> float:
    """MB."""
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


async def fill(at: Place, reports: int) -> tuple[UUID, datetime]:
    """So many reports of one device, evenly over yesterday."""
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - _DAY
    await at.owner.execute("SET ROLE iotistic_owner")
    await at.owner.execute("INSERT INTO metric_name_lists (digest) VALUES (sha256('bench'))")
    await at.owner.execute(
        "INSERT INTO metric_sets (metric_names_id, names, units, digest, first_device_uuid)"
        " SELECT id, %s, array_fill(NULL::text, ARRAY[12]), sha256('bench'), gen_random_uuid() FROM metric_name_lists",
        ([f"metric_{number:02}" for number in range(_METRICS)],),
    )
    device = UUID(at.devices[0][0])
    await at.owner.execute(
        "INSERT INTO metric_series (device_uuid, metric_names_id) SELECT %s, id FROM metric_name_lists",
        (device,),
    )
    await at.owner.execute(
        "INSERT INTO device_metrics (device_uuid, timestamp, series_id, metric_set_id, values)"
        " SELECT series.device_uuid, %s::timestamptz + n * %s::interval, series.id, kind.id, array_fill(n / 7.0::float8, ARRAY[12])"
        " FROM metric_series AS series, metric_sets AS kind, generate_series(0, %s) AS n",
        (start, _DAY / reports, reports - 1),
    )
    return device, start


async def written(
    platform: Platform, device: UUID, start: datetime, end: datetime, form: ExportFormat
) -> tuple[int, float, float]:
    """Octets, the most resident memory above that of before in MB, and seconds of CPU."""
    gc.collect()
    before, most, octets, cpu = resident(), 0.0, 0, time.process_time()
    async for part in export_metrics(platform, [device], [], start, end, form=form):
        octets += len(part)
        most = max(most, resident() - before)
    return octets, most, time.process_time() - cpu


async def run(reports: int) -> None:
    async with place() as at:
        await at.enrol(1)
        device, start = await fill(at, reports)
        settings = load_settings({"IOTISTIC_DATA_DIR": str(at.folder.root)}, dotenv=None)
        platform = await open_platform(settings, application_name="bench", with_ingest=False)
        print(
            f"{'format':10}{'values':>12}{'file MB':>10}{'memory MB':>12}{'us/value':>10}   goal < {GOAL_MB} MB"
        )
        try:
            for form in get_args(ExportFormat):
                # What a format brings along is loaded once: pyarrow is 60 MB by itself.
                await written(platform, device, start, start + _DAY / 1_000, form)
                for share in (10, 1):
                    octets, most, cpu = await written(platform, device, start, start + _DAY / share, form)
                    values = reports // share * _METRICS
                    print(
                        f"{form:10}{values:12,}{octets / 1e6:10.1f}{most:12.1f}{cpu / values * 1e6:10.2f}",
                        flush=True,
                    )
                    assert most < GOAL_MB, f"{form} held {most:.0f} MB"
        finally:
            await platform.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reports", type=int, default=250_000)
    uvloop.run(run(parser.parse_args().reports))


if __name__ == "__main__":
    main()
