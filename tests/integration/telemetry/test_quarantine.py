"""What was set aside is not lost: it can be looked at, stored with a better time, or dropped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from iotistic.clock import system_clock
from iotistic.database.pool import Connection, connect
from iotistic.telemetry.quarantine import QuarantineFilter, QuarantineService, Replay, Replayed
from tests.integration.telemetry.conftest import Station

ALL = QuarantineFilter()


@asynccontextmanager
async def replaying(station: Station) -> AsyncIterator[Replay]:
    async def direct() -> Connection:
        return await connect(
            station.database.endpoint("app"), station.database.name, application_name="test", autocommit=True
        )

    replay = Replay(direct, clock=system_clock)
    try:
        yield replay
    finally:
        await replay.close()


def at_1970(*seconds: float, **metrics: object) -> list[dict[str, Any]]:
    """Of a device that has just been switched on and does not know the time."""
    start = datetime(1970, 1, 1, tzinfo=UTC)
    return [
        {"timestamp": (start + timedelta(seconds=one)).isoformat(), "metrics": metrics or {"a": one}}
        for one in seconds
    ]


async def stored(station: Station) -> list[tuple[datetime, float]]:
    return await station.rows("SELECT timestamp, values[1] FROM device_metrics ORDER BY timestamp")  # type: ignore[return-value]


async def test_a_replay_on_receipt_keeps_the_distance_between_reports(station: Station) -> None:
    await station.send(at_1970(10, 20, 35), units={"a": "celsius"})
    ((received,),) = await station.rows("SELECT DISTINCT received_at FROM ingest_quarantine")
    async with replaying(station) as replay:
        assert await replay.run(ALL, None) == Replayed(stored=3)
    assert await stored(station) == [
        (received - timedelta(seconds=25), 10.0),
        (received - timedelta(seconds=15), 20.0),
        (received, 35.0),
    ]
    assert await station.count("ingest_quarantine") == 0
    assert await station.rows("SELECT DISTINCT unit FROM device_metric_values") == [("celsius",)]
    assert await station.rows("SELECT values FROM device_metric_latest") == [([35.0],)]


async def test_a_replay_shifts_by_what_is_said(station: Station) -> None:
    ahead = station.reports(7200, 7205, a=1)
    assert (await station.send(ahead)).quarantined == 2
    async with replaying(station) as replay:
        assert await replay.run(ALL, timedelta(hours=-2)) == Replayed(stored=2)
    assert [moment for moment, _ in await stored(station)] == [
        station.now,
        station.now + timedelta(seconds=5),
    ]


async def test_what_has_no_place_with_the_new_time_either_stays(station: Station) -> None:
    await station.send(station.reports(7200, 10**6, a=1))
    async with replaying(station) as replay:
        assert await replay.run(ALL, timedelta(hours=-2)) == Replayed(stored=1, left=1)
        assert await replay.run(ALL, timedelta(hours=-2)) == Replayed(left=1)
    assert await station.rows("SELECT reason FROM ingest_quarantine") == [("timestamp_in_future",)]


async def test_what_is_stored_already_is_no_second_report(station: Station) -> None:
    await station.send(station.reports(0, a=1))
    await station.send(station.reports(7200, 7201, a=1))
    async with replaying(station) as replay:
        assert await replay.run(ALL, timedelta(hours=-2)) == Replayed(stored=1, duplicate=1)
    assert await station.count() == 2
    assert await station.count("ingest_quarantine") == 0


async def test_only_what_is_meant_is_replayed(station: Station) -> None:
    other = uuid4()
    await station.send(at_1970(1))
    await station.send(at_1970(1), device=other)
    await station.send(station.reports(7200, a=1))
    async with replaying(station) as replay:
        which = QuarantineFilter(device_uuid=station.device, reason="clock_not_set")
        assert await replay.run(which, None) == Replayed(stored=1)
    assert await station.rows("SELECT device_uuid = %s, reason FROM ingest_quarantine ORDER BY 1", other) == [
        (False, "timestamp_in_future"),
        (True, "clock_not_set"),
    ]


async def test_log_lines_are_replayed_too(station: Station) -> None:
    old = datetime(1970, 1, 1, tzinfo=UTC).isoformat()
    assert (await station.log({"timestamp": old, "message": "first"}, {"timestamp": old})).quarantined == 2
    async with replaying(station) as replay:
        assert await replay.run(ALL, None) == Replayed(stored=2)
    assert await station.rows("SELECT message FROM device_logs ORDER BY sequence") == [("first",), ("hello",)]


async def test_a_time_that_postgresql_cannot_hold_is_replayed_by_its_receipt(station: Station) -> None:
    assert (await station.send([{"timestamp": 9.9e17, "metrics": {"a": 1}}])).quarantined == 1
    async with replaying(station) as replay:
        assert await replay.run(ALL, None) == Replayed(stored=1)


async def test_two_replays_at_once_and_one_that_is_run_again_store_each_report_once(station: Station) -> None:
    for number in range(40):
        await station.send(at_1970(number, number + 1, a=1), device=uuid4())
    async with replaying(station) as one, replaying(station) as two:
        done = await asyncio.gather(one.run(ALL, None), two.run(ALL, None))
        assert sum(part.stored for part in done) == 80
        assert sum(part.duplicate for part in done) == 0
        assert await one.run(ALL, None) == Replayed()
    assert await station.count() == 80
    assert await station.count("ingest_quarantine") == 0


async def test_a_row_that_postgresql_refuses_again_keeps_only_its_own_body(own_station: Station) -> None:
    station = own_station
    await station.owner.execute(
        "ALTER TABLE device_metrics ADD CONSTRAINT device_metrics_test_check CHECK (values[1] <> -666)"
    )
    await station.send(at_1970(1, 2, a=-666), device=uuid4())
    await station.send(at_1970(1, 2, a=5), device=uuid4())
    async with replaying(station) as replay:
        assert await replay.run(ALL, None) == Replayed(stored=2, left=2)
    assert await station.count("ingest_quarantine") == 2


async def test_the_quarantine_is_listed_page_by_page_counted_and_dropped(station: Station) -> None:
    other = uuid4()
    await station.send(at_1970(*range(5)))
    await station.send(station.reports(7200, a=1), device=other)
    service = QuarantineService(station.owner)
    first = await service.list_rows(ALL, limit=4)
    rest = await service.list_rows(ALL, after=first[-1].position, limit=4)
    assert [len(first), len(rest)] == [4, 2]
    assert {row.payload["metrics"]["a"] for row in first} < {0, 1, 2, 3, 4}
    command = (
        f"iotistic telemetry quarantine replay --device {station.device} --reason clock_not_set --on-receipt"
    )
    assert first[0].replay == command
    counts = [(one.reason, one.rows, one.devices) for one in await service.count(ALL)]
    assert counts == [("clock_not_set", 5, 1), ("timestamp_in_future", 1, 1)]
    assert await service.drop_batch(QuarantineFilter(device_uuid=other)) == 1
    assert await service.drop_batch(QuarantineFilter(until=station.now - timedelta(days=1))) == 0
    assert await service.drop_batch(ALL) == 5
    assert await service.drop_batch(ALL) == 0
