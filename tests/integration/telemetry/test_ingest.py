import asyncio
import gc
import gzip
from datetime import timedelta
from uuid import uuid4

import msgspec

from iotistic.telemetry import METRICS, Receipt, Sent
from iotistic.telemetry.ingest.submissions import Submission
from tests.integration.telemetry.conftest import Station, ingest_on, until


def counts(receipt: Receipt) -> tuple[int, int, int, int, int]:
    return (receipt.accepted, receipt.duplicate, receipt.late, receipt.quarantined, receipt.rejected)


async def test_what_is_sent_is_what_is_stored(station: Station) -> None:
    receipt = await station.send(
        [{"timestamp": station.now.isoformat(), "metrics": {"b": 2, "a": 1.25, "on": True}}],
        units={"a": "celsius"},
    )
    assert receipt == Receipt(accepted=1, duplicate=0, late=0, quarantined=0, rejected=0)
    rows = await station.rows(
        "SELECT device_uuid, timestamp, metric, unit, value FROM device_metric_values ORDER BY metric"
    )
    assert rows == [
        (station.device, station.now, "a", "celsius", 1.25),
        (station.device, station.now, "b", None, 2.0),
        (station.device, station.now, "on", None, 1.0),
    ]


async def test_the_order_of_the_names_in_a_report_does_not_matter(station: Station) -> None:
    await station.send(station.reports(-3, a=1, b=2, c=3))
    await station.send(station.reports(-2, c=3, a=1, b=2))
    await station.send(station.reports(-1, b=2, c=3, a=1) + station.reports(0, a=1, b=2, c=3))
    assert await station.count("metric_sets") == 1
    assert await station.rows("SELECT DISTINCT values FROM device_metrics") == [([1.0, 2.0, 3.0],)]


async def test_a_body_with_different_reports_keeps_them_apart(station: Station) -> None:
    reports = station.reports(-3, a=1) + station.reports(-2, a=1, b=2) + station.reports(-1, a=3)
    assert counts(await station.send(reports)) == (3, 0, 0, 0, 0)
    assert await station.rows("SELECT values FROM device_metrics ORDER BY timestamp") == [
        ([1.0],),
        ([1.0, 2.0],),
        ([3.0],),
    ]


async def test_a_body_sent_again_is_all_duplicates(station: Station) -> None:
    reports = station.reports(-3, -2, -1)
    assert counts(await station.send(reports)) == (3, 0, 0, 0, 0)
    assert counts(await station.send(reports)) == (0, 3, 0, 0, 0)
    assert await station.count() == 3


async def test_only_what_is_new_in_a_body_is_stored(station: Station) -> None:
    await station.send(station.reports(-4, -2))
    assert counts(await station.send(station.reports(-5, -4, -3, -2, -1))) == (3, 2, 0, 0, 0)
    assert await station.count() == 5


async def test_a_repeat_after_a_restart_is_found_by_the_key(station: Station) -> None:
    reports = station.reports(*range(-50, 0))
    await station.send(reports)
    async with ingest_on(station.database) as fresh:
        station.ingest = fresh
        assert counts(await station.send([*reports, *station.reports(0)])) == (1, 50, 0, 0, 0)
    assert await station.count() == 51


async def test_a_row_that_another_process_stored_is_a_duplicate_and_the_rest_of_the_batch_is_stored(
    station: Station,
) -> None:
    await station.send(station.reports(-10))
    async with ingest_on(station.database) as other:
        body = msgspec.json.encode({"reports": station.reports(-5)})
        await other.submit_metrics(station.device, body)
    # This process believes that everything after -10 is new, and learns otherwise from the key.
    assert counts(await station.send(station.reports(-6, -5, -4))) == (2, 1, 0, 0, 0)
    assert station.ingest.statistics().retries == 1
    assert await station.count() == 4


async def test_the_same_report_twice_in_one_body_is_stored_once(station: Station) -> None:
    assert counts(await station.send(station.reports(-2, -1, -2, -2))) == (2, 2, 0, 0, 0)
    assert await station.count() == 2


async def test_the_same_body_sent_twice_at_once_is_stored_once(station: Station) -> None:
    reports = station.reports(-3, -2, -1)
    receipts = await asyncio.gather(*(station.send(reports) for _ in range(5)))
    assert sum(receipt.accepted for receipt in receipts) == 3
    assert sum(receipt.duplicate for receipt in receipts) == 12
    assert await station.count() == 3


async def test_reports_out_of_order_are_all_stored(station: Station) -> None:
    await station.send(station.reports(0))
    assert counts(await station.send(station.reports(-1, -3, -2))) == (3, 0, 0, 0, 0)
    assert await station.count() == 4


async def test_a_report_counts_as_late_from_ten_minutes_on(station: Station) -> None:
    assert counts(await station.send(station.reports(-3600, -660, -540, -1))) == (4, 0, 2, 0, 0)
    assert counts(await station.send(station.reports(-3600, -3601))) == (1, 1, 1, 0, 0)


async def test_many_bodies_at_once_share_commits(station: Station) -> None:
    await station.send(station.reports(0))
    before = station.ingest.statistics().commits
    devices = [uuid4() for _ in range(200)]
    receipts = await asyncio.gather(
        *(station.send(station.reports(-2, -1), device=device) for device in devices)
    )
    assert [receipt.accepted for receipt in receipts] == [2] * 200
    assert await station.count() == 401
    assert station.ingest.statistics().commits - before < 20


async def test_a_metric_set_is_made_once_by_many_processes_at_once(station: Station) -> None:
    body = msgspec.json.encode({"reports": station.reports(0, fresh_a=1, fresh_b=2)})
    async with ingest_on(station.database) as second, ingest_on(station.database) as third:
        await asyncio.gather(
            *(
                ingest.submit_metrics(uuid4(), body)
                for ingest in (station.ingest, second, third)
                for _ in range(5)
            )
        )
    assert await station.count("metric_sets") == 1
    assert await station.count() == 15


async def test_a_packed_body_and_a_body_of_lines_are_understood(station: Station) -> None:
    body = msgspec.json.encode({"reports": station.reports(-1)})
    lines = b"\n".join(msgspec.json.encode(report) for report in station.reports(-2, -3))
    packed = await station.ingest.submit_metrics(station.device, gzip.compress(body), "gzip")
    by_line = await station.ingest.submit_metrics(
        station.device, lines, content_type="application/x-ndjson; charset=utf-8"
    )
    assert counts(packed) == (1, 0, 0, 0, 0)
    assert counts(by_line) == (2, 0, 0, 0, 0)


async def test_a_unit_that_a_device_learns_later_makes_no_other_report_of_one_sent_before(
    station: Station,
) -> None:
    reports = station.reports(*range(-20, 0), a=1, b=2)
    await station.send(reports)
    for _ in range(2):  # the second time it is known to this process that the device has another metric set
        assert counts(await station.send(reports, units={"a": "celsius"})) == (0, 20, 0, 0, 0)
    assert counts(await station.send(station.reports(-1, 0, a=1, b=2), units={"a": "celsius"})) == (
        1,
        1,
        0,
        0,
        0,
    )
    async with ingest_on(station.database) as fresh:
        station.ingest = fresh
        reports = station.reports(*range(-20, 1), a=1, b=2)
        assert counts(await station.send(reports[-1:], units={"a": "kelvin"})) == (0, 1, 0, 0, 0)
        assert counts(await station.send(reports, units={"a": "kelvin"})) == (0, 21, 0, 0, 0)
    assert await station.count() == 21
    assert await station.rows(
        "SELECT unit, count(*) FROM device_metric_values WHERE metric = 'a' GROUP BY unit ORDER BY unit"
    ) == [("celsius", 1), (None, 20)]


async def test_the_newest_report_is_shown_in_its_own_unit(station: Station) -> None:
    await station.send(station.reports(-2, a=1))
    await station.send(station.reports(-1, a=300), units={"a": "kelvin"})
    await station.ingest.stop()
    assert await station.rows("SELECT metric, unit, value FROM device_latest_values") == [
        ("a", "kelvin", 300.0)
    ]
    assert await station.count("device_metric_latest") == 1


async def test_lines_say_their_units_themselves(station: Station) -> None:
    lines = [
        {**station.reports(-4, a=1)[0], "units": {"a": "celsius"}},
        station.reports(-3, a=2)[0],
        {**station.reports(-2, a=3)[0], "units": {"a": "celsius"}},
        {**station.reports(-1, a=4)[0], "units": {"a": 5}},
    ]
    for _ in range(2):
        receipt = await station.ingest.submit_metrics(
            station.device, b"\n".join(map(msgspec.json.encode, lines)), content_type="application/x-ndjson"
        )
        assert [(reason.index, reason.code) for reason in receipt.reasons] == [(3, "units_invalid")]
    assert counts(receipt) == (0, 3, 0, 0, 1)
    assert await station.rows("SELECT unit, value FROM device_metric_values ORDER BY value") == [
        ("celsius", 1.0),
        (None, 2.0),
        ("celsius", 3.0),
    ]


async def test_one_bad_line_of_many_is_refused_alone(station: Station) -> None:
    good = msgspec.json.encode(station.reports(-1)[0])
    receipt = await station.ingest.submit_metrics(
        station.device,
        b"\n".join([good, b'{"timestamp": ', b"\xff\xfe"]),
        content_type="application/x-ndjson",
    )
    assert counts(receipt) == (1, 0, 0, 0, 2)
    assert [(reason.index, reason.code) for reason in receipt.reasons] == [(1, "not_json"), (2, "not_json")]


async def test_a_field_that_is_no_number_is_named_and_the_others_are_kept(station: Station) -> None:
    receipt = await station.send(station.reports(0, cpu_usage=1.0, status="fine", nested={}, nothing=None))
    assert counts(receipt) == (1, 0, 0, 0, 0)
    assert [(reason.index, reason.code, reason.message) for reason in receipt.reasons] == [
        (0, "metric_not_numeric", "metrics.status: expected a number, got text."),
        (0, "metric_not_numeric", "metrics.nested: expected a number, got an object."),
    ]
    assert await station.rows("SELECT metric FROM device_metric_values") == [("cpu_usage",)]


async def test_a_metric_that_is_null_now_and_then_is_simply_absent(station: Station) -> None:
    reports = station.reports(-3, a=1, b=2) + station.reports(-2, a=1, b=None) + station.reports(-1, a=1, b=2)
    assert await station.send(reports) == Receipt(accepted=3, duplicate=0, late=0, quarantined=0, rejected=0)
    assert await station.rows("SELECT values FROM device_metrics ORDER BY timestamp") == [
        ([1.0, 2.0],),
        ([1.0],),
        ([1.0, 2.0],),
    ]


async def test_a_report_with_nothing_in_it_is_refused(station: Station) -> None:
    receipt = await station.send([{"timestamp": station.now.isoformat(), "metrics": {"a": None}}])
    assert counts(receipt) == (0, 0, 0, 0, 1)
    assert receipt.reasons[0].code == "report_empty"


async def test_the_latest_values_follow_and_never_go_back(station: Station) -> None:
    await station.send(station.reports(-10, a=1, b=1))
    await station.send(station.reports(-5, a=2))
    await station.send(station.reports(-20, a=9, b=9))
    await station.ingest.stop()
    assert await station.rows("SELECT metric, value FROM device_latest_values ORDER BY metric") == [
        ("a", 2.0),
        ("b", 1.0),
    ]


async def test_a_latest_value_that_was_not_written_before_a_crash_is_mended_at_the_next_start(
    station: Station,
) -> None:
    await station.send(station.reports(-10, a=1))
    await station.send(station.reports(-5, a=2))
    await station.ingest.stop()
    await station.owner.execute(
        "UPDATE device_metric_latest SET timestamp = %s, values = '{1}'",
        (station.now - timedelta(seconds=10),),
    )
    async with ingest_on(station.database):

        async def is_mended() -> bool:
            return await station.rows("SELECT values FROM device_metric_latest") == [([2.0],)]

        await until(is_mended)


async def test_log_lines_are_stored_and_their_replay_is_not(station: Station) -> None:
    lines = [
        {"level": "WARN", "service": "sshd", "message": "zero\0 inside"},
        {"level": "info"},
        {"message": "ünïcödé \U0001f525"},
    ]
    assert counts(await station.log(*lines)) == (3, 0, 0, 0, 0)
    assert counts(await station.log(*lines)) == (0, 3, 0, 0, 0)
    rows = await station.rows("SELECT sequence, level, service, message FROM device_logs ORDER BY sequence")
    assert rows == [
        (0, "warning", "sshd", "zero\ufffd inside"),
        (1, "info", "", "hello"),
        (2, "info", "", "ünïcödé \U0001f525"),
    ]


async def test_a_log_line_of_an_unknown_level_is_refused_with_the_field(station: Station) -> None:
    receipt = await station.log({"level": "loud"}, {"sequence": -1}, {"message": 5}, {})
    assert counts(receipt) == (1, 0, 0, 0, 3)
    assert [reason.code for reason in receipt.reasons] == [
        "level_unknown",
        "sequence_invalid",
        "message_invalid",
    ]


async def test_metrics_and_logs_at_once_share_a_batch(station: Station) -> None:
    await asyncio.gather(*(station.send(station.reports(one)) for one in range(-20, 0)), station.log({}, {}))
    assert await station.count() == 20
    assert await station.count("device_logs") == 2


async def test_a_body_that_was_stored_is_gone_without_a_search_for_garbage(station: Station) -> None:
    for second in range(-20, 0):  # until a decoder is made for it
        await station.send(station.reports(second))
    answers: list[bytes | BaseException] = []
    sent = Sent(body=msgspec.json.encode({"reports": station.reports(0)}))
    gc.collect()
    gc.disable()
    try:
        for number in range(1, 31):
            assert station.ingest.take(METRICS, station.device, sent, answers.append)
            await until(lambda number=number: len(answers) == number)
        left = [one for one in gc.get_objects() if isinstance(one, Submission)]
    finally:
        gc.enable()
    assert all(isinstance(answer, bytes) for answer in answers)
    assert len(left) < 10, "but for the last batches of the writers"
