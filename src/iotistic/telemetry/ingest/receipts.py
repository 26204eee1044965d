"""Answers to requests with an Idempotency-Key: given once, repeated byte for byte, also after a crash in between.

A receipt is stored in the transaction of its rows, so there is none without the other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Final, final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.telemetry.errors import IdempotencyKeyReused, IngestUnavailable
from iotistic.telemetry.ingest.claims import Claim, Identity
from iotistic.telemetry.ingest.lookups import Lookups
from iotistic.telemetry.ingest.patience import Patience
from iotistic.telemetry.ingest.session import Session

__all__ = ["Receipts", "keep"]

_QUERIES: Final = Queries("iotistic.telemetry.ingest")


@final
class Receipts:
    """Finds the answer given before, or has the request worked on; the same request twice at once is worked on once."""

    def __init__(self, session: Session, patience: Patience) -> None:
        self._session = session
        self._patience = patience
        self._lookups = Lookups(session)
        self._working: dict[Identity, tuple[bytes, asyncio.Future[bytes]]] = {}

    async def answer(self, claim: Claim, work: Callable[[], Awaitable[None]]) -> bytes:
        """The receipt. `work` stores the rows and sets `claim.kept`, unless another process was quicker.

        Raises IdempotencyKeyReused when the key came with another body before; what `work` raises.
        """
        working = self._working.get(claim.identity)
        if working is not None:
            _check(claim, working[0])
            return await asyncio.shield(working[1])
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._working[claim.identity] = claim.digest, future
        try:
            answer = await self._answer(claim, work)
        except BaseException as error:
            future.set_exception(error if isinstance(error, Exception) else _interrupted())
            future.exception()  # nobody need be waiting for it
            raise
        finally:
            del self._working[claim.identity]
        future.set_result(answer)
        return answer

    async def keep(self, claim: Claim, receipt: bytes) -> None:
        """Stores an answer by itself, after rows that were stored with answers of their own."""
        async with self._session.use() as connection:
            if await keep(connection, [(claim, receipt)]):
                claim.kept = receipt

    async def _answer(self, claim: Claim, work: Callable[[], Awaitable[None]]) -> bytes:
        found = await self._find(claim)
        if found is None:
            await work()
            found = claim.kept or await self._find(claim)
        if found is None:
            raise _interrupted()
        return found

    async def _find(self, claim: Claim) -> bytes | None:
        kept = await self._patience.ask(partial(self._lookups.find, claim))
        if kept is None:
            return None
        _check(claim, kept.request_digest)
        return kept.receipt


async def keep(connection: Connection, answers: Sequence[tuple[Claim, bytes]]) -> list[tuple[Claim, bytes]]:
    """Stores answers in the transaction of the connection; those whose key was taken in the meantime are left out."""
    inserted = await _Rows(connection).insert(answers)
    return [(claim, receipt) for claim, receipt in answers if claim.identity in inserted]


@final
class _Rows:
    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def insert(self, answers: Sequence[tuple[Claim, bytes]]) -> set[Identity]:
        rows = await self._sql.rows(
            "keep_receipts",
            days=[claim.day for claim, _ in answers],
            senders=[claim.sender for claim, _ in answers],
            routes=[claim.route for claim, _ in answers],
            idempotency_keys=[claim.key for claim, _ in answers],
            digests=[claim.digest for claim, _ in answers],
            receipts=[receipt for _, receipt in answers],
        )
        return {(sender, route, key) for sender, route, key in rows}


def _check(claim: Claim, digest: bytes) -> None:
    if claim.digest != digest:
        raise IdempotencyKeyReused(
            "The Idempotency-Key came with another body before.",
            hint="Give every body a key of its own; only the same body may come again with the same key.",
        )


def _interrupted() -> IngestUnavailable:
    return IngestUnavailable(
        "The request with this Idempotency-Key was interrupted.",
        hint="Send it again with the same key.",
        retry_after=timedelta(seconds=1),
    )
