"""All settings in memory, so that a question of every device costs no query.

Nothing is remembered longer than this process is told of changes: a trigger sends a NOTIFY with each, and whenever the session
that listens is lost everything is forgotten until it is back. All or nothing, since settings name one another.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, final

from iotistic.configuration.model import CHANNEL
from iotistic.database.listener import Listener, Reconnected
from iotistic.database.pool import Connection

__all__ = ["SettingCache"]

_log = logging.getLogger(__name__)


@final
class SettingCache:
    """Values by key, as one moment had them. One per process; `load` reads them all."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        load: Callable[[], Awaitable[Mapping[str, Any]]],
    ) -> None:
        self._listener = Listener(connect, (CHANNEL,))
        self._load = load
        self._one = asyncio.Lock()
        self._kept: Mapping[str, Any] | None = None
        self._listening = False
        self._changes = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to listen; until the first session stands, every question is a query."""
        self._task = asyncio.create_task(self._listen(), name="setting cache")
        self._task.add_done_callback(_say_why)

    async def stop(self) -> None:
        """Stops listening and forgets everything."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    async def values(self) -> Mapping[str, Any]:
        """Every setting's value by its key. Many who ask at once share one query.

        What changed while it was read may have come too late for it, so that answer is used and not kept.
        """
        return self._kept if self._kept is not None else await self._read()

    async def _read(self) -> Mapping[str, Any]:
        async with self._one:
            if self._kept is not None:
                return self._kept
            changes = self._changes
            found = await self._load()
            if self._listening and changes == self._changes:
                self._kept = found
            return found

    async def _listen(self) -> None:
        try:
            async for event in self._listener.events():
                self._forget(listening=isinstance(event, Reconnected | tuple))
        finally:
            # However it ends: a cache that no longer hears of changes must not go on answering.
            self._forget(listening=False)

    def _forget(self, *, listening: bool) -> None:
        self._listening = listening
        self._changes += 1
        self._kept = None


def _say_why(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("setting cache stopped listening", exc_info=error)
