"""Finds receipts given before, all together that are asked for at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.telemetry.ingest.claims import Claim
from iotistic.telemetry.ingest.questions import Questions
from iotistic.telemetry.ingest.session import Session

__all__ = ["Kept", "Lookups"]

_QUERIES: Final = Queries("iotistic.telemetry.ingest")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A receipt, and what it was given for."""

    number: int
    """Which of the claims that were asked for, from 1."""
    request_digest: bytes
    receipt: bytes


@final
class Lookups:
    """One per process."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._questions = Questions(self._ask)

    async def find(self, claim: Claim) -> Kept | None:
        """What was answered to a request with this key. Raises what the driver raises."""
        return await self._questions.answer(claim)

    async def _ask(self, claims: Sequence[Claim]) -> dict[int, Kept]:
        days = [claim.day for claim in claims]
        async with self._session.use() as connection:
            rows = await _Rows(connection).find(claims, min(days) - _DAY, max(days))
        return {row.number: row for row in rows}


@final
class _Rows:
    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def find(self, claims: Sequence[Claim], since: datetime, until: datetime) -> list[Kept]:
        return await self._sql.many(
            "find_receipts",
            Kept,
            senders=[claim.sender for claim in claims],
            routes=[claim.route for claim in claims],
            idempotency_keys=[claim.key for claim in claims],
            since=since,
            until=until,
        )
