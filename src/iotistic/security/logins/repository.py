"""Logins in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from typing import final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.security.logins.limits import KNOWN_FOR, LoginSource

__all__ = ["LoginRepository"]

_QUERIES = Queries("iotistic.security.logins")


@final
class LoginRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def list_sources(self, name_hash: bytes, source: str) -> Sequence[LoginSource]:
        return await self._sql.many("find_login_sources", LoginSource, name_hash=name_hash, source=source)

    async def find_known_sources(self, name_hash: bytes, *, most: int) -> frozenset[str] | None:
        """Whence the name has come in lately; None for more than `most`."""
        rows = await self._sql.rows(
            "find_known_login_sources", name_hash=name_hash, known_for=KNOWN_FOR, most=most + 1
        )
        return None if len(rows) > most else frozenset(source for (source,) in rows)

    async def note_failure(self, name_hash: bytes, source: str) -> None:
        await self._sql.run("note_failed_login", name_hash=name_hash, source=source)

    async def note_login(self, name_hash: bytes, source: str) -> None:
        await self._sql.run("note_login", name_hash=name_hash, source=source)

    async def forget(self) -> int:
        return await self._sql.run("forget_login_sources")
