"""The numbers that stand for a device and a list of metric names: given once, the same for every process, and what the key is made of."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
import pytest_asyncio

from iotistic.database.pool import Connection, connect
from iotistic.telemetry.ingest.session import Session
from iotistic.telemetry.names import series
from iotistic.telemetry.names.series import SeriesNumbers
from tests.integration.telemetry.conftest import Station, ingest_on


@pytest_asyncio.fixture
async def session(station: Station) -> AsyncIterator[Session]:
    async def direct() -> Connection:
        return await connect(
            station.database.endpoint("app"), station.database.name, application_name="test", autocommit=True
        )

    session = Session(direct)
    yield session
    await session.close()


async def names_of_one(station: Station) -> int:
    """The number of a list of metric names, which a device has sent."""
    await station.send(station.reports(-1))
    ((number,),) = await station.rows("SELECT id FROM metric_name_lists")
    return int(number)


async def test_devices_with_the_same_metrics_at_the_same_moment_keep_their_reports_apart(
    station: Station,
) -> None:
    other = uuid4()
    mine = await station.send(station.reports(-1, cpu=1.0))
    theirs = await station.send(station.reports(-1, cpu=2.0), device=other)
    assert (mine.accepted, theirs.accepted) == (1, 1)
    found = await station.rows("SELECT device_uuid, value FROM device_metric_values ORDER BY value")
    assert found == [(station.device, 1.0), (other, 2.0)]


async def test_lists_of_metrics_at_the_same_moment_are_series_of_their_own(station: Station) -> None:
    await station.send(station.reports(-1, cpu=1.0) + station.reports(-1, ram=2.0))
    assert await station.count("metric_series") == 2
    repeated = await station.send(station.reports(-1, ram=2.0) + station.reports(-1, cpu=1.0))
    assert (repeated.accepted, repeated.duplicate) == (0, 2)


async def test_a_unit_that_is_learned_later_leaves_the_series_as_it_was(station: Station) -> None:
    await station.send(station.reports(-2, cpu=1.0))
    again = await station.send(station.reports(-2, -1, cpu=1.0), units={"cpu": "%"})
    assert (again.accepted, again.duplicate) == (1, 1)
    assert await station.count("metric_series") == 1
    assert await station.count("metric_sets") == 2


async def test_two_processes_that_meet_a_device_at_once_agree_on_its_number(station: Station) -> None:
    async with ingest_on(station.database) as other:
        body = msgspec.json.encode({"reports": station.reports(-2, -1)})
        for device in [uuid4() for _ in range(10)]:
            receipts = await asyncio.gather(
                *(process.submit_metrics(device, body) for process in (station.ingest, other))
            )
            assert sorted((one.accepted, one.duplicate) for one in receipts) == [(0, 2), (2, 0)]
    assert await station.count("metric_series") == 10
    assert await station.count() == 20


async def test_a_thousand_devices_that_come_at_once_cost_few_questions(
    station: Station, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = await names_of_one(station)
    questions: list[int] = []
    find = series._Rows.find

    async def counted(self: series._Rows) -> dict[int, int]:
        questions.append(len(self._asked))
        return await find(self)

    monkeypatch.setattr(series._Rows, "find", counted)
    numbers = SeriesNumbers(session, most=2_000)
    devices = [uuid4() for _ in range(1_000)]
    found = await asyncio.gather(*(numbers.number(device, names) for device in devices))
    assert len(set(found)) == 1_000
    assert questions == [500] * 4  # twice each half: before they were added, and after
    assert await asyncio.gather(*(numbers.number(device, names) for device in devices)) == found
    assert len(questions) == 4


async def test_numbers_that_did_not_fit_into_memory_are_found_again(
    station: Station, session: Session
) -> None:
    names = await names_of_one(station)
    numbers = SeriesNumbers(session, most=2)
    devices = [UUID(int=number) for number in range(1, 6)]
    first = [await numbers.number(device, names) for device in devices]
    assert [await numbers.number(device, names) for device in devices] == first


async def test_who_asks_a_view_for_one_device_goes_through_the_key(station: Station) -> None:
    for device in [station.device, *(uuid4() for _ in range(5))]:
        await station.send(station.reports(*range(-300, 0)), device=device)
    await station.owner.execute("ANALYZE device_metrics, metric_series")
    plan = await station.rows(
        "EXPLAIN (COSTS OFF) SELECT * FROM device_metric_values WHERE device_uuid = %s AND timestamp >= %s AND timestamp < %s",
        station.device,
        station.now - timedelta(seconds=10),
        station.now,
    )
    lines = "\n".join(line for (line,) in plan)
    assert "Index Cond: ((series_id = series.id)" in lines
    assert "Seq Scan on device_metrics" not in lines
