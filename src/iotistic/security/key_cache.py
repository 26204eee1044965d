"""Who recently proved themselves, in memory, so that a device's every report does not cost a query.

A revocation must count at once, so nothing is remembered longer than this process is told of changes: triggers on the tables
that decide send a NOTIFY, and whenever the session that listens is lost everything is forgotten until it is back. A session that is cut
without a word sounds like nothing happening: so the server is asked four times a second whether it is there, and what is remembered
counts for nothing while it has not answered for half a second. Whatever happens, a revocation counts within a second.
"""

import asyncio
import hashlib
import logging
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import timedelta
from time import monotonic
from typing import Final, final

from iotistic.database.listener import Answered, Asked, Listener, Lost, Reconnected
from iotistic.database.pool import Connection
from iotistic.secret import Secret
from iotistic.security.model import Principal, Refusal

__all__ = ["CHANNEL", "KeyCache", "digest_of"]

_log = logging.getLogger("iotistic.security.key_cache")

CHANNEL = "access_changed"
_PULSE: Final = timedelta(milliseconds=250)
_SILENCE: Final = 0.5
"""Seconds."""


@final
class KeyCache:
    """At most `size` principals by the hash of their key. One per process."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        *,
        now: Callable[[], float] = monotonic,
        size: int = 20_000,
    ) -> None:
        self._listener = Listener(connect, (CHANNEL,), pulse=_PULSE)
        self._now = now
        self._size = size
        # With the moment it ends, counted by this process from the look-up on: the clock on its wall may be wrong.
        self._kept: OrderedDict[bytes, tuple[Principal, float]] = OrderedDict()
        # By key id: one digest a key or session.
        self._digests: dict[str, bytes] = {}
        self._listening = False
        # When the server was asked for a sign that it has not given yet.
        self._asked_at: float | None = None
        self._changes = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to listen; until the first session stands, every key is looked up."""
        self._task = asyncio.create_task(self._listen(), name="key cache")
        self._task.add_done_callback(_say_why)

    async def stop(self) -> None:
        """Stops listening and forgets everything."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        self._forget(listening=False)

    def find(self, text: Secret) -> Principal | None:
        """Who the bearer of this key is, if that is remembered."""
        return self.find_digest(digest_of(text))

    async def authenticate(
        self, text: Secret, look_up: Callable[[Secret], Awaitable[Principal | Refusal]]
    ) -> Principal | Refusal:
        """Who the bearer of this key is: remembered, or asked of `look_up` and remembered if it is somebody.

        What changed while the look-up was under way may have come too late for it, so its answer is used and not kept.
        """
        digest = digest_of(text)
        kept = self.find_digest(digest)
        if kept is not None:
            return kept
        changes, began = self._changes, self._now()
        found = await look_up(text)
        if isinstance(found, Principal) and self._hears() and changes == self._changes:
            self._keep(digest, found, began)
        return found

    def find_digest(self, digest: bytes) -> Principal | None:
        """The same for whoever keeps the key's `digest_of`: making it costs more than finding what stands behind it."""
        kept = self._kept.get(digest)
        if kept is None or self._now() >= kept[1] or not self._hears():
            return None
        self._kept.move_to_end(digest)
        return kept[0]

    def _hears(self) -> bool:
        """Whether a revocation of half a second ago would have been heard by now."""
        return self._listening and (self._asked_at is None or self._now() < self._asked_at + _SILENCE)

    def _keep(self, digest: bytes, principal: Principal, began: float) -> None:
        ends = math.inf if principal.good_for is None else began + principal.good_for.total_seconds()
        # A session that was refreshed comes with another token: one that is forgotten here could not be forgotten later.
        before = self._digests.get(principal.key_id)
        if before is not None:
            self._kept.pop(before, None)
        self._kept[digest] = principal, ends
        self._digests[principal.key_id] = digest
        if len(self._kept) > self._size:
            _, (oldest, _) = self._kept.popitem(last=False)
            del self._digests[oldest.key_id]

    async def _listen(self) -> None:
        try:
            async for event in self._listener.events():
                match event:
                    case Lost():
                        self._forget(listening=False)
                    case Reconnected():
                        self._forget(listening=True)
                    case Asked():
                        self._asked_at = self._now()
                    case Answered():
                        self._asked_at = None
                    case (_, key_id):
                        self._forget_key(key_id)
        finally:
            # However it ends: a cache that no longer hears of revocations must not go on answering.
            self._forget(listening=False)

    def _forget(self, *, listening: bool) -> None:
        self._listening = listening
        self._asked_at = None
        self._changes += 1
        self._kept.clear()
        self._digests.clear()

    def _forget_key(self, key_id: str) -> None:
        """Of one key; of all when the change was to a person or device."""
        self._changes += 1
        if not key_id:
            self._kept.clear()
            self._digests.clear()
        elif (digest := self._digests.pop(key_id, None)) is not None:
            del self._kept[digest]


def digest_of(text: Secret) -> bytes:
    """What a key is remembered by."""
    return hashlib.sha256(text.reveal().encode()).digest()


def _say_why(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("key_cache_stopped_listening", exc_info=error)
