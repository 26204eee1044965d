"""Passwords of people: bcrypt, in a bounded number of threads beside the event loop.

bcrypt reads at most 72 octets and ignores the rest, so longer passwords are refused rather than cut. One check at cost 12 takes
about a quarter of a second of CPU: more than `workers` at once would starve the API, more than `waiting` would keep people
in a line they have left already.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar, final

import bcrypt

from iotistic.secret import Secret
from iotistic.security.errors import HasherBusy, PasswordUnusable

__all__ = ["LONGEST_OCTETS", "SHORTEST", "PasswordHasher", "check_usable"]

T = TypeVar("T")

LONGEST_OCTETS = 72
SHORTEST = 10


def check_usable(password: Secret) -> None:
    """Raises PasswordUnusable for what no account may have as its password."""
    text = password.reveal()
    if len(text) < SHORTEST:
        raise PasswordUnusable(f"A password has at least {SHORTEST} characters.")
    if len(text.encode()) > LONGEST_OCTETS:
        raise PasswordUnusable(
            f"A password has at most {LONGEST_OCTETS} octets (letters beyond ASCII count 2 to 4)."
        )
    if "\0" in text:
        raise PasswordUnusable("A password holds no NUL character.")


@final
class PasswordHasher:
    """Hashes and checks, `workers` at a time, with at most `waiting` behind them."""

    def __init__(self, *, cost: int = 12, workers: int = 2, waiting: int = 32) -> None:
        self._cost = cost
        self._room = workers + waiting
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="bcrypt")
        self._stand_in: str | None = None

    async def hash(self, password: Secret) -> str:
        """The bcrypt hash. Raises PasswordUnusable or HasherBusy."""
        check_usable(password)
        return (
            await self._run(bcrypt.hashpw, password.reveal().encode(), bcrypt.gensalt(self._cost))
        ).decode()

    async def matches(self, password: Secret, stored: str | None) -> bool:
        """Whether the password belongs to the hash.

        With None (no such account) the same work is done against a stand-in, so that the time tells nothing. Raises HasherBusy.
        """
        if stored is None:
            self._stand_in = self._stand_in or await self.hash(Secret.random())
        octets = password.reveal().encode()
        known = (stored or self._stand_in or "").encode()
        fits = len(octets) <= LONGEST_OCTETS and b"\0" not in octets
        right = await self._run(bcrypt.checkpw, octets if fits else b"-", known)
        return right and fits and stored is not None

    def close(self) -> None:
        """Ends the threads after what they are at."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _run(self, function: Callable[[bytes, bytes], T], password: bytes, salt: bytes) -> T:
        if self._room <= 0:
            raise HasherBusy("Too many logins at once.", retry_after=timedelta(seconds=2))
        self._room -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, function, password, salt)
        finally:
            self._room += 1
