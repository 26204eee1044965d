"""What a piece of work took: time, and CPU of the server, of the programs it started, and of this process."""

import resource
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import psutil

__all__ = ["Spent", "spent"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """Seconds."""

    wall: float
    cpu: float


async def spent(postmaster: int, act: Callable[[], Awaitable[object]]) -> Spent:
    """Does it once and measures. Sessions that ended meanwhile count: the postmaster keeps the sum of its children."""
    before, begun = _cpu(postmaster), time.monotonic()
    await act()
    return Spent(wall=time.monotonic() - begun, cpu=_cpu(postmaster) - before)


def _cpu(postmaster: int) -> float:
    server = psutil.Process(postmaster)
    times = server.cpu_times()
    total = times.user + times.system + times.children_user + times.children_system
    for child in server.children():
        try:
            own = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += own.user + own.system
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return float(total)
