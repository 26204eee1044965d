"""Finds receipts given before: one question to the database for all requests that came while the last one was answered.

A question for each request took longer than storing its reports, on a session that answers one at a time.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.telemetry.claims import Claim
from iotistic.telemetry.session import Session

__all__ = ["Kept", "Lookups"]

_QUERIES: Final = Queries("iotistic.telemetry")
_DAY = timedelta(days=1)
_MOST = 500
"""Receipts that are asked for together."""


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
        self._waiting: list[tuple[Claim, asyncio.Future[Kept | None]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def find(self, claim: Claim) -> Kept | None:
        """What was answered to a request with this key. Raises what the driver raises."""
        future: asyncio.Future[Kept | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((claim, future))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_all())
        return await future

    async def _ask_all(self) -> None:
        """Not a caller's own task: one that goes away must not take the others' answers along."""
        try:
            while self._waiting:
                asked, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                await self._answer(asked)
        finally:
            self._asking = None

    async def _answer(self, asked: Sequence[tuple[Claim, "asyncio.Future[Kept | None]"]]) -> None:
        try:
            found = await self._ask([claim for claim, _ in asked])
        except BaseException as error:
            for _, future in asked:
                if not future.done():
                    future.set_exception(error) if isinstance(error, Exception) else future.cancel()
            if not isinstance(error, Exception):
                raise
            return
        for number, (_, future) in enumerate(asked, 1):
            if not future.done():
                future.set_result(found.get(number))

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
