from datetime import timedelta
from pathlib import Path

import pytest

from iotistic.config import kinds
from iotistic.config.problems import Rejected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("30s", timedelta(seconds=30)),
        ("5min", timedelta(minutes=5)),
        ("5 MIN", timedelta(minutes=5)),
        ("2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, expected: timedelta) -> None:
    assert kinds.DURATION.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("30", "Write 30s, 30ms or 30min."),
        ("5m", "Write 5min."),
        ("5 minutes", "Write 5min."),
        ("1w", "Units are ms, s, min, h and d."),
        ("-1s", "Write a whole number and a unit: 500ms, 30s, 5min, 2h or 1d."),
        ("1.5h", "Write a whole number and a unit: 500ms, 30s, 5min, 2h or 1d."),
        ("0s", "Write for example 10s."),
    ],
)
def test_a_wrong_duration_is_answered_with_a_right_one(text: str, suggestion: str) -> None:
    with pytest.raises(Rejected) as caught:
        kinds.DURATION.parse(text)
    assert caught.value.suggestion == suggestion


def test_a_limit_may_be_zero_and_not_more_than_the_server_counts() -> None:
    assert kinds.LIMIT.parse("0") == timedelta(0)
    assert kinds.LIMIT.parse("24d") == timedelta(days=24)
    with pytest.raises(Rejected):
        kinds.LIMIT.parse("25d")


@pytest.mark.parametrize("text", ["1", "65535"])
def test_ports_reach_from_1_to_65535(text: str) -> None:
    assert kinds.PORT.parse(text) == int(text)


@pytest.mark.parametrize("text", ["0", "65536", "-1", "5432.0", "\u0665", "http"])
def test_what_is_no_port_is_rejected(text: str) -> None:
    with pytest.raises(Rejected):
        kinds.PORT.parse(text)


def test_only_where_a_free_port_makes_sense_is_zero_one() -> None:
    assert kinds.FREE_PORT.parse("0") == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("db.example.com", ("db.example.com",)),
        ("one, two", ("one", "two")),
        ("my_db", ("my_db",)),
        ("::1", ("::1",)),
        ("fe80::1%eth0", ("fe80::1%eth0",)),
        ("/var/run/postgresql", ("/var/run/postgresql",)),
    ],
)
def test_hosts_are_names_addresses_and_socket_folders(text: str, expected: tuple[str, ...]) -> None:
    assert kinds.HOSTS.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("postgresql://h/x", "DATABASE_URL"),
        ("localhost:5432", "DB_PORT"),
        ("a b", "no host"),
        ("one,,two", "no host"),
    ],
)
def test_a_host_that_is_something_else_is_told_where_it_belongs(text: str, word: str) -> None:
    with pytest.raises(Rejected) as caught:
        kinds.HOSTS.parse(text)
    assert word in f"{caught.value.reason} {caught.value.suggestion}"


def test_a_database_name_is_measured_in_bytes() -> None:
    assert kinds.DATABASE_NAME.parse("x" * 63)
    with pytest.raises(Rejected):
        kinds.DATABASE_NAME.parse("x" * 64)
    with pytest.raises(Rejected):
        kinds.DATABASE_NAME.parse("é" * 32)


def test_a_secret_has_a_least_length() -> None:
    assert kinds.secret(4).parse("1234").reveal() == "1234"
    with pytest.raises(Rejected):
        kinds.secret(4).parse("123")


def test_a_count_includes_both_ends() -> None:
    kind = kinds.count(2, 5)
    assert [kind.parse("2"), kind.parse("5")] == [2, 5]
    for text in ("1", "6", "two"):
        with pytest.raises(Rejected):
            kind.parse(text)


def test_a_path_is_made_absolute_and_knows_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.chdir(tmp_path)
    assert kinds.PATH.parse("~/data") == Path("/home/someone/data")
    assert kinds.PATH.parse("data") == tmp_path / "data"


def test_the_home_of_nobody_is_rejected() -> None:
    with pytest.raises(Rejected):
        kinds.PATH.parse("~no-such-account/data")


def test_choices_ignore_capitals() -> None:
    assert kinds.choice("text", "json").parse("JSON") == "json"
