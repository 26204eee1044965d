"""How many requests a caller may send, told by a clock that stands still unless it is set."""

import pytest

from iotistic.http.rate_limits import RateLimit, TooManyRequests, is_counted


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize("quota", [1, 7, 600, 6000])
def test_a_minutes_worth_may_come_at_once_and_not_one_more(clock: Clock, quota: int) -> None:
    limit = RateLimit(quota, now=clock)
    left = [limit.take("a") for _ in range(quota)]
    assert [one.left for one in left if one] == list(range(quota - 1, -1, -1))
    with pytest.raises(TooManyRequests) as refused:
        limit.take("a")
    assert refused.value.retry_after is not None
    assert refused.value.retry_after.total_seconds() == pytest.approx(60 / quota, abs=1e-3)


def test_what_was_refused_costs_nothing(clock: Clock) -> None:
    limit = RateLimit(60, now=clock)
    for _ in range(60):
        limit.take("a")
    for _ in range(100):
        with pytest.raises(TooManyRequests):
            limit.take("a")
    clock.now += 1.001
    assert limit.take("a") is not None
    with pytest.raises(TooManyRequests):
        limit.take("a")


def test_after_a_quiet_minute_everything_is_there_again_and_no_more(clock: Clock) -> None:
    limit = RateLimit(60, now=clock)
    for _ in range(60):
        limit.take("a")
    clock.now += 600
    first = limit.take("a")
    assert first is not None
    assert (first.left, first.whole_in) == (59, 1)


def test_one_caller_does_not_use_up_what_another_may(clock: Clock) -> None:
    limit = RateLimit(1, now=clock)
    limit.take("a")
    assert limit.take("b") is not None


def test_zero_is_no_limit(clock: Clock) -> None:
    limit = RateLimit(0, now=clock)
    assert {limit.take("a") for _ in range(1000)} == {None}


def test_a_million_callers_take_no_more_room_than_a_few(clock: Clock) -> None:
    limit = RateLimit(10, callers=100, now=clock)
    for number in range(1000):
        limit.take(str(number))
    assert len(limit._whole_at) == 100


def test_the_headers_say_what_is_left(clock: Clock) -> None:
    allowance = RateLimit(60, now=clock).take("a")
    assert allowance is not None
    assert allowance.headers == [
        (b"ratelimit-policy", b'"minute";q=60;w=60'),
        (b"ratelimit", b'"minute";r=59;t=1'),
    ]


@pytest.mark.parametrize(
    ("path", "counted"),
    [
        ("/health", False),
        ("/metrics", False),
        ("/api/v1/devices/x/metrics", False),
        ("/api/v1/devices/x/logs", False),
        ("/api/v1/devices", True),
        ("/api/v1/devices/x/shadow", True),
        ("/api/v1/auth/login", True),
    ],
)
def test_telemetry_and_probes_are_not_counted(path: str, *, counted: bool) -> None:
    assert is_counted(path) is counted
