"""What the agent was doing, on disk: written before it is done, so that no end of the process leaves it unsaid.

A job is begun only once it stands here, and its report stands here until the server has it. Whoever starts after a crash, a restart
or a loss of power knows by it whether to go on, to report, or to say that the attempt was interrupted.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, final

import msgspec

from iotistic.agent.job_wire import JobClaim, JobReport
from iotistic.agent.state_folder import write_atomically

__all__ = ["JobEntry", "JobJournal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEntry:
    """The attempt that is under way."""

    claim: JobClaim
    step: int
    """The one that was begun last, from 0."""
    state: Literal["working", "restarting", "reporting"] = "working"
    report: JobReport | None = None
    """What is to be told, while reporting."""
    output: str = ""
    """What the steps before a restart printed."""


_ENTRY = msgspec.json.Decoder(JobEntry)


@final
class JobJournal:
    """One entry in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self) -> JobEntry | None:
        """What was under way; None when nothing was, or the file tells nothing."""
        try:
            return _ENTRY.decode(self._path.read_bytes())
        except (OSError, msgspec.MsgspecError):
            return None

    def write(self, entry: JobEntry) -> None:
        """On the disk when it returns. Raises OSError."""
        write_atomically(self._path, msgspec.json.encode(entry))

    def clear(self) -> None:
        """Nothing is under way any more."""
        self._path.unlink(missing_ok=True)
