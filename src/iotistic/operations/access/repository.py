"""What the server says about its own access rules."""

from collections.abc import Sequence
from typing import final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.operations.access.rules import Rule

__all__ = ["AccessRepository"]

_QUERIES = Queries("iotistic.operations.access")


@final
class AccessRepository:
    """Asks on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def rules(self) -> Sequence[Rule]:
        """The lines of pg_hba.conf, in order. Raises Denied where this role may not see them."""
        return await self._sql.many("list_rules", Rule)
