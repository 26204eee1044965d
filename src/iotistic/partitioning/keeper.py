"""What partition work asks of an archive, which it knows nothing else of."""

from typing import Protocol

from iotistic.database.pool import Connection
from iotistic.errors import Unavailable
from iotistic.partitioning.grain import Period

__all__ = ["ArchiveNotConfigured", "Keeper"]


class ArchiveNotConfigured(Unavailable):
    """A policy asks for an archive, and who does the work has none."""

    code = "archive_not_configured"

    @classmethod
    def of(cls, parent: str) -> "ArchiveNotConfigured":
        return cls(
            f"The policy of {parent} asks for an archive, and there is none here.",
            hint="A service and `iotistic partitions run` have one; or set partition_policies.archive to false.",
            parent=parent,
        )


class Keeper(Protocol):
    """Keeps rows that are about to be dropped."""

    async def keep(
        self, connection: Connection, *, parent: str, leaf: str, period: Period, table: str | None = None
    ) -> int:
        """Returns only when every row of the partition is kept, and proved to be; `table` holds them if it has another name."""
        ...
