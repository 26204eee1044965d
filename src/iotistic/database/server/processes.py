"""Which processes belong to one data folder, told by program and working folder: a pid alone may have been recycled."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from iotistic.database.server.pidfile import PidFile

__all__ = ["Leftovers", "find_leftovers", "is_alive", "is_postmaster", "signal_all", "work_done"]

_PROGRAM = "postgres"
_CHILD_TITLE = "postgres:"
_CLOCK_TOLERANCE = 60
"""Seconds between the start time in postmaster.pid and the kernel's, which the clock may have been set in between."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leftovers:
    """Processes that work in a data folder."""

    postmasters: tuple[int, ...]
    """Servers; more than none without a postmaster.pid means that somebody removed the file."""
    children: tuple[int, ...]
    """Backends and workers."""


def is_alive(pid: int) -> bool:
    """Whether the process exists and is more than an entry its parent has not collected."""
    try:
        return psutil.Process(pid).status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except psutil.NoSuchProcess:
        return False


def is_postmaster(found: PidFile, data: Path) -> bool:
    """Whether the process the file names is a living server of this data folder, and not another one that got its number.

    The postmaster and its children have the data folder as working folder. Where the kernel does not tell (another user's
    process), program and start time decide.
    """
    try:
        process = psutil.Process(found.pid)
        if process.status() in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}:
            return False
        if process.name() != _PROGRAM:
            return False
        try:
            return _same_folder(process.cwd(), data)
        except psutil.AccessDenied:
            return found.started is None or abs(process.create_time() - found.started) < _CLOCK_TOLERANCE
    except psutil.NoSuchProcess:
        return False


def find_leftovers(data: Path) -> Leftovers:
    """Every server process that works in `data`."""
    postmasters: list[int] = []
    children: list[int] = []
    for process in psutil.process_iter(["name"]):
        try:
            if process.name() != _PROGRAM or not _same_folder(process.cwd(), data):
                continue
            title = " ".join(process.cmdline())
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        (children if title.startswith(_CHILD_TITLE) else postmasters).append(process.pid)
    return Leftovers(postmasters=tuple(postmasters), children=tuple(children))


def work_done(pid: int) -> float:
    """Seconds of CPU the process and its children have used: while it grows, a silent recovery still moves."""
    try:
        process = psutil.Process(pid)
        return sum(_cpu(each) for each in [process, *process.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0.0


def signal_all(pids: Iterable[int], signal: int) -> None:
    """Sends to each that still exists."""
    for pid in pids:
        try:
            os.kill(pid, signal)
        except ProcessLookupError:
            continue


def _same_folder(cwd: str, data: Path) -> bool:
    try:
        return bool(cwd) and Path(cwd).samefile(data)
    except OSError:
        return False


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0.0
    return times.user + times.system
