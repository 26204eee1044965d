"""What the doctor makes of clocks, brokers, waits and bloat, on both sides of each bound."""

from datetime import UTC, datetime, timedelta

import pytest

from iotistic.operations.doctor import Circumstances, State
from iotistic.operations.doctor.bloat import Swollen, judge_bloat
from iotistic.operations.doctor.edge import BrokerQuestion, ClockSkews, judge_broker, judge_clocks
from iotistic.operations.doctor.waiting import Wait, judge_waits

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SEEN = Circumstances(now=NOW, server_version=180006, stats_age=timedelta(days=40))
MB = 1 << 20


@pytest.mark.parametrize(
    ("seconds", "state"),
    [
        (-59, State.ok),
        (59, State.ok),
        (-60, State.warn),
        (-599, State.warn),
        (-600, State.critical),
        (61, State.critical),
    ],
)
def test_a_clock_that_is_ahead_is_worse_than_one_that_is_behind(seconds: int, state: State) -> None:
    skews = ClockSkews(compared=10, off=1, worst_device="pump", worst=timedelta(seconds=seconds))
    verdict = judge_clocks(skews, SEEN)
    assert verdict.state is state
    assert f"pump is {abs(seconds)} s {'ahead' if seconds > 0 else 'behind'}" in verdict.observed


def test_clocks_that_nobody_told_are_not_called_fine() -> None:
    none = ClockSkews(compared=0, off=0, worst_device=None, worst=None)
    assert judge_clocks(none, SEEN).state is State.skipped


def question(p95: float, *, calls: int = 20) -> BrokerQuestion:
    return BrokerQuestion(query="SELECT 1", calls=calls, mean_ms=p95, deviation_ms=0)


@pytest.mark.parametrize(
    ("milliseconds", "state"),
    [(19.9, State.ok), (20, State.warn), (99.9, State.warn), (100, State.critical)],
)
def test_a_broker_is_to_be_answered_soon(milliseconds: float, state: State) -> None:
    assert judge_broker([question(1), question(milliseconds)], SEEN).state is state


def test_the_tail_counts_and_not_the_mean() -> None:
    slow = BrokerQuestion(query="SELECT 1", calls=100, mean_ms=5, deviation_ms=10)
    assert judge_broker([slow], SEEN).state is State.warn


@pytest.mark.parametrize("questions", [None, [], [question(500, calls=19)]])
def test_a_broker_that_asks_nothing_is_not_called_fine(questions: list[BrokerQuestion] | None) -> None:
    assert judge_broker(questions, SEEN).state is State.skipped


@pytest.mark.parametrize(
    ("waiting", "state"), [(19, State.ok), (20, State.warn), (49, State.warn), (50, State.critical)]
)
def test_one_kind_of_wait_is_judged_by_its_share(waiting: int, state: State) -> None:
    waits = [
        Wait(kind=None, event=None, sessions=100 - waiting),
        Wait(kind="Lock", event="transactionid", sessions=waiting),
    ]
    verdict = judge_waits(waits, SEEN)
    assert verdict.state is state
    assert "Lock: transactionid" in verdict.observed


def test_a_client_that_is_slow_to_read_is_no_wait_of_the_servers() -> None:
    assert judge_waits([Wait(kind="Client", event="ClientWrite", sessions=100)], SEEN).state is State.ok


def test_a_handful_of_sessions_says_nothing() -> None:
    assert judge_waits([Wait(kind="IO", event="DataFileRead", sessions=19)], SEEN).state is State.ok


@pytest.mark.parametrize(
    ("total", "needed", "state"),
    [
        (1300 * MB, 799 * MB, State.ok),  # 501 MB, 38 percent
        (1000 * MB, 500 * MB, State.ok),  # 50 percent, not more than 500 MB
        (1200 * MB, 600 * MB, State.warn),
        (8000 * MB, 2000 * MB, State.critical),
        (1000 * MB, 1200 * MB, State.ok),
    ],
)
def test_bloat_has_to_be_much_and_a_great_part(total: int, needed: int, state: State) -> None:
    assert judge_bloat([Swollen(name="logs", bytes=total, needed=needed)], SEEN).state is state
