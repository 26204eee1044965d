"""Reads the overview from one connection to the platform database."""

from collections.abc import Sequence
from typing import final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.operations.overview.model import DatabaseSize, DeviceCounts, Overview, TableSize

__all__ = ["OverviewService"]

_QUERIES = Queries("iotistic.operations.overview")


@final
class OverviewService:
    """Cheap enough to be asked every second: catalogs and statistics, no scan of telemetry."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def overview(self, databases: Sequence[str], *, tables: int = 10) -> Overview:
        """Devices, the sizes of these databases, and the `tables` largest tables."""
        return Overview(
            devices=await self.device_counts(),
            databases=await self._sql.many("database_sizes", DatabaseSize, names=list(databases)),
            tables=await self._sql.many("table_sizes", TableSize, limit=tables),
        )

    async def device_counts(self) -> DeviceCounts:
        """Registered and connected devices."""
        counts = await self._sql.one("device_counts", DeviceCounts)
        return counts or DeviceCounts(registered=0, online=0)

    async def inserted_rows(self, parent: str) -> int:
        """Rows ever added to a partitioned table; the difference of two readings is its rate."""
        return int(await self._sql.value("inserted_rows", parent=parent))
