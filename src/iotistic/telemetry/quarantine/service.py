"""What can be asked of the quarantine and forgotten in it. Replays are in `iotistic.telemetry.quarantine.replay`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.telemetry.quarantine.model import Position, QuarantinedRow, QuarantineFilter

__all__ = ["QuarantineService", "ReasonCount", "bounds_of"]

_QUERIES: Final = Queries("iotistic.telemetry.quarantine")
_LONGEST_PAGE: Final = 1000
_EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)
_NEVER: Final = datetime(2200, 1, 1, tzinfo=UTC)
_BATCH: Final = 5_000
"""Rows that one statement forgets: 0.1 s of locks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCount:
    """How much was set aside for one reason."""

    reason: str
    rows: int
    devices: int


@final
class QuarantineService:
    """On one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def list_rows(
        self, which: QuarantineFilter, *, after: Position | None = None, limit: int = 100
    ) -> Sequence[QuarantinedRow]:
        """Rows by receipt, oldest first, those behind `after`, at most `limit` (up to 1,000)."""
        received_at, identity = after or (_EVER, UUID(int=0))
        return await self._sql.many(
            "list_quarantined",
            QuarantinedRow,
            **bounds_of(which),
            after_received_at=received_at,
            after_id=identity,
            limit=min(limit, _LONGEST_PAGE),
        )

    async def count(self, which: QuarantineFilter) -> Sequence[ReasonCount]:
        """How many rows there are, by reason."""
        return await self._sql.many("count_quarantined", ReasonCount, **bounds_of(which))

    async def drop_batch(self, which: QuarantineFilter) -> int:
        """Forgets up to 5,000 rows for good; answers how many. Called again until it answers 0."""
        return await self._sql.run("drop_quarantined", **bounds_of(which), limit=_BATCH)


def bounds_of(which: QuarantineFilter) -> dict[str, Any]:
    """The filter as parameters of a query."""
    return {
        "device_uuid": which.device_uuid,
        "reason": which.reason,
        "since": which.since or _EVER,
        "until": which.until or _NEVER,
    }
