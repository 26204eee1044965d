from uuid import UUID

from iotistic.telemetry.clocks.skew import Skews, estimate

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DEVICE, OTHER = UUID(int=1), UUID(int=2)


def observed(skews: Skews, *leads: int, device: UUID = DEVICE) -> None:
    for lead in leads:
        skews.observe(device, lead)


def test_two_bodies_say_nothing_and_three_do() -> None:
    assert estimate([5, 5]) is None
    assert estimate([5, 5, 5]) == 5


def test_delay_does_not_count_as_a_slow_clock_once_something_came_at_once() -> None:
    assert estimate([-HOUR, -HOUR, -HOUR, -2, -1]) == -2


def test_a_clock_that_is_behind_is_behind_in_all_bodies() -> None:
    assert estimate([-HOUR - 5, -HOUR, -HOUR - 9]) == -HOUR - 5


def test_one_garbled_timestamp_changes_nothing() -> None:
    assert estimate([10**15, -1, -2, -3]) == -1


def test_an_estimate_is_written_at_most_once_a_minute_and_only_when_it_changed() -> None:
    skews = Skews(10)
    observed(skews, 0, 0, 0)
    rows = skews.due(100.0)
    assert rows == [(DEVICE, 0)]
    skews.written(rows, 100.0)
    observed(skews, *[HOUR] * 16)
    assert skews.due(159.9) == []
    observed(skews, HOUR)
    assert skews.due(160.0) == [(DEVICE, HOUR)]
    skews.written([(DEVICE, HOUR)], 160.0)
    observed(skews, *[HOUR + HOUR // 11] * 16)
    assert skews.due(300.0) == []
    observed(skews, *[HOUR + HOUR // 9] * 16)
    assert skews.due(300.0) == [(DEVICE, HOUR + HOUR // 9)]


def test_an_unchanged_estimate_is_renewed_after_an_hour() -> None:
    skews = Skews(10)
    observed(skews, 0, 0, 0)
    skews.written(skews.due(0.0), 0.0)
    observed(skews, 0)
    assert skews.due(3_599.0) == []
    observed(skews, 0)
    assert skews.due(3_600.0) == [(DEVICE, 0)]


def test_what_could_not_be_written_is_due_again() -> None:
    skews = Skews(10)
    observed(skews, 0, 0, 0)
    assert skews.due(0.0) == [(DEVICE, 0)]
    observed(skews, 0)
    assert skews.due(1.0) == [(DEVICE, 0)]


def test_the_oldest_device_is_forgotten_when_there_are_too_many() -> None:
    skews = Skews(1)
    observed(skews, 0, 0, 0)
    observed(skews, 7, 7, 7, device=OTHER)
    assert skews.due(0.0) == [(OTHER, 7)]
