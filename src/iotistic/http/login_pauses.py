"""Which logins have to wait, in memory: in a storm nearly all are refused by a pause that this process has heard of a moment ago.

To ask the database for each cost 20 times as much as to know it, more than the poll of a device does (`benchmarks/keys.py`). A pause
ends by its time alone, or when somebody comes in: from a place that is held nobody does, but who was on the way already.
So nothing is remembered for longer than some seconds, and those who may be spared are asked for each time.
"""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import final

from iotistic.security.enrolment.limits import counted_network
from iotistic.security.logins import LoginPaused
from iotistic.security.logins.limits import EVERYWHERE, Pause

__all__ = ["LoginPauses"]


@dataclass(frozen=True, slots=True)
class _Kept:
    """One pause, by this process's clock."""

    ends: float
    forgotten: float
    spared: frozenset[str] = frozenset()


@final
class LoginPauses:
    """One per process: at most `most` pauses of names and places, each for at most `longest`."""

    def __init__(
        self,
        *,
        longest: timedelta = timedelta(seconds=5),
        most: int = 10_000,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._longest = longest.total_seconds()
        self._most = most
        self._now = now
        # A name may be a password that was typed into the wrong field.
        self._key = secrets.token_bytes(16)
        self._kept: OrderedDict[tuple[bytes, str], _Kept] = OrderedDict()

    def find(self, username: str, address: str | None) -> LoginPaused | None:
        """What holds a login back, if that is known without asking."""
        name, source = self._named(username), counted_network(address) or "unknown"
        here, together = self._left(name, source, source), self._left(name, EVERYWHERE, source)
        if here is None and together is None:
            return None
        return LoginPaused(Pause(here=here, together=together), known=None)

    def keep(self, username: str, address: str | None, paused: LoginPaused) -> None:
        """Remembers what the database said just now."""
        name, source = self._named(username), counted_network(address) or "unknown"
        if paused.pause.here is not None:
            self._keep(name, source, paused.pause.here, frozenset())
        if paused.pause.together is not None and paused.known is not None:
            self._keep(name, EVERYWHERE, paused.pause.together, paused.known)

    def forget(self, username: str, address: str | None) -> None:
        """Somebody came in."""
        name, source = self._named(username), counted_network(address) or "unknown"
        self._kept.pop((name, source), None)
        self._kept.pop((name, EVERYWHERE), None)

    def _named(self, username: str) -> bytes:
        return hashlib.blake2b(username.encode(), digest_size=16, key=self._key).digest()

    def _left(self, name: bytes, source: str, coming_from: str) -> timedelta | None:
        kept, now = self._kept.get((name, source)), self._now()
        if kept is None or now >= min(kept.ends, kept.forgotten) or coming_from in kept.spared:
            return None
        return timedelta(seconds=kept.ends - now)

    def _keep(self, name: bytes, source: str, left: timedelta, spared: frozenset[str]) -> None:
        now = self._now()
        self._kept.pop((name, source), None)
        self._kept[name, source] = _Kept(now + left.total_seconds(), now + self._longest, spared)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
