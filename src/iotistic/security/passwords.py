"""Passwords of people: bcrypt, in a bounded number of threads beside the event loop, or in a process beside the service.

bcrypt reads at most 72 octets and ignores the rest, so longer passwords are refused rather than cut. One check at cost 12 takes
about a quarter of a second of CPU: more than `workers` at once would starve the API, more than `waiting` would keep people
in a line they have left already.
"""

import asyncio
import hmac
import os
import secrets
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import BoundedSemaphore
from typing import TypeVar, final

import bcrypt

from iotistic.secret import Secret
from iotistic.security.common_passwords import is_common
from iotistic.security.errors import HasherBusy, PasswordUnusable
from iotistic.security.hashing_process import HashingProcess

__all__ = [
    "LONGEST_OCTETS",
    "SHORTEST",
    "PasswordHasher",
    "check_length",
    "check_usable",
    "readable_password",
]

T = TypeVar("T")

LONGEST_OCTETS = 72
_NICENESS = 19
SHORTEST = 10
_PRODUCT = "iotistic"

# Nothing that looks like something else on a screen or on paper: 31 characters, 4 groups of 5 are 99 bits.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP_LENGTH = 4, 5

# The salt and digest of nobody's password. Their content does not change how long a check takes; the cost in front does.
_NOBODY = "." * 53


def check_usable(password: Secret) -> None:
    """Raises PasswordUnusable for what no account may have as its password."""
    if len(password.reveal()) < SHORTEST:
        raise PasswordUnusable(f"A password has at least {SHORTEST} characters.")
    if _octets_of(password) is None:
        raise PasswordUnusable("A password holds only characters that exist, and no NUL.")
    check_length(password)
    if is_common(password):
        raise PasswordUnusable(
            "That is one of the passwords that everybody guesses first.",
            hint="Choose another; several words that have nothing to do with one another are good.",
        )
    if _PRODUCT in password.reveal().lower():
        raise PasswordUnusable("A password does not contain the name of the product.")


def check_length(password: Secret) -> None:
    """Raises PasswordUnusable for what is longer than bcrypt reads: that no account has it tells nothing about any."""
    if len(_octets_of(password) or b"") > LONGEST_OCTETS:
        raise PasswordUnusable(
            f"A password has at most {LONGEST_OCTETS} octets (letters beyond ASCII count 2 to 4)."
        )


def readable_password(*, below: Callable[[int], int] = secrets.randbelow) -> Secret:
    """A random password that a person can read out and type: k7wq3-mzt4p-xd9ha-8vbnr."""
    letters = [_READABLE[below(len(_READABLE))] for _ in range(_GROUPS * _GROUP_LENGTH)]
    groups = ["".join(letters[at : at + _GROUP_LENGTH]) for at in range(0, len(letters), _GROUP_LENGTH)]
    return Secret("-".join(groups))


@final
class PasswordHasher:
    """Hashes and checks, `workers` at a time, with at most `waiting` behind them.

    `apart`: in a process of its own, one at a time, for a service whose requests must not feel it.
    """

    def __init__(self, *, cost: int = 12, workers: int = 2, waiting: int = 32, apart: bool = False) -> None:
        self._cost = cost
        self._process = HashingProcess() if apart else None
        self._hashpw = bcrypt.hashpw if self._process is None else self._process.hashpw
        workers = workers if self._process is None else 1
        self._room = BoundedSemaphore(workers + waiting)
        self._executor = ThreadPoolExecutor(
            workers, thread_name_prefix="bcrypt", initializer=None if apart else _step_back
        )

    async def hash(self, password: Secret) -> str:
        """The bcrypt hash. Raises PasswordUnusable or HasherBusy."""
        check_usable(password)
        hashed = await self._run(self._hashpw, password.reveal().encode(), bcrypt.gensalt(self._cost))
        return hashed.decode()

    async def matches(self, password: Secret, stored: str | None) -> bool:
        """Whether the password belongs to the hash.

        With None (no such account) and for a password no account can have the same work is done, so that the time tells
        nothing. Raises HasherBusy.
        """
        octets = _octets_of(password)
        fits = octets is not None and len(octets) <= LONGEST_OCTETS
        known = (stored if stored is not None else f"$2b${self._cost:02}${_NOBODY}").encode()
        hashed = await self._run(self._hashpw, octets if octets and fits else b"-", known)
        return hmac.compare_digest(hashed, known) and fits and stored is not None

    def is_current(self, stored: str | None) -> bool:
        """Whether a hash was made at today's cost; None, nobody's, needs no other."""
        return stored is None or stored.startswith(f"$2b${self._cost:02}$")

    def close(self) -> None:
        """Ends the threads after what they are at, and the process at once."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        if self._process is not None:
            self._process.end()

    async def _run(self, function: Callable[[bytes, bytes], T], password: bytes, salt: bytes) -> T:
        if not self._room.acquire(blocking=False):
            raise HasherBusy("Too many logins at once.", retry_after=timedelta(seconds=2))
        # The place is given back by the thread, not by the caller: who hangs up leaves a hash behind that still takes its time,
        # and a crowd that hangs up and comes back must not get more threads' worth of work in.
        future = self._executor.submit(function, password, salt)
        future.add_done_callback(self._give_back)
        return await asyncio.wrap_future(future)

    def _give_back(self, _: object) -> None:
        self._room.release()


def _step_back() -> None:
    """Lets this thread have what the requests of devices leave: with as many threads as cores their p99 rose 15-fold in a storm of logins.

    Only Linux knows niceness of single threads; elsewhere it would be that of the whole process.
    """
    if sys.platform == "linux":
        os.nice(_NICENESS)


def _octets_of(password: Secret) -> bytes | None:
    """The password as bcrypt takes it; None when it holds a NUL, or half of a surrogate pair as JSON can."""
    try:
        octets = password.reveal().encode()
    except UnicodeEncodeError:
        return None
    return None if b"\0" in octets else octets
