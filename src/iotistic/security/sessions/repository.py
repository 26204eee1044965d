"""Sessions in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.security.second_factor import Factor
from iotistic.security.sessions.model import Session, StoredSession

__all__ = ["SessionRepository"]

_QUERIES = Queries("iotistic.security.sessions")


@final
class SessionRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def insert(
        self,
        session_id: str,
        *,
        user_id: int,
        nonce: bytes,
        pepper_version: int,
        lasts: timedelta,
        address: str | None,
        user_agent: str | None,
        factors: Sequence[Factor],
    ) -> None:
        await self._sql.run(
            "insert_session",
            id=session_id,
            user_id=user_id,
            nonce=nonce,
            pepper_version=pepper_version,
            lasts=lasts,
            address=address,
            user_agent=user_agent,
            factors=list(factors),
        )

    async def find(self, session_id: str, *, strict_roles: Collection[str]) -> StoredSession | None:
        return await self._sql.one(
            "find_session", StoredSession, id=session_id, strict_roles=list(strict_roles)
        )

    async def add_factor(self, session_id: str, factor: Factor) -> None:
        await self._sql.run("add_factor", id=session_id, factor=factor)

    async def end_others(self, username: str, *, kept: str, reason: str) -> int:
        return await self._sql.run("end_other_sessions", username=username, kept=kept, reason=reason)

    async def lock(self, session_id: str) -> None:
        await self._sql.value("lock_session", id=session_id)

    async def count_refresh(self, session_id: str) -> None:
        await self._sql.run("count_refresh", id=session_id)

    async def end(self, session_id: str, *, username: str | None, reason: str) -> bool:
        return await self._sql.run("end_session", id=session_id, username=username, reason=reason) > 0

    async def end_all(self, username: str, *, reason: str) -> int:
        return await self._sql.run("end_sessions", username=username, reason=reason)

    async def list(self, username: str) -> Sequence[Session]:
        return await self._sql.many("list_sessions", Session, username=username)

    async def forget(self) -> int:
        return await self._sql.run("forget_sessions")
