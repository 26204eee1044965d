"""Asks a server what it does and how it is filled. Changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.errors import NotInstalled
from iotistic.operations.inspection.model import (
    Connections,
    IndexUse,
    ProgressRow,
    ServerStatus,
    Session,
    StatementOrder,
    StatementUse,
    TableSize,
)

__all__ = ["Inspector", "StatementsUncounted"]

QUERIES = Queries("iotistic.operations.inspection")


class StatementsUncounted(NotInstalled):
    """pg_stat_statements is not there, so nobody counts what statements take."""

    code = "statements_uncounted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """Whether statements are counted."""

    is_loaded: bool
    is_made: bool


@final
class Inspector:
    """Asks on one connection to the database it is about."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, QUERIES)

    async def status(self) -> ServerStatus:
        """The server, and this database."""
        (status,) = await self._sql.many("server_status", ServerStatus)
        return status

    async def connections(self) -> Sequence[Connections]:
        """Client sessions by database, role and state."""
        return await self._sql.many("connections", Connections)

    async def table_sizes(self, limit: int = 1000) -> Sequence[TableSize]:
        """The largest tables, leaves counted with their parent."""
        return await self._sql.many("table_sizes", TableSize, limit=limit)

    async def index_use(self, limit: int = 1000) -> Sequence[IndexUse]:
        """Indexes by how little they are read, leaves counted with their parent."""
        return await self._sql.many("index_use", IndexUse, limit=limit)

    async def statement_use(
        self, *, order: StatementOrder = StatementOrder.total, limit: int = 20
    ) -> Sequence[StatementUse]:
        """What statements of this database take. Raises StatementsUncounted."""
        counting = await self._sql.one("statement_counting", Counting)
        if counting is None or not counting.is_loaded:
            raise StatementsUncounted(
                "The server does not load pg_stat_statements, so nobody counts what statements take.",
                hint="Add it to shared_preload_libraries (ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements';)"
                " and restart the server; then CREATE EXTENSION pg_stat_statements; in the database.",
            )
        if not counting.is_made:
            raise StatementsUncounted(
                "The server counts statements, and this database has no view of them.",
                hint="As a superuser in this database: CREATE EXTENSION pg_stat_statements;",
            )
        return await self._sql.many("statement_use", StatementUse, sorting=order.value, limit=limit)

    async def sessions(self) -> Sequence[Session]:
        """Every process of the server but the one that asks, the longest transaction first."""
        return await self._sql.many("sessions", Session)

    async def progress(self) -> Sequence[ProgressRow]:
        """Long commands in this database, and base backups."""
        return await self._sql.many("progress", ProgressRow)
