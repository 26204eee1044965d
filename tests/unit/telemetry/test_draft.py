from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.telemetry.ingest.runs import Run, log_order, log_stamp
from iotistic.telemetry.ingest.submissions import Submission
from iotistic.telemetry.ingest.window import Judge
from iotistic.telemetry.ingest.writer import Stored
from iotistic.telemetry.wire.draft import Draft, Rows, cuts_of, payload_of

JUDGE = Judge(low=0, high=1, now=0, others=(), oldest=0, ahead=0)


def rows_of(*orders: int) -> Rows:
    rows = Rows((b"device", 1), lambda parts: (b"".join(parts), cuts_of(parts)), lambda _: {})
    for index, order in enumerate(orders):
        rows.add(index, order, f"<{order}>".encode())
    return rows


def submission(
    *rows: Rows,
    late_before: int = 0,
    most_reasons: int = 10,
    told: Callable[[Submission], None] = lambda _: None,
) -> Submission:
    draft = Draft(device_uuid=uuid4(), stream="metrics", received=datetime.now(UTC), judge=JUDGE)
    for one in rows:
        draft.collect(one)
    return draft.submission(late_before=late_before, since=0.0, told=told, most_reasons=most_reasons)


@given(st.lists(st.integers(-5, 20), min_size=1))
def test_a_run_holds_each_row_once_in_order_and_knows_where_it_stood(orders: list[int]) -> None:
    run, repeats = rows_of(*orders).run()
    assert run.orders == sorted(set(orders))
    assert repeats == len(orders) - len(set(orders))
    assert [run.row(number).decode() for number in range(len(run))] == [f"<{one}>" for one in run.orders]
    assert run.indexes == [orders.index(order) for order in run.orders]


@given(st.sets(st.integers(-50, 50), min_size=1), st.data())
def test_a_slice_of_a_run_is_a_run(orders: set[int], data: st.DataObject) -> None:
    run, _ = rows_of(*sorted(orders)).run()
    start = data.draw(st.integers(0, len(run) - 1))
    end = data.draw(st.integers(start + 1, len(run)))
    piece: Run = run.slice(start, end)
    assert piece.orders == run.orders[start:end]
    assert [piece.row(one) for one in range(len(piece))] == [run.row(one) for one in range(start, end)]
    assert piece.block == b"".join(run.row(one) for one in range(start, end))


async def test_late_rows_are_those_before_the_limit() -> None:
    one = submission(rows_of(1, 2, 3, 4), late_before=3)
    Stored(new=[(one, one.runs[0])]).account()
    receipt = one.receipt()
    assert (receipt.accepted, receipt.late, receipt.codes) == (4, 2, {"late": 2})


async def test_a_receipt_foretold_is_the_receipt_given() -> None:
    one = submission(rows_of(1, 2, 2, 3, 4), late_before=3)
    stored = Stored(settled=[(one, one.runs[0])], repeats=1, repeated={((b"device", 1), 2)})
    foretold = one.receipt(stored.outcomes()[id(one)])
    stored.account()
    assert foretold == one.receipt()
    assert (foretold.accepted, foretold.duplicate, foretold.late) == (3, 2, 1)
    assert foretold.codes == {"already_stored": 1, "twice_in_body": 1, "late": 1}


async def test_a_receipt_gives_its_reasons_in_the_order_of_the_body_and_not_without_end() -> None:
    one = submission(most_reasons=2)
    for index in (5, 1, 3):
        one.refuse(index, "code", "message")
    receipt = one.receipt()
    assert receipt.rejected == 3
    assert [reason.index for reason in receipt.reasons] == [1, 3]


def test_a_payload_holds_nothing_that_jsonb_refuses() -> None:
    assert payload_of({"a\0": "b\0"}) == b'{"a\\ufffd":"b\\ufffd"}'


stamps = st.integers(-(2**62), 2**62)
sequences = st.integers(0, 2**63 - 1)


@given(stamps, sequences, stamps, sequences)
def test_log_lines_sort_by_time_then_by_sequence(a: int, b: int, c: int, d: int) -> None:
    assert (log_order(a, b) < log_order(c, d)) == ((a, b) < (c, d))
    assert log_stamp(log_order(a, b)) == a


def test_a_caller_is_told_once_whatever_comes_after() -> None:
    told: list[BaseException | None] = []
    one = submission(told=lambda it: told.append(it.error))
    error = ValueError()
    one.settle(error)
    one.settle()
    assert told == [error]
    assert not one.is_stored


def test_a_caller_who_cannot_be_told_keeps_nobody_from_going_on(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Submission) -> None:
        raise ZeroDivisionError

    one = submission(told=fail)
    one.settle()
    assert one.is_stored
    assert [record.message for record in caplog.records] == ["caller not told"]
