"""What one process's ingest has done so far."""

from dataclasses import dataclass
from typing import final

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
