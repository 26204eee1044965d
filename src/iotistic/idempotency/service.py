"""What can be done with idempotency keys."""

from collections.abc import Mapping
from datetime import timedelta
from typing import final

from psycopg.types.json import Jsonb

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.idempotency.errors import IdempotencyKeyInvalid, IdempotencyKeyReused
from iotistic.idempotency.model import KeptAnswer

__all__ = ["IdempotencyService"]

_QUERIES = Queries("iotistic.idempotency")
_LONGEST_KEY = 255


@final
class IdempotencyService:
    """Keys of people on one connection; whoever opened the transaction commits it, with the change and its answer."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def claim(self, user_id: int, key: str, digest: bytes) -> KeptAnswer | None:
        """What was answered to this request before; None: the key is this request's now, until the transaction ends.

        A request with the same key that is under way is waited for. Raises IdempotencyKeyInvalid, IdempotencyKeyReused, and
        LockNotAvailable when the wait gets too long.
        """
        if not (0 < len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
            raise IdempotencyKeyInvalid(
                f"An Idempotency-Key has 1 to {_LONGEST_KEY} printable ASCII characters.",
                field="header.Idempotency-Key",
            )
        if await self._sql.run("claim_key", user_id=user_id, key=key, digest=digest):
            return None
        kept = await self._sql.one("find_answer", KeptAnswer, user_id=user_id, key=key)
        if kept is None:  # swept between the two statements
            return await self.claim(user_id, key, digest)
        if kept.request_digest != digest:
            raise IdempotencyKeyReused(
                "The Idempotency-Key came with another request before.",
                hint="Give every request a key of its own; only the same request may come again with it.",
                field="header.Idempotency-Key",
            )
        return kept

    async def keep(
        self, user_id: int, key: str, *, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        """Completes a claimed key with the answer."""
        await self._sql.run(
            "keep_answer", user_id=user_id, key=key, status=status, headers=Jsonb(dict(headers)), body=body
        )

    async def sweep(self, *, older_than: timedelta, limit: int = 1000) -> int:
        """Forgets keys past their time, at most `limit`; answers how many."""
        return await self._sql.run("sweep", age=older_than, limit=limit)
