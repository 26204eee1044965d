"""Whoever fails waits longer and longer, and never for ever."""

from datetime import UTC, datetime, timedelta

import pytest

from iotistic.security.backoff import Backoff

NOW = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
BACKOFF = Backoff(free=3, first=timedelta(seconds=1), longest=timedelta(seconds=10))


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (3, 0), (4, 1), (5, 2), (6, 4), (7, 8), (8, 10), (9, 10), (2**62, 10)],
)
def test_each_failure_beyond_the_free_ones_doubles_the_pause(failures: int, seconds: int) -> None:
    assert BACKOFF.pause(failures) == timedelta(seconds=seconds)


def test_the_pause_ends_to_the_microsecond() -> None:
    end = NOW + timedelta(seconds=1)
    assert BACKOFF.left(4, NOW, end - timedelta(microseconds=1)) == timedelta(microseconds=1)
    assert BACKOFF.left(4, NOW, end) is None


def test_nobody_who_never_failed_waits() -> None:
    assert BACKOFF.left(0, None, NOW) is None
    assert BACKOFF.left(3, NOW, NOW) is None
