"""Records the server refuses for good, kept for a person to look at instead of blocking the queue."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import final

import msgspec

from iotistic.clock import Clock

__all__ = ["Rejects"]

_LARGEST = 4 * 2**20
Tell = Callable[..., None]


@final
class Rejects:
    """A file of JSON lines: when, which queue, status and reason, the record itself. Two files of 4 MiB at most."""

    def __init__(self, path: Path, clock: Clock, tell: Tell) -> None:
        self._path = path
        self._clock = clock
        self._tell = tell
        self.count = 0
        """Records put aside since the agent started."""

    def keep(self, lane: str, record: bytes, *, status: int, reason: str) -> None:
        """Puts one record aside and says so; on a disk that does not take it, it is only said."""
        self.count += 1
        self._tell("record_rejected", spool=lane, status=status, reason=reason, kept_in=str(self._path))
        line = msgspec.json.encode(
            {
                "rejected_at": self._clock(),
                "lane": lane,
                "status": status,
                "reason": reason,
                "record": msgspec.Raw(record),
            }
        )
        try:
            self._append(line + b"\n")
        except OSError as error:
            self._tell("rejected_record_lost", spool=lane, error=error.strerror)

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            is_full = size > 0 and size + len(line) > _LARGEST
            if not is_full:
                os.write(descriptor, line)
        finally:
            os.close(descriptor)
        if is_full:
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            self._append(line)
