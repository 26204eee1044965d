from dataclasses import replace

from iotistic.cli.stack.live_line import Pulse, render

FIRST = Pulse(moment=100.0, devices=2, online=1, metric_rows=1_000, log_rows=7, bytes=3 * 2**20)


def test_the_line_tells_the_rate_between_two_looks() -> None:
    later = replace(FIRST, moment=110.0, metric_rows=1_025)
    assert render(FIRST, later) == "1/2 devices online · 1,025 reports (2.5/s) · 7 log lines · 3.0 MiB"


def test_the_first_look_has_no_rate() -> None:
    assert "(0.0/s)" in render(FIRST, FIRST)


def test_counters_that_were_reset_by_a_crash_give_no_negative_rate() -> None:
    assert "(0.0/s)" in render(FIRST, replace(FIRST, moment=101.0, metric_rows=3))
