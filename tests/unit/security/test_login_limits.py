"""Who waits before a login: whoever fails, where they fail, and hardly the account."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from iotistic.security.logins.limits import EVERYWHERE, LoginSource, find_pause

NOW = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
HERE = "192.0.2.7/32"


def source(
    name: str, failures: int, *, ago: timedelta = timedelta(0), came_in: timedelta | None = None
) -> LoginSource:
    return LoginSource(
        source=name,
        failures=failures,
        failed_at=NOW - ago if failures else None,
        succeeded_at=None if came_in is None else NOW - came_in,
        seen_at=NOW,
    )


def wait_before(sources: Iterable[LoginSource], *, is_known: bool = False) -> timedelta | None:
    pause = find_pause(sources, is_known=is_known)
    return None if pause is None else pause.left


def test_who_was_never_seen_does_not_wait() -> None:
    assert wait_before([]) is None


@pytest.mark.parametrize(
    ("failures", "seconds"), [(5, None), (6, 1), (7, 2), (14, 256), (15, 300), (500, 300)]
)
def test_failures_from_one_place_double_the_pause_there(failures: int, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert wait_before([source(HERE, failures)]) == expected


@pytest.mark.parametrize(("failures", "seconds"), [(50, None), (51, 1), (55, 16), (56, 30), (100_000, 30)])
def test_all_places_together_pause_an_account_softly(failures: int, seconds: int | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert wait_before([source(EVERYWHERE, failures)]) == expected


def test_the_longer_pause_counts() -> None:
    assert wait_before([source(HERE, 7), source(EVERYWHERE, 1000)]) == timedelta(seconds=30)
    assert wait_before([source(HERE, 15), source(EVERYWHERE, 1000)]) == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("came_in", "waits"), [(timedelta(days=90), True), (timedelta(days=90) - timedelta(seconds=1), False)]
)
def test_what_others_do_elsewhere_does_not_hold_back_whoever_came_in_from_here(
    came_in: timedelta, waits: bool
) -> None:
    wait = wait_before([source(HERE, 0, came_in=came_in), source(EVERYWHERE, 1000)])
    assert (wait is not None) is waits


def test_who_is_logged_in_waits_for_their_own_failures_alone() -> None:
    assert wait_before([source(EVERYWHERE, 1000)], is_known=True) is None
    assert wait_before([source(HERE, 7)], is_known=True) == timedelta(seconds=2)


def test_a_known_place_waits_for_its_own_failures() -> None:
    assert wait_before([source(HERE, 7, came_in=timedelta(days=1))]) == timedelta(seconds=2)
