import os
import re
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import psutil
import pytest

from iotistic.agent.collectors import Sampler, pick_temperature, units_of


class Reading(NamedTuple):
    label: str
    current: float


CONTRACT = {
    "cpu_usage",
    "memory_usage",
    "memory_total",
    "memory_percent",
    "swap_usage",
    "storage_usage",
    "storage_total",
    "storage_percent",
    "network_received_bytes_per_second",
    "network_sent_bytes_per_second",
    "load_1m",
    "load_5m",
    "load_15m",
    "uptime_seconds",
    "process_count",
}


class SteppedClock:
    """Tells the moments it was given, then the last one for ever."""

    def __init__(self, *moments: datetime) -> None:
        self.moments = list(moments)

    def __call__(self) -> datetime:
        return self.moments.pop(0) if len(self.moments) > 1 else self.moments[0]


class FastWatch:
    """Each look at it is a second later."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def tell_nothing(name: str, **fields: object) -> None:
    raise AssertionError(f"{name} {fields}")


def now() -> datetime:
    return datetime.now(UTC)


def burn_cpu(seconds: float = 0.06) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_the_first_report_is_complete_rates_included() -> None:
    sampler = Sampler(now, time.monotonic, tell_nothing)
    burn_cpu()
    metrics = sampler.sample().metrics
    assert metrics.keys() >= CONTRACT
    assert sum(name.startswith("cpu_usage_core_") for name in metrics) == min(64, psutil.cpu_count() or 0)
    assert 0 < metrics["cpu_usage"] <= 100
    assert 0 < metrics["memory_usage"] < metrics["memory_total"]
    assert metrics["uptime_seconds"] > 0
    assert metrics["process_count"] >= 1


def test_every_report_has_the_same_metrics() -> None:
    sampler = Sampler(now, time.monotonic, tell_nothing)
    burn_cpu()
    first = sampler.sample({"agent_spool_dropped": 0}).metrics
    burn_cpu()
    second = sampler.sample({"agent_spool_dropped": 0}).metrics
    assert list(first) == list(second)
    assert second["agent_spool_dropped"] == 0


def test_every_metric_has_a_unit_except_load() -> None:
    sampler = Sampler(now, time.monotonic, tell_nothing)
    burn_cpu()
    names = list(sampler.sample({"agent_spool_dropped": 0}).metrics)
    assert set(names) - units_of(names).keys() == {"load_1m", "load_5m", "load_15m"}
    assert units_of(["cpu_usage_core_3", "cpu_temp", "disk_read_bytes_per_second"]) == {
        "cpu_usage_core_3": "percent",
        "cpu_temp": "celsius",
        "disk_read_bytes_per_second": "bytes_per_second",
    }


def test_names_are_plain() -> None:
    names = Sampler(now, time.monotonic, tell_nothing).sample().metrics
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)


def test_timestamps_are_whole_milliseconds_and_never_twice_the_same() -> None:
    moment = datetime(2026, 11, 23, 20, 0, 0, 123_999, tzinfo=UTC)
    sampler = Sampler(SteppedClock(moment), FastWatch(), tell_nothing)
    first, second = sampler.sample().timestamp, sampler.sample().timestamp
    assert first == moment.replace(microsecond=123_000)
    assert second == first + timedelta(milliseconds=1)


def test_traffic_of_this_host_shows_as_a_rate() -> None:
    sampler = Sampler(now, time.monotonic, tell_nothing)
    metrics = sampler.sample().metrics
    assert metrics["network_received_bytes_per_second"] >= 0


@pytest.mark.parametrize(
    "error", [psutil.AccessDenied(1), PermissionError("no"), NotImplementedError("none"), RuntimeError("no")]
)
def test_what_cannot_be_read_is_left_out_and_said_once(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(psutil, "swap_memory", fail)
    told: list[object] = []
    sampler = Sampler(now, time.monotonic, lambda name, **fields: told.append((name, fields["probe"])))
    for _ in range(3):
        metrics = sampler.sample().metrics
    assert "swap_usage" not in metrics
    assert "memory_usage" in metrics
    assert told == [("metric_unreadable", "swap")]


def test_a_value_that_is_no_number_is_left_out() -> None:
    metrics = (
        Sampler(now, time.monotonic, tell_nothing)
        .sample({"a": float("nan"), "b": float("inf"), "c": 1.0})
        .metrics
    )
    assert "a" not in metrics
    assert "b" not in metrics
    assert metrics["c"] == 1.0


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ({}, None),
        ({"nvme": [Reading("Composite", 40.0)]}, None),
        ({"coretemp": [Reading("Core 0", 70.0), Reading("Package id 0", 60.0)]}, 60.0),
        ({"coretemp": [Reading("Core 0", 50.0), Reading("Core 1", 70.0)]}, 70.0),
        ({"k10temp": [Reading("Tctl", 80.0), Reading("Tdie", 60.0)]}, 60.0),
        ({"acpitz": [Reading("", 27.8)], "cpu_thermal": [Reading("", 48.5)]}, 48.5),
        ({"coretemp": [Reading("Package id 0", 0.0 - 273.0)], "acpitz": [Reading("", 30.0)]}, 30.0),
        ({"coretemp": []}, None),
    ],
)
def test_the_temperature_is_the_processors(
    readings: dict[str, list[Reading]], expected: float | None
) -> None:
    assert pick_temperature(readings) == expected


def test_one_look_costs_little() -> None:
    """Measured at 1.0 to 1.5 ms of CPU with two cores; the bound is an order of magnitude above, for slow machines."""
    sampler = Sampler(now, time.monotonic, tell_nothing)
    sampler.sample()
    before = time.process_time()
    for _ in range(20):
        sampler.sample()
    assert (time.process_time() - before) / 20 < 0.02 * max(1, (os.cpu_count() or 1) / 4)
