"""Keys checked against the database, for a process that many ask at once. Who was checked a moment ago: `iotistic.security.key_cache`."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import final

from iotistic.database.pool import Connection
from iotistic.database.shared_lookup import SharedLookup
from iotistic.secret import Secret
from iotistic.security.judgement import judge, parse_bearer_key, recognise
from iotistic.security.keys import Peppers
from iotistic.security.model import Principal, Refusal, StoredKey
from iotistic.security.repository import FIND_KEYS

__all__ = ["KeyCheck"]


@final
class KeyCheck:
    """One per process, with a session of its own: `connect` opens it, with `iotistic.database.shared_lookup.PLANNED_ONCE`."""

    def __init__(
        self, connect: Callable[[], Awaitable[Connection]], *, peppers: Peppers, patience: timedelta
    ) -> None:
        self._peppers = peppers
        self._keys = SharedLookup(
            connect, FIND_KEYS, StoredKey, key_of=lambda stored: stored.key_id, patience=patience
        )

    async def authenticate(self, text: Secret) -> Principal | Refusal:
        """Who the bearer of a device's, service's or person's key is, or why it opens nothing."""
        parsed = parse_bearer_key(text)
        if parsed is None:
            return Refusal(reason="malformed")
        stored = recognise(parsed, await self._keys.find(parsed.key_id), self._peppers)
        return stored if isinstance(stored, Refusal) else judge(stored, pepper=self._peppers.current)

    async def close(self) -> None:
        """Ends its session."""
        await self._keys.close()
