"""Passwords that everybody guesses first: 2,765 of ten characters or more, out of two public lists (`common_passwords.txt`)."""

from functools import cache
from importlib import resources

from iotistic.secret import Secret

__all__ = ["is_common"]


def is_common(password: Secret) -> bool:
    """Whether it is one of them, in whatever letter case."""
    return password.reveal().lower() in _common()


@cache
def _common() -> frozenset[str]:
    text = resources.files("iotistic.security").joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))
