"""What a process remembers of pauses: exactly what it was told, for some seconds, and nothing of those who may be spared."""

from datetime import timedelta

from iotistic.http.login_pauses import LoginPauses
from iotistic.security.logins import LoginPaused
from iotistic.security.logins.limits import Pause

HERE, ELSEWHERE, HOME = "192.0.2.7", "198.51.100.7", "203.0.113.7"


class Time:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def paused(
    *, here: int | None = None, together: int | None = None, known: frozenset[str] | None = frozenset()
) -> LoginPaused:
    def wait(seconds: int | None) -> timedelta | None:
        return None if seconds is None else timedelta(seconds=seconds)

    return LoginPaused(Pause(here=wait(here), together=wait(together)), known=known)


def test_nothing_is_known_of_whom_nothing_was_told() -> None:
    pauses = LoginPauses()
    pauses.keep("ada", HERE, paused(here=2))
    assert pauses.find("ada", ELSEWHERE) is None
    assert pauses.find("bob", HERE) is None


def test_a_pause_is_told_until_it_ends_and_not_at_that_moment() -> None:
    time = Time()
    pauses = LoginPauses(now=time)
    pauses.keep("ada", HERE, paused(here=2))
    time.now = 1.5
    found = pauses.find("ada", HERE)
    assert found is not None
    assert found.retry_after == timedelta(seconds=0.5)
    time.now = 2.0
    assert pauses.find("ada", HERE) is None


def test_a_long_pause_is_asked_for_again_after_some_seconds() -> None:
    time = Time()
    pauses = LoginPauses(longest=timedelta(seconds=5), now=time)
    pauses.keep("ada", HERE, paused(here=300))
    time.now = 4.9
    found = pauses.find("ada", HERE)
    assert found is not None
    assert found.retry_after == timedelta(seconds=295.1)
    time.now = 5.0
    assert pauses.find("ada", HERE) is None


def test_a_pause_of_all_places_holds_every_place_but_those_that_are_known() -> None:
    pauses = LoginPauses()
    pauses.keep("ada", HERE, paused(together=30, known=frozenset({f"{HOME}/32"})))
    assert pauses.find("ada", ELSEWHERE) is not None
    assert pauses.find("ada", HOME) is None


def test_a_pause_of_all_places_is_not_kept_where_it_is_not_told_whom_it_spares() -> None:
    pauses = LoginPauses()
    pauses.keep("ada", HERE, paused(together=30, known=None))
    assert pauses.find("ada", HERE) is None


def test_the_longer_of_two_pauses_is_told() -> None:
    pauses = LoginPauses(now=Time())
    pauses.keep("ada", HERE, paused(here=2, together=30))
    found = pauses.find("ada", HERE)
    assert found is not None
    assert found.retry_after == timedelta(seconds=30)


def test_who_came_in_is_held_by_nothing_that_was_told_before() -> None:
    pauses = LoginPauses()
    pauses.keep("ada", HERE, paused(here=2, together=30))
    pauses.forget("ada", HERE)
    assert pauses.find("ada", HERE) is None


def test_addresses_of_one_customer_are_one_place() -> None:
    pauses = LoginPauses()
    pauses.keep("ada", "2001:db8:7::1", paused(here=2))
    assert pauses.find("ada", "2001:db8:7::2") is not None
    assert pauses.find("ada", "2001:db8:8::1") is None


def test_of_more_than_there_is_room_for_the_oldest_is_forgotten() -> None:
    pauses = LoginPauses(most=2)
    for name in ("ada", "bob", "eve"):
        pauses.keep(name, HERE, paused(here=2))
    assert [pauses.find(name, HERE) is not None for name in ("ada", "bob", "eve")] == [False, True, True]
