import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.agent.log_lines import clean, parse_journal_entry, parse_syslog_line
from iotistic.agent.model import HostLine

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("2026-11-23T20:00:00+00:00", NOW),
        ("2026-11-23T21:00:00.5+01:00", NOW + timedelta(milliseconds=500)),
        ("2026-11-23T20:00:00.123456789Z", NOW + timedelta(microseconds=123456)),
        ("2026-11-23 20:00:00.000001+0000", NOW + timedelta(microseconds=1)),
    ],
)
def test_the_modern_form_carries_its_zone(stamp: str, expected: datetime) -> None:
    line = parse_syslog_line(f"{stamp} host sshd[42]: Accepted publickey", NOW)
    assert line == HostLine(timestamp=expected, level="info", service="sshd", message="Accepted publickey")


@pytest.mark.usefixtures("in_berlin")
@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("Nov 23 20:30:00", datetime(2026, 11, 23, 19, 30, tzinfo=UTC)),
        ("Jul  1 12:00:00", datetime(2026, 7, 1, 10, 0, tzinfo=UTC)),
        ("Dec 31 23:59:59", datetime(2025, 12, 31, 22, 59, 59, tzinfo=UTC)),
        ("Nov 24 20:59:00", datetime(2026, 11, 24, 19, 59, tzinfo=UTC)),
        ("Feb 29 12:00:00", NOW),
    ],
)
def test_the_traditional_form_is_local_time_of_the_newest_year_that_fits(
    stamp: str, expected: datetime
) -> None:
    assert parse_syslog_line(f"{stamp} host cron[1]: x", NOW).timestamp == expected


def test_a_line_of_yesteryear_read_just_after_new_year_is_of_yesteryear() -> None:
    now = datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert parse_syslog_line("Dec 31 23:59:59 host x: y", now).timestamp.year == 2026
    assert parse_syslog_line("Jan  1 00:00:00 host x: y", now).timestamp.year == 2027


@pytest.mark.parametrize(
    ("tag", "service", "message"),
    [
        ("kernel: [    0.0] Linux", "kernel", "[    0.0] Linux"),
        ("systemd[1]: Started", "systemd", "Started"),
        ("CRON[12]: (root) CMD (x: y)", "CRON", "(root) CMD (x: y)"),
        ("a/b.c-d[1]: m", "a/b.c-d", "m"),
    ],
)
def test_the_program_is_the_service(tag: str, service: str, message: str) -> None:
    line = parse_syslog_line(f"2026-11-23T20:00:00Z host {tag}", NOW)
    assert (line.service, line.message) == (service, message)


@pytest.mark.parametrize(
    "text", ["no stamp at all", "Nov 23", "2026-13-99T99:99:99Z host x: y", "Xyz 23 20:00:00 host x: y"]
)
def test_anything_else_is_all_message_and_of_now(text: str) -> None:
    assert parse_syslog_line(text, NOW) == HostLine(
        timestamp=NOW, level="info", service="unknown", message=text
    )


@pytest.mark.parametrize(
    ("message", "level"),
    [
        ("ERROR disk on fire", "error"),
        ("[WARN] careful", "warning"),
        ("level=DEBUG x", "debug"),
        ("FATAL: password", "critical"),
        ("an error happened", "info"),
        ("TERRORS", "info"),
        ("x" * 90 + " ERROR", "info"),
    ],
)
def test_a_level_in_capitals_near_the_beginning_counts(message: str, level: str) -> None:
    assert parse_syslog_line(f"2026-11-23T20:00:00Z host x: {message}", NOW).level == level


@given(st.text())
def test_no_line_is_too_strange(text: str) -> None:
    line = parse_syslog_line(text, NOW)
    assert "\0" not in line.message
    assert line.service
    assert line.timestamp.tzinfo is UTC


def test_a_long_message_is_cut_with_an_ellipsis() -> None:
    assert clean("x" * 8192) == "x" * 8192
    assert clean("x" * 8193) == "x" * 8191 + "…"


def entry(**fields: object) -> bytes:
    base = {"__CURSOR": "s=1;i=2", "__REALTIME_TIMESTAMP": "1795464000000001", "MESSAGE": "hello"}
    return json.dumps(base | fields).encode()


def parsed(**fields: object) -> HostLine:
    found = parse_journal_entry(entry(**fields), NOW)
    assert found is not None
    assert found[1] == "s=1;i=2"
    return found[0]


def test_a_journal_entry_is_read_to_the_microsecond() -> None:
    assert parsed(SYSLOG_IDENTIFIER="sshd", PRIORITY="6") == HostLine(
        timestamp=NOW + timedelta(microseconds=1), level="info", service="sshd", message="hello"
    )


@pytest.mark.parametrize(
    ("priority", "level"),
    [
        ("0", "critical"),
        ("2", "critical"),
        ("3", "error"),
        ("4", "warning"),
        ("5", "info"),
        ("6", "info"),
        ("7", "debug"),
        ("9", "info"),
        (None, "info"),
    ],
)
def test_priorities_are_levels(priority: str | None, level: str) -> None:
    assert parsed(PRIORITY=priority).level == level


def test_the_service_is_the_best_name_there_is() -> None:
    assert parsed(_SYSTEMD_UNIT="x.service").service == "x.service"
    assert parsed(_SYSTEMD_UNIT="x.service", _COMM="x").service == "x"
    assert parsed(_COMM="x", SYSLOG_IDENTIFIER="y").service == "y"
    assert parsed().service == "unknown"


def test_bytes_repeated_fields_and_missing_texts_are_understood() -> None:
    assert parsed(MESSAGE=[104, 255, 105]).message == "h\N{REPLACEMENT CHARACTER}i"
    assert parsed(MESSAGE=["first", "second"]).message == "first"
    assert parsed(MESSAGE=None).message == ""
    assert parsed(MESSAGE="a\0b").message == "a\N{REPLACEMENT CHARACTER}b"


def test_an_entry_without_a_time_is_of_now() -> None:
    assert parsed(__REALTIME_TIMESTAMP=None).timestamp == NOW


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"MESSAGE": "no cursor"}', b"\xff"])
def test_what_is_no_entry_is_none(raw: bytes) -> None:
    assert parse_journal_entry(raw, NOW) is None
