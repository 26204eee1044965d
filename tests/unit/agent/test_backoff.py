from datetime import timedelta
from random import Random

import pytest

from iotistic.agent.backoff import Backoff


class Highest(Random):
    """Draws the upper end."""

    def uniform(self, a: float, b: float) -> float:  # noqa: ARG002
        return b


def seconds(value: timedelta) -> float:
    return value.total_seconds()


def test_the_ceiling_doubles_up_to_a_minute() -> None:
    backoff = Backoff(Highest())
    assert [seconds(backoff.next()) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_wait_is_drawn_from_the_whole_range_below_the_ceiling() -> None:
    backoff = Backoff(Random(1), ceiling=timedelta(seconds=1))
    waits = [seconds(backoff.next()) for _ in range(1000)]
    assert min(waits) < 0.05
    assert max(waits) > 0.95
    assert 0.45 < sum(waits) / 1000 < 0.55


def test_a_success_starts_over() -> None:
    backoff = Backoff(Highest())
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert seconds(backoff.next()) == 1


def test_years_of_failures_do_not_overflow() -> None:
    backoff = Backoff(Highest())
    backoff.failures = 10**9
    assert seconds(backoff.next()) == 60


@pytest.mark.parametrize("asked", [0, 1, 300])
def test_the_server_is_obeyed_and_everybody_comes_a_little_later(asked: int) -> None:
    backoff = Backoff(Random(2))
    waits = [seconds(Backoff(Random(seed)).next(timedelta(seconds=asked))) for seed in range(100)]
    assert all(asked <= wait <= asked + 1 for wait in waits)
    assert len(set(waits)) > 90
    assert seconds(backoff.next(timedelta(seconds=asked))) >= asked


def test_the_server_cannot_silence_a_device_for_a_day() -> None:
    assert seconds(Backoff(Highest()).next(timedelta(days=1))) == 15 * 60 + 1
