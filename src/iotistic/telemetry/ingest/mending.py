"""What a process that was killed left undone: a report that is stored and was not noted as the latest of its series."""

from datetime import datetime
from typing import Final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements

__all__ = ["mend_latest"]

_QUERIES: Final = Queries("iotistic.telemetry.ingest")


async def mend_latest(connection: Connection, since: datetime, until: datetime) -> int:
    """Brings device_metric_latest up to the reports of this time; answers how many rows were behind."""
    return await _Rows(connection).mend(since, until)


class _Rows:
    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def mend(self, since: datetime, until: datetime) -> int:
        return await self._sql.run("mend_latest", since=since, until=until)
