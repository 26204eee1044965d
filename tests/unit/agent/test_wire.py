import json
from datetime import UTC, datetime, timedelta

import pytest

from iotistic.agent.model import LogLine, Report
from iotistic.agent.wire import (
    Problem,
    encode,
    parse_challenge,
    parse_enrolled,
    parse_problem,
    parse_receipt,
    parse_retry_after,
    wrap_lines,
    wrap_reports,
)

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


def test_a_report_has_the_shape_of_the_contract() -> None:
    report = Report(
        timestamp=NOW + timedelta(milliseconds=7), metrics={"cpu_usage": 12.5, "memory_total": 2**40}
    )
    body = json.loads(wrap_reports([encode(report), encode(report)], {"cpu_usage": "percent"}))
    assert body == {
        "reports": [
            {
                "timestamp": "2026-11-23T20:00:00.007000Z",
                "metrics": {"cpu_usage": 12.5, "memory_total": 1099511627776},
            }
        ]
        * 2,
        "units": {"cpu_usage": "percent"},
    }


def test_units_are_left_out_when_there_are_none_to_tell() -> None:
    assert json.loads(wrap_reports([])) == json.loads(wrap_reports([], {})) == {"reports": []}


def test_a_line_has_the_shape_of_the_contract() -> None:
    line = LogLine(timestamp=NOW, sequence=123, level="info", service="sshd", message='Grüße\n\t"x"')
    assert json.loads(wrap_lines([encode(line)])) == {
        "lines": [
            {
                "timestamp": "2026-11-23T20:00:00Z",
                "sequence": 123,
                "level": "info",
                "service": "sshd",
                "message": 'Grüße\n\t"x"',
            }
        ]
    }


def test_a_receipt_is_read_with_its_reasons() -> None:
    body = {
        "accepted": 1,
        "duplicate": 2,
        "late": 3,
        "quarantined": 4,
        "rejected": 1,
        "reasons": [],
        "more": "later",
    }
    body["reasons"] = [{"index": 0, "code": "c", "message": "m"}]
    receipt = parse_receipt(json.dumps(body).encode())
    assert receipt is not None
    assert (receipt.accepted, receipt.duplicate, receipt.rejected) == (1, 2, 1)
    assert receipt.reasons[0].code == "c"


@pytest.mark.parametrize(
    "body", [b"", b"<html>Log in to the hotel</html>", b"{}", b'{"accepted": 1}', b"[]", b"\xff"]
)
def test_anything_else_is_no_receipt(body: bytes) -> None:
    assert parse_receipt(body) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"enrolment_id": "", "api_key": "k", "challenge": "c"}',
        b'{"enrolment_id": "e", "api_key": "", "challenge": "c"}',
        b'{"enrolment_id": "e", "api_key": "k"}',
        '{"enrolment_id":"e","api_key":"é","challenge":"c"}'.encode(),
    ],
)
def test_anything_else_is_no_challenge(body: bytes) -> None:
    assert parse_challenge(body) is None


@pytest.mark.parametrize("body", [b"", b"{}", b'{"device_uuid": ""}', b'{"device_uuid": 5}'])
def test_anything_else_is_no_enrolment(body: bytes) -> None:
    assert parse_enrolled(body) is None


def test_a_new_key_does_not_print_itself() -> None:
    challenge = parse_challenge(b'{"enrolment_id": "e", "api_key": "hunter2", "challenge": "c"}')
    assert challenge is not None
    assert "hunter2" not in repr(challenge)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"code": "too_large", "detail": "At most 1 MiB.", "status": 413}', "too_large: At most 1 MiB."),
        (b'{"code": "too_large"}', "too_large"),
        (b'{"title": "Bad Gateway"}', "Bad Gateway"),
        (b"<html>", ""),
        (b'{"code": 5}', ""),
    ],
)
def test_a_problem_is_shown_as_far_as_it_can_be_read(body: bytes, shown: str) -> None:
    assert str(parse_problem(body)) == shown
    assert isinstance(parse_problem(body), Problem)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("0", 0),
        (" 120 ", 120),
        ("Mon, 23 Nov 2026 20:01:00 GMT", 60),
        ("Mon, 23 Nov 2026 19:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("9" * 400, 999_999_999),
        ("Mon, 99 Nov 2026 20:01:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert parse_retry_after(text, lambda: NOW) == expected
