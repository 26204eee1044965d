import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from iotistic.telemetry.ingest.inbox import Inbox
from iotistic.telemetry.ingest.limits import IngestLimits
from iotistic.telemetry.ingest.submissions import Submission

LIMITS = IngestLimits(batch_rows=100, beside_rows=10)


def body(rows: int) -> Submission:
    made = Submission(
        device_uuid=uuid4(),
        stream="metrics",
        received=datetime(2026, 11, 29, tzinfo=UTC),
        late_before=0,
        runs=[],
        set_aside=[],
        repeated=0,
        rejected=0,
        reasons=[],
        since=0.0,
        told=lambda _: None,
        most_reasons=0,
    )
    made.rows = rows
    return made


@pytest.fixture
def inbox() -> Inbox:
    made = Inbox(LIMITS)
    made.open()
    return made


async def test_whatever_waits_is_a_batch_when_none_is_under_way(inbox: Inbox) -> None:
    inbox.put(body(1))
    with inbox.batch() as taken:
        assert len(taken) == 1


@pytest.mark.parametrize(("rows", "taken_beside"), [(9, 0), (10, 1)])
async def test_beside_another_a_batch_has_to_be_worth_it(inbox: Inbox, rows: int, taken_beside: int) -> None:
    inbox.put(body(1))
    with inbox.batch():
        inbox.put(body(rows))
        with inbox.batch() as beside:
            assert len(beside) == taken_beside
    with inbox.batch() as after:
        assert len(after) == 1 - taken_beside


async def test_the_end_of_a_batch_wakes_whoever_waits_for_little(inbox: Inbox) -> None:
    inbox.put(body(1))
    with inbox.batch():
        inbox.put(body(1))
        waiting = asyncio.create_task(inbox.wait(None))
        await inbox.wait(0.0)
        assert not waiting.done()
    async with asyncio.timeout(60):
        await waiting


async def test_a_batch_is_bounded_and_one_large_body_is_taken_all_the_same(inbox: Inbox) -> None:
    for rows in (60, 40, 1, 500):
        inbox.put(body(rows))
    sizes: list[list[int]] = []
    for _ in range(3):
        with inbox.batch() as taken:
            sizes.append([one.rows for one in taken])
    assert sizes == [[60, 40], [1], [500]]


async def test_a_batch_that_breaks_is_not_under_way_any_more(inbox: Inbox) -> None:
    inbox.put(body(1))
    with pytest.raises(ZeroDivisionError), inbox.batch():
        raise ZeroDivisionError
    inbox.put(body(1))
    with inbox.batch() as taken:
        assert len(taken) == 1


async def test_what_waits_at_the_end_is_taken_however_little(inbox: Inbox) -> None:
    inbox.put(body(1))
    with inbox.batch():
        inbox.put(body(1))
        inbox.close()
        await inbox.wait(None)
        with inbox.batch() as taken:
            assert len(taken) == 1
