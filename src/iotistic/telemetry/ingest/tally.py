"""What one process's ingest has done so far."""

from dataclasses import asdict, dataclass
from typing import final

from iotistic.telemetry.ingest.inbox import Inbox
from iotistic.telemetry.model import IngestStatistics

__all__ = ["Tally"]


@final
@dataclass(slots=True)
class Tally:
    """Counters; their meaning is that of `IngestStatistics`."""

    rows: int = 0
    commits: int = 0
    staged: int = 0
    duplicates: int = 0
    quarantined: int = 0
    retries: int = 0
    failed: int = 0

    def statistics(self, inbox: Inbox) -> IngestStatistics:
        """With what waits now."""
        return IngestStatistics(**asdict(self), pending_submissions=inbox.bodies, pending_bytes=inbox.bytes)
