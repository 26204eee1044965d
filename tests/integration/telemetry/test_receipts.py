"""A request with an Idempotency-Key is answered once; whatever comes after is told the same, octet by octet."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio

from iotistic.database.pool import Connection, connect
from iotistic.telemetry import (
    LOGS,
    METRICS,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    Ingest,
    Receipt,
    Sent,
)
from iotistic.telemetry.ingest import lookups
from iotistic.telemetry.ingest.claims import Claim
from iotistic.telemetry.ingest.lookups import Kept
from tests.integration.telemetry.conftest import Station, ingest_on, owner_of
from tests.support.proxy import proxied


def sent(station: Station, *seconds: float, key: str | None = "k-1", **metrics: object) -> Sent:
    body = msgspec.json.encode({"reports": station.reports(*seconds, **metrics)})
    return Sent(body=body, idempotency_key=key)


def read(answer: bytes) -> Receipt:
    return msgspec.json.decode(answer, type=Receipt)


async def kept(station: Station) -> int:
    return await station.count("ingest_receipts")


@pytest_asyncio.fixture(autouse=True)
async def _no_receipts(station: Station) -> None:
    await station.owner.execute("TRUNCATE ingest_receipts")


async def test_a_repeated_key_repeats_the_first_answer(station: Station) -> None:
    request = sent(station, -3, -2, -1)
    first = await station.ingest.answer(METRICS, station.device, request)
    assert read(first).accepted == 3
    assert [await station.ingest.answer(METRICS, station.device, request) for _ in range(2)] == [first] * 2
    assert await station.count() == 3


async def test_keys_that_come_together_are_looked_up_together_and_each_gets_its_own_answer(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    find = lookups._Rows.find

    async def counted(
        self: lookups._Rows, claims: Sequence[Claim], since: datetime, until: datetime
    ) -> list[Kept]:
        asked.append(len(claims))
        return await find(self, claims, since, until)

    monkeypatch.setattr(lookups._Rows, "find", counted)
    requests = [sent(station, *range(-number, 0), key=f"k-{number}") for number in range(1, 21)]

    async def all_at_once() -> list[bytes]:
        return await asyncio.gather(
            *(station.ingest.answer(METRICS, station.device, one) for one in requests)
        )

    first = await all_at_once()
    assert [read(one).accepted + read(one).duplicate for one in first] == list(range(1, 21))
    assert await all_at_once() == first
    assert sum(asked) == 40
    assert len(asked) < 10


async def test_without_a_key_nothing_is_kept(station: Station) -> None:
    request = sent(station, -1, key=None)
    answers = [await station.ingest.answer(METRICS, station.device, request) for _ in range(2)]
    assert [(read(one).accepted, read(one).duplicate) for one in answers] == [(1, 0), (0, 1)]
    assert await kept(station) == 0


async def test_a_key_belongs_to_its_sender_and_route(station: Station) -> None:
    request = sent(station, -1)
    await station.ingest.answer(METRICS, station.device, request)
    stranger = await station.ingest.answer(METRICS, uuid4(), request)
    assert read(stranger).accepted == 1
    line = {"timestamp": station.now.isoformat(), "sequence": 1, "message": "x"}
    logs = Sent(body=msgspec.json.encode({"lines": [line]}), idempotency_key="k-1")
    assert read(await station.ingest.answer(LOGS, station.device, logs)).accepted == 1
    assert await kept(station) == 3


async def test_a_key_that_comes_with_another_body_is_refused_and_nothing_of_it_stored(
    station: Station,
) -> None:
    await station.ingest.answer(METRICS, station.device, sent(station, -2))
    with pytest.raises(IdempotencyKeyReused):
        await station.ingest.answer(METRICS, station.device, sent(station, -1))
    assert await station.count() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "ünï", "line\nbreak"])
async def test_what_is_no_key_is_refused(station: Station, key: str) -> None:
    with pytest.raises(IdempotencyKeyInvalid):
        await station.ingest.answer(METRICS, station.device, sent(station, -1, key=key))


async def test_a_longest_key_is_taken(station: Station) -> None:
    assert await station.ingest.answer(METRICS, station.device, sent(station, -1, key="~" * 255))


async def test_the_answer_outlives_its_process_and_midnight(station: Station) -> None:
    request = sent(station, -2, -1)
    first = await station.ingest.answer(METRICS, station.device, request)
    async with ingest_on(station.database) as fresh:
        assert await fresh.answer(METRICS, station.device, request) == first

    async def direct() -> Connection:
        return await connect(
            station.database.endpoint("app"), station.database.name, application_name="test", autocommit=True
        )

    tomorrow = Ingest(direct, clock=lambda: station.now + timedelta(days=1))
    await tomorrow.start()
    try:
        assert await tomorrow.answer(METRICS, station.device, request) == first
    finally:
        await tomorrow.stop()


async def test_the_same_request_many_times_at_once_is_answered_the_same(station: Station) -> None:
    request = sent(station, -2, -1)
    async with ingest_on(station.database) as second, ingest_on(station.database) as third:
        answers = await asyncio.gather(
            *(
                ingest.answer(METRICS, station.device, request)
                for ingest in (station.ingest, second, third)
                for _ in range(5)
            )
        )
    assert len(set(answers)) == 1
    assert await station.count() == 2
    assert await kept(station) == 1


async def test_a_body_of_which_nothing_could_be_stored_has_an_answer_too(station: Station) -> None:
    request = Sent(body=b'{"reports": [{"timestamp": "never"}]}', idempotency_key="k")
    first = await station.ingest.answer(METRICS, station.device, request)
    assert read(first).rejected == 1
    assert await station.ingest.answer(METRICS, station.device, request) == first


async def test_repeats_within_and_before_the_body_are_told_by_their_codes(station: Station) -> None:
    await station.send(station.reports(-2))
    first = await station.ingest.answer(METRICS, station.device, sent(station, -3600, -2, -1, -1, 10**6))
    assert read(first).codes == {"late": 1, "already_stored": 1, "twice_in_body": 1, "timestamp_in_future": 1}
    assert read(first).accepted == 2


async def test_a_commit_whose_answer_was_lost_is_still_told_as_it_was(station: Station) -> None:
    """The transaction is tried again, finds its own rows, and must not call them repeats."""
    async with proxied(station.database.endpoint("app")) as proxy:

        async def direct() -> Connection:
            return await connect(
                proxy.endpoint, station.database.name, application_name="test", autocommit=True
            )

        ingest = Ingest(direct)
        await ingest.start()
        try:
            await ingest.submit_metrics(station.device, sent(station, -10).body)
            proxy.cut_after_commits = proxy.commits
            answer = await ingest.answer(METRICS, station.device, sent(station, -3, -2, -1))
        finally:
            await ingest.stop()
        assert proxy.cuts == 1
    assert (read(answer).accepted, read(answer).duplicate) == (3, 0)
    assert await station.count() == 4
    assert await kept(station) == 1


async def test_a_body_with_a_poisoned_row_is_answered_once_too(own_station: Station) -> None:
    station = own_station
    await station.owner.execute(
        "ALTER TABLE device_metrics ADD CONSTRAINT device_metrics_test_check CHECK (values[1] <> -666)"
    )
    body = station.reports(-3, -2, a=1) + station.reports(-1, a=-666)
    request = Sent(body=msgspec.json.encode({"reports": body}), idempotency_key="k")
    beside = [sent(station, -5, key=f"k-{number}", a=1) for number in range(5)]
    devices = [uuid4() for _ in beside]

    async def all_of_them() -> list[bytes]:
        return await asyncio.gather(
            station.ingest.answer(METRICS, station.device, request),
            *(
                station.ingest.answer(METRICS, device, one)
                for device, one in zip(devices, beside, strict=True)
            ),
        )

    first = await all_of_them()
    assert (read(first[0]).accepted, read(first[0]).quarantined) == (2, 1)
    assert read(first[0]).codes == {"refused_by_database": 1}
    assert await all_of_them() == first
    async with owner_of(station.database) as owner:
        cursor = await owner.execute("SELECT DISTINCT sender_uuid FROM ingest_receipts")
        assert {row[0] for row in await cursor.fetchall()} == {station.device, *devices}
