"""Which processes use most of the host, without the cost of looking at all of them at once.

psutil takes about 140 us a process for name, CPU time and memory; /proc/<pid>/stat holds all three and takes 16 us. A pass
over all processes is also cut into steps, so that a host with thousands of them is not woken for long at any tick.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import nlargest
from typing import final

import psutil

from iotistic.agent.damping import Monotonic
from iotistic.agent.model import TopProcess

__all__ = ["ProcessSample", "ProcessTable", "list_pids", "parse_stat", "reader_for_this_host"]

_SHOWN = 10
_STEP = 200
"""Processes looked at per step: about 3 ms."""
_MOST = 20_000
"""Processes looked at per pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSample:
    """One look at one process."""

    pid: int
    name: str
    cpu_seconds: float
    """Used so far."""
    started: float
    """Seconds since boot: with the pid it names the process for good."""
    memory_bytes: int


ReadProcess = Callable[[int], ProcessSample | None]
"""A look at a process, or None when it has gone or may not be seen."""


@final
class ProcessTable:
    """Looks at processes step by step; after each full pass it has a new list of the busiest."""

    def __init__(self, read: ReadProcess, pids: Callable[[], Iterable[int]], monotonic: Monotonic) -> None:
        self._read = read
        self._pids = pids
        self._monotonic = monotonic
        self._queue: list[int] = []
        self._before: dict[int, tuple[float, ProcessSample]] = {}
        self._now: dict[int, tuple[float, ProcessSample]] = {}
        self._shares: dict[int, float] = {}
        self._began = 0.0
        self._began_before: float | None = None

    def begin(self) -> None:
        """Starts a pass, unless one is under way."""
        if not self._queue:
            self._queue = sorted(self._pids(), reverse=True)[:_MOST]
            self._began = self._monotonic()

    def step(self) -> tuple[TopProcess, ...] | None:
        """Looks at some more processes; answers the busiest when that completed the pass."""
        if not self._queue:
            return None
        for _ in range(min(_STEP, len(self._queue))):
            sample = self._read(self._queue.pop())
            if sample is not None:
                moment = self._monotonic()
                self._now[sample.pid] = (moment, sample)
                self._shares[sample.pid] = self._share(sample, moment)
        return None if self._queue else self._finish()

    def _share(self, sample: ProcessSample, moment: float) -> float:
        since, used = self._began_before, sample.cpu_seconds
        before = self._before.get(sample.pid)
        if before is not None and before[1].started == sample.started:
            since, used = before[0], used - before[1].cpu_seconds
        # Otherwise it was born since the pass before (its pid may have been another's): all it used is of that time.
        if since is None or moment <= since:
            return 0.0
        return 100.0 * max(0.0, used) / (moment - since)

    def _finish(self) -> tuple[TopProcess, ...]:
        def weight(pid: int) -> tuple[float, int]:
            return self._shares[pid], self._now[pid][1].memory_bytes

        top = tuple(
            TopProcess(
                pid=pid,
                name=self._now[pid][1].name,
                cpu_percent=round(self._shares[pid], 1),
                memory_bytes=self._now[pid][1].memory_bytes,
            )
            for pid in nlargest(_SHOWN, self._now, key=weight)
        )
        self._before, self._now, self._shares = self._now, {}, {}
        self._began_before = self._began
        return top


def reader_for_this_host() -> ReadProcess:
    """The cheapest way to look at a process here."""
    return _read_stat if os.path.exists("/proc/self/stat") else _read_by_psutil  # noqa: PTH110 - one stat, once


def list_pids() -> list[int]:
    """All process ids; none where they may not be listed."""
    try:
        return psutil.pids()
    except (psutil.Error, OSError):
        return []


def parse_stat(raw: bytes, *, ticks: int, page: int) -> ProcessSample | None:
    """One /proc/<pid>/stat (proc_pid_stat(5)); None when it is not one. `ticks` a second, `page` bytes."""
    # The name is in parentheses and may hold spaces and parentheses itself.
    opening, closing = raw.find(b"("), raw.rfind(b")")
    fields = raw[closing + 2 :].split()
    if opening < 0 or closing < opening or len(fields) < 22:  # noqa: PLR2004 - rss is the 24th field of all
        return None
    return ProcessSample(
        pid=int(raw[:opening]),
        name=raw[opening + 1 : closing].decode("utf-8", "replace"),
        cpu_seconds=(int(fields[11]) + int(fields[12])) / ticks,
        started=int(fields[19]) / ticks,
        memory_bytes=int(fields[21]) * page,
    )


_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def _read_stat(pid: int) -> ProcessSample | None:
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        raw = os.read(descriptor, 4096)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return parse_stat(raw, ticks=_TICKS, page=_PAGE)


def _read_by_psutil(pid: int) -> ProcessSample | None:
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            times = process.cpu_times()
            return ProcessSample(
                pid=pid,
                name=process.name(),
                cpu_seconds=times.user + times.system,
                started=process.create_time(),
                memory_bytes=process.memory_info().rss,
            )
    except (psutil.Error, OSError):
        return None
