import pytest

from iotistic.agent.rates import CoreTime, Rates, busy_percent


def test_the_first_reading_has_no_rate() -> None:
    assert Rates(2).next({"eth0": (100, 200)}, 1.0) is None


def test_a_rate_is_the_difference_over_the_time_summed_over_sources() -> None:
    rates = Rates(2)
    rates.next({"eth0": (100, 200), "eth1": (0, 0)}, 10.0)
    assert rates.next({"eth0": (150, 210), "eth1": (50, 0)}, 12.0) == (50.0, 5.0)


def test_a_counter_that_was_reset_contributes_nothing_once() -> None:
    rates = Rates(1)
    rates.next({"eth0": (10**9,), "eth1": (0,)}, 0.0)
    assert rates.next({"eth0": (500,), "eth1": (10,)}, 1.0) == (10.0,)
    assert rates.next({"eth0": (700,), "eth1": (10,)}, 2.0) == (200.0,)


def test_one_reset_column_discards_its_source_whole() -> None:
    rates = Rates(2)
    rates.next({"sda": (100, 100)}, 0.0)
    assert rates.next({"sda": (90, 500)}, 1.0) == (0.0, 0.0)


def test_sources_that_come_and_go_do_not_jump() -> None:
    rates = Rates(1)
    rates.next({"eth0": (100,), "usb0": (5000,)}, 0.0)
    assert rates.next({"eth0": (100,)}, 1.0) == (0.0,)
    assert rates.next({"eth0": (100,), "usb0": (9000,)}, 2.0) == (0.0,)
    assert rates.next({"eth0": (100,), "usb0": (9100,)}, 3.0) == (100.0,)


@pytest.mark.parametrize("moment", [5.0, 4.0])
def test_no_time_passed_means_no_rate(moment: float) -> None:
    rates = Rates(1)
    rates.next({"eth0": (1,)}, 5.0)
    assert rates.next({"eth0": (2,)}, moment) is None


@pytest.mark.parametrize(
    ("busy", "total", "expected"),
    [
        (0, 1, 0.0),
        (1, 1, 100.0),
        (0.25, 1, 25.0),
        (-0.01, 1, 0.0),
        (1.02, 1, 100.0),
        (0, 0, None),
        (0, -0.01, None),
    ],
)
def test_how_busy_a_core_was_is_between_0_and_100(busy: float, total: float, expected: float | None) -> None:
    assert busy_percent(CoreTime(50.0, 100.0), CoreTime(50.0 + busy, 100.0 + total)) == pytest.approx(
        expected
    )
