"""When keys were last used: noted in memory for every request, and written down once a minute for each key that was."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, final

from iotistic.database.periodic import Periodic
from iotistic.errors import IotisticError

__all__ = ["KeyUses"]

_log = logging.getLogger("iotistic.security.keyring")

_EVERY: Final = timedelta(minutes=1)
_BATCH: Final = 5000


@final
class KeyUses:
    """One per process. A request costs an entry in a dictionary; a minute costs a statement for 5,000 keys."""

    def __init__(
        self,
        write: Callable[[Sequence[tuple[str, str | None]]], Awaitable[None]],
        *,
        every: timedelta = _EVERY,
    ) -> None:
        self._write = write
        self._used: dict[str, str | None] = {}
        self._periodic = Periodic("key uses", self.flush, every=every)

    def note(self, key_id: str, address: str | None) -> None:
        """That the key was used just now."""
        self._used[key_id] = address

    async def start(self) -> None:
        """Begins to write."""
        await self._periodic.start()

    async def stop(self) -> None:
        """Writes what is left."""
        await self._periodic.stop()

    async def flush(self) -> None:
        """Writes everything since the last time. What the database does not take now is lost: it is noted anew with the next use."""
        used, self._used = sorted(self._used.items()), {}
        try:
            for at in range(0, len(used), _BATCH):
                await self._write(used[at : at + _BATCH])
        except IotisticError as error:
            _log.warning("key uses not kept", extra={"reason": str(error), "keys": len(used)})
