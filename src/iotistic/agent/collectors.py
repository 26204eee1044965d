"""The host's metrics, by psutil. A whole look costs about a millisecond of CPU.

Everything that a look cannot read is left out and said once; nothing a host lacks stops the others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import Any, Protocol, final

import psutil

from iotistic.agent.damping import Damped, Monotonic
from iotistic.agent.interfaces import carriers, kind_of
from iotistic.agent.model import InterfaceKind, Report
from iotistic.agent.rates import CoreTime, Rates, busy_percent
from iotistic.agent.routes import default_interface
from iotistic.clock import Clock

__all__ = ["Sampler", "pick_temperature", "units_of"]

Metrics = dict[str, float]
Tell = Callable[..., None]

_MOST_CORES = 64
"""Cores reported one by one; more would drown the rest."""
_SELDOM = timedelta(seconds=15)
"""Looks that cost more than the rest together."""
_HARDWARE_CHANGES = timedelta(minutes=1)
# In the order of trust: the package sensor of the CPU, then what single-board computers call it.
_TEMPERATURE_CHIPS = (
    "coretemp",
    "k10temp",
    "zenpower",
    "cpu_thermal",
    "cpu-thermal",
    "soc_thermal",
    "bcm2835_thermal",
    "acpitz",
)
_TEMPERATURE_LABELS = ("Package id 0", "Tdie", "Tctl")
_COLDEST, _HOTTEST = -40.0, 150.0

_UNITS = {
    "cpu_temp": "celsius",
    "memory_usage": "bytes",
    "memory_total": "bytes",
    "memory_percent": "percent",
    "swap_usage": "bytes",
    "storage_usage": "bytes",
    "storage_total": "bytes",
    "storage_percent": "percent",
    "uptime_seconds": "seconds",
    "process_count": "count",
    "agent_spool_dropped": "count",
}


def units_of(names: Sequence[str]) -> dict[str, str]:
    """The unit of each metric that has one."""
    units = {name: _unit(name) for name in names}
    return {name: unit for name, unit in units.items() if unit}


def _unit(name: str) -> str:
    if name.startswith("cpu_usage"):
        return "percent"
    if name.endswith("_bytes_per_second"):
        return "bytes_per_second"
    return _UNITS.get(name, "")


class _Reading(Protocol):
    @property
    def label(self) -> str: ...
    @property
    def current(self) -> float: ...


def pick_temperature(readings: Mapping[str, Sequence[_Reading]]) -> float | None:
    """The CPU's temperature among all sensors of the host, or None: a disk's or a network card's is no substitute."""
    for chip in _TEMPERATURE_CHIPS:
        sane = [entry for entry in readings.get(chip, ()) if _COLDEST < entry.current < _HOTTEST]
        for label in _TEMPERATURE_LABELS:
            for entry in sane:
                if entry.label == label:
                    return entry.current
        if sane:
            return max(entry.current for entry in sane)
    return None


@dataclass(frozen=True, slots=True)
class _Hardware:
    """The interfaces and disks that count."""

    interfaces: frozenset[str]
    disks: frozenset[str]


@final
class Sampler:
    """Takes one report a call. Rates and CPU usage are over the time since the call before (at first: since it was made)."""

    def __init__(self, clock: Clock, monotonic: Monotonic, tell: Tell) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._tell = tell
        self._silent: set[str] = set()
        self._network = Rates(2)
        self._disk = Rates(2)
        self._hardware = Damped(_look_at_hardware, _HARDWARE_CHANGES, monotonic)
        self._temperature = Damped(_temperature, _SELDOM, monotonic)
        self._processes = Damped(_process_count, _SELDOM, monotonic)
        self._cores: Sequence[CoreTime] = []
        self._usage: Metrics = {}
        self._last: datetime | None = None
        self._probes: dict[str, Callable[[], Metrics]] = {
            "cpu": self._cpu,
            "cpu_temp": lambda: self._temperature() or {},
            "memory": _memory,
            "swap": _swap,
            "storage": _storage,
            "disk": self._disk_rates,
            "network": self._network_rates,
            "load": _load,
            "uptime": self._uptime,
            "processes": lambda: self._processes() or {},
        }
        for baseline in ("cpu", "disk", "network"):
            self._probe(baseline)

    def sample(self, extra: Mapping[str, float] | None = None) -> Report:
        """A report of now, with `extra` metrics of the agent's own."""
        metrics: Metrics = {}
        for name in self._probes:
            metrics |= self._probe(name)
        metrics |= extra or {}
        return Report(
            timestamp=self._timestamp(),
            metrics={name: value for name, value in metrics.items() if isfinite(value)},
        )

    def _timestamp(self) -> datetime:
        """Now in whole milliseconds, never twice the same: it is the report's key."""
        now = self._clock()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        if now == self._last:
            now += timedelta(milliseconds=1)
        self._last = now
        return now

    def _probe(self, name: str) -> Metrics:
        try:
            return self._probes[name]()
        except (psutil.Error, OSError, NotImplementedError, RuntimeError) as error:
            # A hardened container hides parts of /proc; psutil then raises whichever of these.
            if name not in self._silent:
                self._silent.add(name)
                self._tell("metric_unreadable", probe=name, error=str(error))
            return {}

    def _cpu(self) -> Metrics:
        before, now = self._cores, [_core_time(core) for core in psutil.cpu_times(percpu=True)]
        self._cores = now
        if len(before) != len(now):
            return {}  # the first look, or a core was switched on or off
        names = [f"cpu_usage_core_{number}" for number in range(min(len(now), _MOST_CORES))]
        shares = [busy_percent(old, new) for old, new in zip(before, now, strict=True)]
        for name, share in zip(
            ["cpu_usage", *names], [busy_percent(_together(before), _together(now)), *shares], strict=False
        ):
            # A core whose clock did not move keeps its value: the names in a report should be the same each time.
            if share is not None or name not in self._usage:
                self._usage[name] = round(share or 0.0, 2)
        return {name: self._usage[name] for name in ("cpu_usage", *names)}

    def _disk_rates(self) -> Metrics:
        hardware = self._hardware()
        counters: Any = psutil.disk_io_counters(perdisk=True, nowrap=False)
        if not hardware or not counters:
            return {}
        counted = {
            name: (io.read_bytes, io.write_bytes) for name, io in counters.items() if name in hardware.disks
        }
        rates = self._disk.next(counted, self._monotonic())
        if rates is None:
            return {}
        return {
            "disk_read_bytes_per_second": round(rates[0], 1),
            "disk_write_bytes_per_second": round(rates[1], 1),
        }

    def _network_rates(self) -> Metrics:
        hardware = self._hardware()
        counters = psutil.net_io_counters(pernic=True, nowrap=False)
        if not hardware:
            return {}
        counted = {
            name: (io.bytes_recv, io.bytes_sent)
            for name, io in counters.items()
            if name in hardware.interfaces
        }
        rates = self._network.next(counted, self._monotonic())
        if rates is None:
            return {}
        return {
            "network_received_bytes_per_second": round(rates[0], 1),
            "network_sent_bytes_per_second": round(rates[1], 1),
        }

    def _uptime(self) -> Metrics:
        return {"uptime_seconds": max(0.0, round(self._clock().timestamp() - psutil.boot_time(), 1))}


def _core_time(core: Any) -> CoreTime:  # noqa: ANN401 - psutil's fields differ by platform
    # Time of guests is counted in user and nice already.
    total = sum(core) - getattr(core, "guest", 0.0) - getattr(core, "guest_nice", 0.0)
    return CoreTime(busy=total - core.idle - getattr(core, "iowait", 0.0), total=total)


def _together(cores: Sequence[CoreTime]) -> CoreTime:
    return CoreTime(busy=sum(core.busy for core in cores), total=sum(core.total for core in cores))


def _memory() -> Metrics:
    memory = psutil.virtual_memory()
    # What programs hold, as `memory_percent` counts it: caches that the kernel gives back at once are not used.
    return {
        "memory_usage": memory.total - memory.available,
        "memory_total": memory.total,
        "memory_percent": memory.percent,
    }


def _swap() -> Metrics:
    return {"swap_usage": psutil.swap_memory().used}


def _storage() -> Metrics:
    usage = psutil.disk_usage("/")
    return {"storage_usage": usage.used, "storage_total": usage.total, "storage_percent": usage.percent}


def _load() -> Metrics:
    one, five, fifteen = psutil.getloadavg()
    return {"load_1m": round(one, 2), "load_5m": round(five, 2), "load_15m": round(fifteen, 2)}


def _process_count() -> Metrics:
    return {"process_count": len(psutil.pids())}


def _temperature() -> Metrics:
    look: Callable[[], Mapping[str, Sequence[_Reading]]] | None = getattr(
        psutil, "sensors_temperatures", None
    )
    found = pick_temperature(look()) if look is not None else None
    return {} if found is None else {"cpu_temp": round(found, 1)}


def _look_at_hardware() -> _Hardware:
    kinds: dict[str, InterfaceKind] = {
        name: kind_of(name) for name in psutil.net_io_counters(pernic=True, nowrap=False)
    }
    disks: Any = psutil.disk_io_counters(perdisk=True, nowrap=False) or {}
    block = Path("/sys/block")
    # Volumes, loops and memory disks repeat what the disk beneath them does; only hardware has a device.
    real = frozenset(name for name in disks if (block / name / "device").exists())
    return _Hardware(interfaces=carriers(kinds, default_interface()), disks=real or frozenset(disks))
