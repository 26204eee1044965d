from datetime import timedelta

from iotistic.agent.damping import Damped, Every


class Watch:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_is_due_at_first_and_then_once_an_interval() -> None:
    watch = Watch()
    every = Every(timedelta(seconds=10), watch)
    assert every.is_due()
    assert not every.is_due()
    watch.now += 9.9
    assert not every.is_due()
    watch.now += 0.1
    assert every.is_due()
    assert not every.is_due()


def test_a_long_pause_is_not_made_up_for() -> None:
    watch = Watch()
    every = Every(timedelta(seconds=10), watch)
    every.is_due()
    watch.now += 1000
    assert [every.is_due(), every.is_due()] == [True, False]


def test_a_costly_look_is_taken_when_due_and_remembered_between() -> None:
    watch = Watch()
    looks = iter(range(10))
    value = Damped(lambda: next(looks), timedelta(seconds=10), watch)
    assert [value(), value()] == [0, 0]
    watch.now += 10
    assert [value(), value()] == [1, 1]
