from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotistic.telemetry.wire.stamps import (
    CLOCK_SET_SINCE,
    EARLIEST,
    LATEST,
    MICROSECOND,
    from_number,
    moment_in,
    moment_of,
    stamp_of,
)

moments = st.datetimes(timezones=st.just(UTC))
# From 1973 on, the same date in another unit is another magnitude.
recent = st.integers(10**8, 10**10)


@given(moments)
def test_a_moment_survives_the_way_to_a_stamp_and_back(moment: datetime) -> None:
    assert moment_of(stamp_of(moment)) == moment


def test_a_stamp_counts_microseconds_since_2000() -> None:
    assert stamp_of(datetime(2000, 1, 1, tzinfo=UTC)) == 0
    assert stamp_of(datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1


def test_the_zone_of_a_moment_does_not_matter() -> None:
    utc = datetime(2026, 11, 23, 20, tzinfo=UTC)
    assert stamp_of(utc.astimezone(timezone(timedelta(hours=5, minutes=45)))) == stamp_of(utc)


def test_the_first_and_the_last_year_are_shown_and_what_is_beyond_is_not() -> None:
    assert moment_of(EARLIEST) == datetime.min.replace(tzinfo=UTC)
    assert moment_of(LATEST) == datetime.max.replace(tzinfo=UTC)
    assert moment_of(EARLIEST - 1) is None
    assert moment_of(LATEST + 1) is None


def test_clocks_are_set_since_2015() -> None:
    assert moment_of(CLOCK_SET_SINCE) == datetime(2015, 1, 1, tzinfo=UTC)


@given(recent, st.sampled_from([10**3, 10**6, 10**9]))
def test_every_unit_of_the_same_time_is_the_same_stamp(seconds: int, per_second: int) -> None:
    expected = stamp_of(datetime(1970, 1, 1, tzinfo=UTC)) + seconds * 1_000_000
    assert from_number(seconds) == expected
    assert from_number(seconds * per_second) == expected


def test_fractions_of_seconds_are_kept_to_the_microsecond() -> None:
    moment = datetime(2026, 11, 23, 20, 15, 30, 123_457, tzinfo=UTC)
    assert from_number(moment.timestamp()) == stamp_of(moment)


@pytest.mark.parametrize("number", [0, -1, 1e308, -1e308, 2**63, -(2**63), 0.5])
def test_every_number_is_some_stamp(number: float) -> None:
    assert isinstance(from_number(number), int)


@pytest.mark.parametrize(
    "text",
    ["2026-11-23T20:00:00Z", "2026-11-23 20:00:00+00:00", "2026-11-24T01:45:00+05:45", "20261123T200000Z"],
)
def test_iso_8601_is_understood_in_its_usual_forms(text: str) -> None:
    assert moment_in(text) == datetime(2026, 11, 23, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "2026-11-23T20:00:00", "2026-11-23", "20:00", "now", "2026-13-01T00:00:00Z"]
)
def test_what_names_no_moment_is_none(text: str) -> None:
    assert moment_in(text) is None


def test_a_microsecond_is_one_stamp() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert stamp_of(now + MICROSECOND) - stamp_of(now) == 1
