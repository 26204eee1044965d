"""Rollups against what the reports themselves say, under late data, restarts, and after the reports are gone."""

import math
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from iotistic.database.pool import Connection, connect
from iotistic.telemetry.rollups import DAYS, HOURS, LEVELS, QUARTERS, Level, RollupService
from iotistic.telemetry.rollups.progress import SETTLED_AFTER
from tests.integration.telemetry.conftest import Station

MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
YESTERDAY = MIDNIGHT - timedelta(days=1)
TABLES = ", ".join([*(level.table for level in LEVELS), "metric_rollup_marks", "metric_rollup_progress"])
Report = tuple[datetime, dict[str, float | None]]


@pytest_asyncio.fixture
async def app(station: Station) -> AsyncIterator[Connection]:
    """What the service works on."""
    await station.owner.execute(f"TRUNCATE {TABLES}".encode())
    connection = await connect(
        station.database.endpoint("app"), station.database.name, application_name="test"
    )
    yield connection
    await connection.close()


async def roll(app: Connection, now: datetime = MIDNIGHT + SETTLED_AFTER) -> int:
    """As the housekeeper does; answers in how many transactions."""
    steps = 0
    while await RollupService(app).step(now):
        await app.commit()
        steps += 1
    await app.commit()
    return steps


async def send(station: Station, reports: Iterable[Report], device: UUID | None = None) -> None:
    body = [{"timestamp": moment.isoformat(), "metrics": metrics} for moment, metrics in reports]
    receipt = await station.send(body, device=device)
    assert receipt.accepted == len(body), receipt


def walk(seed: int, number: int, *, holes: bool = False) -> list[Report]:
    """So many reports of yesterday at uneven moments, some of them without some of their values."""
    chance = random.Random(seed)
    moments = sorted(chance.sample(range(86_400), number))
    return [
        (
            YESTERDAY + timedelta(seconds=second),
            {
                name: None if holes and chance.random() < 0.3 else round(chance.uniform(-50, 50), 3)
                for name in ("a", "b", "c")
            },
        )
        for second in moments
    ]


def expected(reports: Iterable[Report], level: Level) -> dict[datetime, dict[str, Any]]:
    """The same by plain Python: bucket -> what its row says."""
    groups: dict[datetime, list[Report]] = defaultdict(list)
    for report in sorted(reports, key=lambda one: one[0]):
        groups[level.floor(report[0])].append(report)
    rows: dict[datetime, dict[str, Any]] = {}
    for bucket, group in groups.items():
        series = [
            [metrics[name] for _, metrics in group if metrics[name] is not None] for name in ("a", "b", "c")
        ]
        rows[bucket] = {
            "reports": len(group),
            "counts": [len(values) for values in series],
            "minimums": [min(values, default=None) for values in series],
            "maximums": [max(values, default=None) for values in series],
            "sums": [math.fsum(values) if values else None for values in series],
            "lasts": [group[-1][1][name] for name in ("a", "b", "c")],
            "last_at": group[-1][0],
        }
    return rows


async def stored(
    station: Station, level: Level, device: UUID | None = None
) -> dict[datetime, dict[str, Any]]:
    rows = await station.rows(
        f"SELECT bucket, reports, counts, summaries, last_at FROM {level.table} WHERE device_uuid = %s",
        device or station.device,
    )
    columns = ("minimums", "maximums", "sums", "lasts")
    return {
        bucket: {
            "reports": number,
            "counts": counts or [number] * len(summaries),
            "last_at": last_at,
            **dict(zip(columns, map(list, zip(*summaries, strict=True)), strict=True)),
        }
        for bucket, number, counts, summaries, last_at in rows
    }


def same(found: dict[datetime, dict[str, Any]], wanted: dict[datetime, dict[str, Any]]) -> None:
    assert found.keys() == wanted.keys()
    for bucket, row in wanted.items():
        given = found[bucket]
        assert given["sums"] == [None if x is None else pytest.approx(x) for x in row["sums"]]
        assert {k: v for k, v in given.items() if k != "sums"} == {
            k: v for k, v in row.items() if k != "sums"
        }


async def test_every_level_is_what_the_reports_amount_to(station: Station, app: Connection) -> None:
    other = uuid4()
    mine, theirs = walk(1, 600), walk(2, 50)
    await send(station, mine)
    await send(station, theirs, device=other)
    await roll(app)
    for level in LEVELS:
        same(await stored(station, level), expected(mine, level))
        same(await stored(station, level, other), expected(theirs, level))


async def test_a_value_that_is_missing_from_some_reports_has_a_count_of_its_own(
    station: Station, app: Connection
) -> None:
    reports = walk(1, 600, holes=True)
    await send(station, [(YESTERDAY, {"a": 0.0, "b": 0.0, "c": 0.0})])  # makes the metric set
    ((series, number),) = await station.rows(
        "SELECT series.id, kind.id FROM metric_series AS series JOIN metric_sets AS kind USING (metric_names_id)"
    )
    await station.owner.execute("TRUNCATE device_metrics")
    async with station.owner.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO device_metrics (device_uuid, timestamp, series_id, metric_set_id, values)"
            " VALUES (%s, %s, %s, %s, %s)",
            [(station.device, moment, series, number, list(metrics.values())) for moment, metrics in reports],
        )
    await roll(app)
    for level in LEVELS:
        same(await stored(station, level), expected(reports, level))


async def test_where_every_report_has_every_value_no_counts_are_kept(
    station: Station, app: Connection
) -> None:
    await send(station, walk(3, 20))
    await roll(app)
    assert await station.rows("SELECT DISTINCT counts FROM device_metric_days") == [(None,)]


async def test_a_late_report_is_in_every_level_after_the_next_run(station: Station, app: Connection) -> None:
    reports = walk(4, 300)
    await send(station, reports[::2])
    await roll(app)
    await send(station, reports[1::2])
    assert await station.count("metric_rollup_marks") > 0
    await roll(app)
    assert await station.count("metric_rollup_marks") == 0
    for level in LEVELS:
        same(await stored(station, level), expected(reports, level))


async def test_reports_that_are_sent_again_change_nothing(station: Station, app: Connection) -> None:
    reports = walk(5, 100)
    await send(station, reports)
    await roll(app)
    before = [await stored(station, level) for level in LEVELS]
    body = [{"timestamp": moment.isoformat(), "metrics": metrics} for moment, metrics in reports]
    assert (await station.send(body)).duplicate == len(reports)
    await roll(app)
    for level, rows in zip(LEVELS, before, strict=True):
        same(await stored(station, level), rows)


async def test_a_bucket_is_made_only_when_it_is_over_and_settled(station: Station, app: Connection) -> None:
    await send(station, [(YESTERDAY, {"a": 1.0, "b": 1.0, "c": 1.0})])
    end = YESTERDAY + QUARTERS.width
    await roll(app, end + SETTLED_AFTER - timedelta(microseconds=1))
    assert await stored(station, QUARTERS) == {}
    await roll(app, end + SETTLED_AFTER)
    assert list(await stored(station, QUARTERS)) == [YESTERDAY]
    await roll(app, YESTERDAY + HOURS.width + SETTLED_AFTER - timedelta(microseconds=1))
    assert await stored(station, HOURS) == {}
    await roll(app, YESTERDAY + HOURS.width + SETTLED_AFTER)
    assert list(await stored(station, HOURS)) == [YESTERDAY]
    await roll(app, MIDNIGHT + SETTLED_AFTER - timedelta(microseconds=1))
    assert await stored(station, DAYS) == {}
    await roll(app, MIDNIGHT + SETTLED_AFTER)
    assert list(await stored(station, DAYS)) == [YESTERDAY]


async def test_a_report_in_time_leaves_no_mark_and_one_of_the_quarter_before_does(station: Station) -> None:
    quarter = QUARTERS.floor(station.now)
    station.now = datetime.now(UTC)
    await station.send(station.reports(0))
    if QUARTERS.floor(datetime.now(UTC)) == quarter:
        assert await station.count("metric_rollup_marks") == 0
    await station.owner.execute("TRUNCATE metric_rollup_marks")
    await station.send(station.reports(-1800, -1800.5))
    rows = await station.rows("SELECT device_uuid, bucket FROM metric_rollup_marks")
    assert rows == [(station.device, QUARTERS.floor(station.now - timedelta(seconds=1800)))]


async def test_a_run_that_is_cut_short_goes_on_where_it_stopped(station: Station, app: Connection) -> None:
    # 96 buckets a pass and 2,000 a transaction: 21 devices at most, so 50 devices take three.
    devices = [uuid4() for _ in range(50)]
    for number, device in enumerate(devices):
        await send(station, walk(number, 3), device=device)
    await station.owner.execute("TRUNCATE metric_rollup_marks")
    now = MIDNIGHT + SETTLED_AFTER
    for _ in range(3):
        assert await RollupService(app).step(now)
        await app.rollback()  # killed before its commit: nothing is noted
        assert await RollupService(app).step(now)
        await app.commit()
    await roll(app)
    for number, device in enumerate(devices):
        for level in LEVELS:
            same(await stored(station, level, device), expected(walk(number, 3), level))


async def test_what_is_left_of_the_raw_reports_never_replaces_what_was_made_of_all(
    own_station: Station,
) -> None:
    station = own_station
    reports = walk(6, 200)
    app = await connect(station.database.endpoint("app"), station.database.name, application_name="test")
    try:
        await send(station, reports)
        await roll(app)
        before = [await stored(station, level) for level in LEVELS]
        leaf = f"device_metrics_{YESTERDAY:%Y%m%d}"
        await station.owner.execute(f"DELETE FROM {leaf}".encode())
        full = next(bucket for bucket, row in before[0].items() if row["reports"] > 1)
        await send(station, [(full + timedelta(milliseconds=7), {"a": 0.0, "b": 0.0, "c": 0.0})])
        await roll(app)
        for level, rows in zip(LEVELS, before, strict=True):
            same(await stored(station, level), rows)
        await station.owner.execute(f"DROP TABLE {leaf}".encode())
        await station.owner.execute(
            "INSERT INTO metric_rollup_marks (device_uuid, bucket)"
            " SELECT device_uuid, bucket FROM device_metric_quarters"
        )
        await roll(app)
        for level, rows in zip(LEVELS, before, strict=True):
            same(await stored(station, level), rows)
        assert await station.count("metric_rollup_marks") == 0
    finally:
        await app.close()


async def test_values_whose_sum_no_float_can_hold_stop_nothing(station: Station, app: Connection) -> None:
    await send(
        station,
        [(YESTERDAY + timedelta(seconds=n), {"a": 1.7e308, "b": -1.7e308, "c": 1.0}) for n in range(3)],
    )
    await roll(app)
    row = (await stored(station, DAYS))[YESTERDAY]
    assert (row["maximums"], row["minimums"]) == ([1.7e308, -1.7e308, 1.0], [1.7e308, -1.7e308, 1.0])
    assert row["sums"] == [pytest.approx(3e290), pytest.approx(-3e290), 3.0]


async def test_the_state_tells_how_far_each_rollup_is(app: Connection) -> None:
    assert (await RollupService(app).state()).complete_until == {}
    await roll(app, MIDNIGHT + timedelta(hours=1, minutes=25))
    state = await RollupService(app).state()
    assert state.complete_until == {
        "quarters": MIDNIGHT + timedelta(hours=1, minutes=15),
        "hours": MIDNIGHT + timedelta(hours=1),
        "days": MIDNIGHT,
    }
    assert state.marks == 0
