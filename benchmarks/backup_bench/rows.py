"""Telemetry as it lies in a platform that has run for a month, made inside the server."""

from datetime import UTC, datetime, timedelta

from ingest_bench.place import Place

from iotistic.partitioning import Maintainer

__all__ = ["fill"]

_DAYS = 30
_DEVICES = 100
_STEP = """
INSERT INTO device_metrics (device_uuid, timestamp, series_id, metric_set_id, values)
SELECT md5(device::text)::uuid, %(day)s::timestamptz + step * interval '1 day' / %(steps)s, device, 1,
  ARRAY(SELECT round((20 + device + random() * 10)::numeric, 2)::float8 FROM generate_series(1, 12) AS v WHERE v + step > 0)
FROM generate_series(1, %(devices)s) AS device, generate_series(0, %(steps)s - 1) AS step
"""


async def fill(at: Place, megabytes: int) -> int:
    """Fills a month of partitions evenly until the database has about this size; answers its bytes."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - timedelta(days=_DAYS)
    async with await at.direct() as owner:
        await owner.execute("SET ROLE iotistic_owner")
        await owner.execute("UPDATE partition_policies SET keep_days = 400, premake = 60, back = 0")
        await Maintainer(owner, clock=lambda: first).run()
        probe = {"day": first, "steps": 100, "devices": _DEVICES}
        await owner.execute(_STEP, probe)
        per_row = await _size(at, "device_metrics") / (100 * _DEVICES)
        await owner.execute("TRUNCATE device_metrics")
        steps = int(megabytes * (1 << 20) / per_row / _DAYS / _DEVICES)
        for day in range(_DAYS):
            await owner.execute(_STEP, {**probe, "day": first + timedelta(days=day), "steps": steps})
    await at.owner.execute("VACUUM ANALYZE")
    cursor = await at.owner.execute("SELECT pg_database_size(current_database())")
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def _size(at: Place, parent: str) -> int:
    cursor = await at.owner.execute(
        "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(%s::regclass) WHERE isleaf",
        (parent,),
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0
