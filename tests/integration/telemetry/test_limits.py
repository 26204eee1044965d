import asyncio
import gzip
import tracemalloc
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from iotistic.database.pool import Connection
from iotistic.telemetry import (
    BodyInvalid,
    BodyTooLarge,
    EncodingUnsupported,
    IngestBusy,
    IngestLimits,
    IngestStopped,
)
from tests.integration.telemetry.conftest import Station, ingest_on, until


@pytest.fixture
def limits() -> IngestLimits:
    return IngestLimits(
        body_bytes=2_000,
        unpacked_bytes=4_000,
        reports=30,
        metrics=5,
        device_metric_sets=3,
        queue_bytes=10_000,
        batch_rows=10,
    )


async def block(station: Station) -> None:
    """Lets nobody write until the owner's transaction ends."""
    await station.owner.execute("BEGIN")
    await station.owner.execute("LOCK TABLE device_metrics IN ACCESS EXCLUSIVE MODE")


async def test_a_body_is_taken_up_to_the_limit_and_not_a_byte_beyond(station: Station) -> None:
    body = msgspec.json.encode({"reports": station.reports(0)})
    exact = body + b" " * (2_000 - len(body))
    assert (await station.ingest.submit_metrics(station.device, exact)).accepted == 1
    with pytest.raises(BodyTooLarge) as refused:
        await station.ingest.submit_metrics(station.device, exact + b" ")
    assert refused.value.facts["limit"] == 2_000


async def test_a_packed_body_may_not_unpack_to_more_than_the_limit(station: Station) -> None:
    body = msgspec.json.encode({"reports": station.reports(0)})
    exact = gzip.compress(body + b" " * (4_000 - len(body)))
    assert (await station.ingest.submit_metrics(station.device, exact, "gzip")).accepted == 1
    for bomb in (gzip.compress(body + b" " * (4_001 - len(body))), gzip.compress(b"\0" * 10**6)):
        with pytest.raises(BodyTooLarge):
            await station.ingest.submit_metrics(station.device, bomb, "gzip")


async def test_a_body_may_hold_so_many_reports(station: Station) -> None:
    body = [{"timestamp": station.now.timestamp() + one, "metrics": {"a": 1}} for one in range(30)]
    assert (await station.send(body)).accepted == 30
    with pytest.raises(BodyTooLarge):
        await station.send([*body, {"timestamp": station.now.timestamp(), "metrics": {"a": 1}}])


@pytest.mark.parametrize(
    ("body", "encoding", "kind"),
    [
        (b"", None, None),
        (b"[]", None, None),
        (b"{}", None, None),
        (b'{"reports": {}}', None, None),
        (b'{"reports": [', None, None),
        (b'{"reports": [], "units": 5}', None, None),
        (b'{"reports": [{"timestamp": 1, "metrics": {"a": 1}}], "units": {"a": 5}}', None, None),
        (b"\xff\xfe", None, None),
        (b"no gzip", "gzip", None),
        (gzip.compress(b'{"reports": []}', mtime=0)[:-5], "gzip", None),
    ],
)
async def test_a_body_that_is_no_list_of_reports_is_invalid(
    station: Station, body: bytes, encoding: str | None, kind: str | None
) -> None:
    with pytest.raises(BodyInvalid):
        await station.ingest.submit_metrics(station.device, body, encoding, kind)


@pytest.mark.parametrize(("encoding", "kind"), [("br", None), (None, "text/html")])
async def test_what_is_not_understood_is_named(
    station: Station, encoding: str | None, kind: str | None
) -> None:
    with pytest.raises(EncodingUnsupported, match=encoding or kind):
        await station.ingest.submit_metrics(station.device, b"{}", encoding, kind)


async def test_an_empty_list_is_fine(station: Station) -> None:
    assert (await station.send([])).accepted == 0


async def test_a_report_may_hold_so_many_metrics(station: Station) -> None:
    receipt = await station.send(
        station.reports(-1, **dict.fromkeys("abcde", 1)) + station.reports(0, **dict.fromkeys("abcdef", 1))
    )
    assert (receipt.accepted, receipt.rejected) == (1, 1)
    assert receipt.reasons[0].code == "too_many_metrics"


async def test_a_device_may_bring_so_many_lists_of_names_and_another_device_its_own(station: Station) -> None:
    receipts = [await station.send(station.reports(0, **{name: 1})) for name in "abcd"]
    assert [receipt.accepted for receipt in receipts] == [1, 1, 1, 0]
    assert receipts[-1].reasons[0].code == "too_many_metric_sets"
    # What is known already is no new list, and what others bring does not count.
    assert (await station.send(station.reports(1, a=1))).accepted == 1
    other = uuid4()
    assert (await station.send(station.reports(0, d=1), device=other)).accepted == 1
    assert (await station.send(station.reports(0, d=1))).accepted == 1


@pytest.mark.parametrize("name", ["", "x" * 101, "line\nbreak", "nul\0"])
async def test_a_name_that_is_none_is_refused(station: Station, name: str) -> None:
    receipt = await station.send(station.reports(0, **{name: 1, "x" * 100: 2}))
    assert (receipt.accepted, [reason.code for reason in receipt.reasons]) == (1, ["metric_name_invalid"])
    assert await station.rows("SELECT metric FROM device_metric_values") == [("x" * 100,)]


async def test_a_full_queue_turns_bodies_away_and_loses_none_that_it_took(station: Station) -> None:
    await station.send(station.reports(0))
    await block(station)
    sending = [asyncio.create_task(station.send(station.reports(0), device=uuid4())) for _ in range(100)]
    await until(lambda: any(task.done() for task in sending))
    held = station.ingest.statistics()
    assert 0 < held.pending_bytes <= 10_000
    await station.owner.execute("COMMIT")
    results = await asyncio.gather(*sending, return_exceptions=True)
    refused = [result for result in results if isinstance(result, IngestBusy)]
    assert len(refused) == 100 - held.pending_submissions
    assert all(error.retry_after == timedelta(seconds=1) for error in refused)
    assert await station.count() == 1 + held.pending_submissions
    assert station.ingest.statistics().pending_bytes == 0


async def test_a_caller_that_goes_away_leaves_its_data_and_no_memory_behind(station: Station) -> None:
    await station.send(station.reports(-5))
    await block(station)
    sending = asyncio.create_task(station.send(station.reports(-4)))
    await until(lambda: station.ingest.statistics().pending_submissions == 1)
    sending.cancel()
    await asyncio.wait({sending})
    await station.owner.execute("COMMIT")
    assert (await station.send(station.reports(-3))).accepted == 1
    assert await station.count() == 3
    assert station.ingest.statistics().pending_bytes == 0


async def test_stopping_commits_what_was_taken_and_takes_no_more(station: Station) -> None:
    await station.send(station.reports(-50))
    await block(station)
    sending = [asyncio.create_task(station.send(station.reports(-one))) for one in range(1, 20)]
    await until(lambda: station.ingest.statistics().pending_submissions >= 15)
    stopping = asyncio.create_task(station.ingest.stop())
    await asyncio.sleep(0)
    with pytest.raises(IngestStopped):
        await station.send(station.reports(0))
    await station.owner.execute("COMMIT")
    await stopping
    receipts = await asyncio.gather(*sending, return_exceptions=True)
    stored = [receipt for receipt in receipts if not isinstance(receipt, BaseException)]
    assert len(stored) >= 15
    assert await station.count() == 1 + len(stored)


async def test_contacts_are_told_once_committed_and_cannot_harm(station: Station) -> None:
    heard: list[Collection[UUID]] = []

    async def contacts(connection: Connection, devices: Collection[UUID]) -> None:
        heard.append(set(devices))
        await connection.execute("SELECT 1 / 0")

    async with ingest_on(station.database, contacts=contacts) as ingest:
        body = msgspec.json.encode({"reports": [{"timestamp": datetime.now(UTC), "metrics": {"a": 1}}]})
        assert (await ingest.submit_metrics(station.device, body)).accepted == 1
        assert (await ingest.submit_metrics(uuid4(), body)).accepted == 1
    assert heard[0] == {station.device}


async def test_memory_stays_bounded_while_the_database_takes_nothing(station: Station) -> None:
    """Two hundred bodies of 600 KB come at once and nothing can be written: what is refused is refused before it takes memory."""
    limits = IngestLimits(queue_bytes=12 << 20, patience=timedelta(seconds=60))
    async with ingest_on(station.database, limits) as ingest:
        await ingest.submit_metrics(station.device, msgspec.json.encode({"reports": station.reports(-1)}))
        reports = [
            {"timestamp": station.now.timestamp() + one / 1000, "metrics": {f"m{m}": m for m in range(10)}}
            for one in range(5_000)
        ]
        body = msgspec.json.encode({"reports": reports})
        assert len(body) > 500_000
        await block(station)
        tracemalloc.start()
        try:
            sending = [asyncio.create_task(ingest.submit_metrics(uuid4(), body)) for _ in range(200)]
            await until(lambda: sum(task.done() for task in sending) > 150)
            held, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            await station.owner.execute("ROLLBACK")
        answers = await asyncio.gather(*sending, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, IngestBusy)]
    stored = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert len(refused) + len(stored) == 200
    assert refused
    assert all(answer.retry_after for answer in refused)
    assert sum(answer.accepted for answer in stored) == 5_000 * len(stored)
    # What a body takes is counted as three times its JSON; measured 1.5 to 2.5, and the batch on its way to PostgreSQL twice more.
    assert held < 2 * limits.queue_bytes, f"{held} octets held"
    assert peak < 3 * limits.queue_bytes, f"{peak} octets at most"
