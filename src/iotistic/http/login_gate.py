"""What keeps strangers who guess passwords from the people behind them.

A check takes a quarter of a second of a core and holds a database connection meanwhile: few run at once, few wait, and a client
whose guesses keep failing has to pause.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic
from typing import final

from iotistic.errors import Exhausted, Unauthenticated, Unavailable

__all__ = ["LoginGate", "TooManyFailures", "TooManyLogins"]


class TooManyFailures(Exhausted):
    """A client failed to log in too often in a short time."""

    code = "too_many_failures"


class TooManyLogins(Unavailable):
    """More logins are under way than this process checks in reasonable time."""

    code = "too_many_logins"


@final
class LoginGate:
    """One per process. A client is an address: behind a proxy, the one that the proxy forwards."""

    def __init__(
        self,
        *,
        at_once: int = 2,
        waiting: int = 16,
        failures: int = 10,
        within: timedelta = timedelta(minutes=1),
        clients: int = 10_000,
        now: Callable[[], float] = monotonic,
    ) -> None:
        """`failures` of one client `within` this time close the gate to it until that time has passed."""
        self._turns = asyncio.Semaphore(at_once)
        self._room = at_once + waiting
        self._failures = failures
        self._within = within.total_seconds()
        self._clients = clients
        self._now = now
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncGenerator[None]:
        """One attempt; an Unauthenticated that leaves it counts. Raises TooManyFailures or TooManyLogins."""
        self._refuse_guesser(client)
        self.require_room()
        self._room -= 1
        try:
            async with self._turns:
                yield
        except Unauthenticated:
            self._count(client)
            raise
        finally:
            self._room += 1

    def require_room(self) -> None:
        """Raises TooManyLogins when as many wait as may. For whoever can ask before a request costs anything."""
        if self._room <= 0:
            raise TooManyLogins("Too many people log in at this moment.", retry_after=timedelta(seconds=2))

    def _refuse_guesser(self, client: str) -> None:
        count, until = self._failed.get(client, (0, 0.0))
        left = until - self._now()
        if count >= self._failures and left > 0:
            raise TooManyFailures(
                "Too many failed logins from this address.", retry_after=timedelta(seconds=left)
            )

    def _count(self, client: str) -> None:
        count, until = self._failed.pop(client, (0, 0.0))
        now = self._now()
        self._failed[client] = (count + 1, until) if until > now else (1, now + self._within)
        if len(self._failed) > self._clients:
            self._failed.popitem(last=False)
