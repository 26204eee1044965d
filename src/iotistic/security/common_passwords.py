"""Passwords that everybody guesses first: the 30,000 most used ones, and single words and names, as zxcvbn counts them.

Daniel Lowe Wheeler, zxcvbn: Low-Budget Password Strength Estimation, USENIX Security 2016.
"""

from functools import cache
from importlib import import_module
from itertools import chain

from iotistic.secret import Secret

__all__ = ["is_common"]


def is_common(password: Secret) -> bool:
    """Whether it is one of them, in whatever letter case."""
    return password.reveal().lower() in _common()


@cache
def _common() -> frozenset[str]:
    # When the first password is made and not before: to load the lists costs 40 ms of CPU, and no command should begin with that.
    # Its lists hold each word once, so a password that is a word as well stands among the words.
    return frozenset(chain.from_iterable(import_module("zxcvbn.frequency_lists").FREQUENCY_LISTS.values()))
