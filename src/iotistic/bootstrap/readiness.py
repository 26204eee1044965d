"""Reasons for and against sending traffic to a process."""

import shutil
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Finding", "judge_disk", "look_at_disk"]

_LEAST = 256 << 20
"""Sixteen pieces of the server's log: a server that cannot write the next one stops, and takes its connections with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason for or against sending traffic here."""

    check: str
    """What was looked at: pool, schema, partitions, disk."""
    ready: bool
    detail: str
    """What was seen, and what to do when it is not as it should be."""


def look_at_disk(folder: Path) -> Finding:
    """The disk with the data of a server on this machine."""
    return judge_disk(shutil.disk_usage(folder).free)


def judge_disk(free: int) -> Finding:
    """Ready while 256 MB are free: what is acknowledged has to find room. How much is told to those who may ask the doctor."""
    if free < _LEAST:
        return Finding(
            check="disk", ready=False, detail="too little room: see `iotistic doctor --check disk`"
        )
    return Finding(check="disk", ready=True, detail="has room")
