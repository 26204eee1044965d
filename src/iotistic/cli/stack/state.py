"""`up.json`: what runs in a data folder, so that other commands find it and a later start finds what a killed one left."""

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

__all__ = ["ProcessMark", "StackState", "find_state", "remove_state", "write_state"]

# Two readings of one process's start time may differ by a clock tick (10 ms on Linux).
_SAME_START = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessMark:
    """A process by pid and start time: a recycled pid is not mistaken for it."""

    pid: int
    started: float
    """Seconds since the epoch, as psutil tells it."""

    @classmethod
    def of(cls, pid: int) -> "ProcessMark":
        """Marks a live process. Raises psutil.NoSuchProcess."""
        return cls(pid=pid, started=psutil.Process(pid).create_time())

    def find(self) -> psutil.Process | None:
        """The process itself if it still lives."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < _SAME_START
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """What one `iotistic up` started."""

    supervisor: ProcessMark
    services: dict[str, ProcessMark]
    """By name: api, agent."""
    api_url: str

    def survivors(self) -> dict[str, psutil.Process]:
        """The services that still live, by name."""
        found = {name: mark.find() for name, mark in self.services.items()}
        return {name: process for name, process in found.items() if process is not None}


def find_state(path: Path) -> StackState | None:
    """What the file says, whether or not it still runs; None when there is no readable file."""
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return StackState(
            supervisor=ProcessMark(**raw["supervisor"]),
            services={name: ProcessMark(**mark) for name, mark in raw["services"].items()},
            api_url=raw["api_url"],
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def write_state(path: Path, state: StackState) -> None:
    """Replaces the file whole, so that a reader never sees half of it."""
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(asdict(state), indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def remove_state(path: Path) -> None:
    """Nothing runs here any more."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
