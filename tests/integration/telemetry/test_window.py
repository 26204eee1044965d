from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from psycopg import sql

from iotistic.partitioning import Maintainer, RetentionClasses
from iotistic.telemetry import PartitionMissing, Receipt
from tests.integration.telemetry.conftest import Station, ingest_on, owner_of, until
from tests.support.databases import TestDatabase


async def send_at(station: Station, *times: object) -> Receipt:
    return await station.send([{"timestamp": time, "metrics": {"a": 1}} for time in times])


async def quarantined(station: Station) -> list[tuple[Any, ...]]:
    return await station.rows(
        "SELECT reason, device_time, payload FROM ingest_quarantine ORDER BY device_time NULLS FIRST"
    )


@pytest.mark.parametrize("per_second", [1, 10**3, 10**6, 10**9])
async def test_the_unit_of_a_number_is_told_by_its_magnitude(station: Station, per_second: int) -> None:
    moment = station.now.replace(microsecond=0)
    assert (await send_at(station, int(moment.timestamp()) * per_second)).accepted == 1
    assert await station.rows("SELECT timestamp FROM device_metrics") == [(moment,)]


async def test_a_clock_may_be_ahead_by_ten_minutes_and_no_more(station: Station) -> None:
    now = datetime.now(UTC)
    fine, beyond = now + timedelta(minutes=9, seconds=55), now + timedelta(minutes=10, seconds=30)
    receipt = await send_at(station, fine, beyond)
    assert (receipt.accepted, receipt.quarantined) == (1, 1)
    assert [(reason.index, reason.code) for reason in receipt.reasons] == [(1, "timestamp_in_future")]
    assert await station.rows("SELECT timestamp FROM device_metrics") == [(fine,)]


async def reasons_of(station: Station, *days: int) -> list[str | None]:
    """What kept reports of so many days ago, each, from being stored."""
    receipt = await send_at(station, *(station.now - timedelta(days=one) for one in days))
    codes = {reason.index: reason.code for reason in receipt.reasons if reason.code != "late"}
    return [codes.get(number) for number in range(len(days))]


async def test_how_far_back_is_taken_follows_from_the_class_of_the_device_or_else_the_policy(
    own_station: Station,
) -> None:
    """Partitions of 95 days are there, as they are for the sake of other devices."""
    station = own_station
    await station.owner.execute(
        "UPDATE partition_policies SET back = 31, premake = 60 WHERE parent = 'device_metrics'"
    )
    past = station.now - timedelta(days=65)
    await Maintainer(station.owner, clock=lambda: past).run()
    await station.owner.execute("UPDATE partition_policies SET back = 2, premake = 3, keep_days = 90")
    await station.owner.execute(
        "INSERT INTO devices (uuid, name, kind) VALUES (%s, 'pump', 'sensor')", (station.device,)
    )
    async with ingest_on(station.database) as ingest:
        station.ingest = ingest
        assert await reasons_of(station, 89, 92) == [None, "timestamp_too_old"]
        for keep, days in ((7, [6, 9]), (30, [29, 32]), (400, [92, 94])):
            async with station.owner.transaction():
                changed = await RetentionClasses(station.owner).set_class(
                    "device_metrics", station.device, keep
                )
            assert changed
            await ingest._windows.read()
            wanted = [None, None] if keep == 400 else [None, "timestamp_too_old"]
            assert await reasons_of(station, *days) == wanted
        station.device = uuid4()
        assert await reasons_of(station, 32, 92) == [None, "timestamp_too_old"]


async def test_how_far_ahead_is_taken_follows_from_the_policy_of_each_stream(own_station: Station) -> None:
    station = own_station
    await station.owner.execute(
        "UPDATE partition_policies SET ahead_minutes = CASE parent WHEN 'device_logs' THEN 0 ELSE 60 END"
    )
    async with ingest_on(station.database) as ingest:
        station.ingest = ingest
        now = datetime.now(UTC)
        receipt = await send_at(station, now + timedelta(minutes=59), now + timedelta(minutes=62))
        assert [(one.index, one.code) for one in receipt.reasons] == [(1, "timestamp_in_future")]
        lines = [{"timestamp": (now + timedelta(minutes=1)).isoformat()}, {"timestamp": now.isoformat()}]
        receipt = await station.log(*lines)
        assert [(one.index, one.code) for one in receipt.reasons] == [(0, "timestamp_in_future")]


async def test_a_report_is_kept_with_its_reason_when_its_time_has_no_place(station: Station) -> None:
    never_set = "1970-01-01T00:00:05+00:00"
    last_year = station.now - timedelta(days=365)
    receipt = await send_at(station, never_set, last_year, 1e300, station.now)
    assert (receipt.accepted, receipt.quarantined, receipt.rejected) == (1, 3, 0)
    assert [(reason.index, reason.code) for reason in receipt.reasons] == [
        (0, "clock_not_set"),
        (1, "timestamp_too_old"),
        (2, "timestamp_in_future"),
    ]
    far, unset, old = await quarantined(station)
    assert far[:2] == ("timestamp_in_future", None)
    assert float(far[2]["timestamp"]) == 1e300
    assert unset[:2] == ("clock_not_set", datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC))
    assert unset[2] == {"timestamp": "1970-01-01T00:00:05Z", "metrics": {"a": 1.0}, "units": {}}
    assert old[:2] == ("timestamp_too_old", last_year)


async def test_what_was_set_aside_can_be_sent_again_as_it_is(station: Station) -> None:
    future = station.now + timedelta(days=1)
    await station.send([{"timestamp": future, "metrics": {"a": 1}}], units={"a": "volt"})
    ((_, _, payload),) = await quarantined(station)
    payload["timestamp"] = station.now
    units = payload.pop("units")
    assert (await station.send([payload], units=units)).accepted == 1
    assert await station.rows("SELECT metric, unit, value FROM device_metric_values") == [("a", "volt", 1.0)]


@pytest.mark.parametrize(
    ("time", "code"),
    [
        ("2026-11-23T20:00:00", "timestamp_invalid"),
        ("yesterday", "timestamp_invalid"),
        (True, "timestamp_invalid"),
        ([], "timestamp_invalid"),
        (None, "timestamp_missing"),
    ],
)
async def test_a_time_that_is_none_is_refused(station: Station, time: object, code: str) -> None:
    receipt = await send_at(station, time, station.now)
    assert (receipt.accepted, receipt.rejected) == (1, 1)
    assert receipt.reasons[0].code == code


async def test_the_first_moment_that_has_a_partition_is_stored_and_the_one_before_is_set_aside(
    station: Station,
) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    oldest = today - timedelta(days=2)
    receipt = await send_at(station, oldest, oldest - timedelta(microseconds=1))
    assert (receipt.accepted, receipt.quarantined) == (1, 1)


async def test_rows_of_a_day_that_was_dropped_meanwhile_are_set_aside_and_the_others_stored(
    own_station: Station,
) -> None:
    station = own_station
    yesterday = station.now - timedelta(days=1)
    await send_at(station, station.now, yesterday)
    await station.owner.execute(
        sql.SQL("DROP TABLE {}").format(sql.Identifier(f"device_metrics_{yesterday:%Y%m%d}"))
    )
    later = timedelta(seconds=1)
    receipt = await send_at(station, yesterday + later, station.now + later)
    assert (receipt.accepted, receipt.quarantined) == (1, 1)
    assert [(reason.index, reason.code) for reason in receipt.reasons] == [(0, "no_partition")]
    ((reason, device_time, payload),) = await quarantined(station)
    assert (reason, device_time) == ("no_partition", yesterday + later)
    assert payload["metrics"] == {"a": 1.0}


async def test_log_lines_are_judged_alike(station: Station) -> None:
    receipt = await station.log({"timestamp": 5, "message": "a\0b"}, {})
    assert (receipt.accepted, receipt.quarantined) == (1, 1)
    ((reason, _, payload),) = await quarantined(station)
    assert (reason, payload["message"], payload["sequence"]) == ("clock_not_set", "a\ufffdb", 0)


async def test_without_a_partition_for_today_callers_keep_their_data_until_there_is_one(
    database: TestDatabase,
) -> None:
    async with owner_of(database) as owner, ingest_on(database) as ingest:
        station = Station(database=database, owner=owner, ingest=ingest)
        body = msgspec.json.encode({"reports": station.reports(0)})
        with pytest.raises(PartitionMissing):
            await ingest.submit_metrics(station.device, body)
        await Maintainer(owner).run()

        async def is_taken() -> bool:
            try:
                return (await ingest.submit_metrics(station.device, body)).accepted == 1
            except PartitionMissing:
                return False

        await until(is_taken)
