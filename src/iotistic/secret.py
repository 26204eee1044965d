"""A string that does not print itself."""

import secrets
from typing import Self, final

__all__ = ["Secret"]


@final
class Secret:
    """A secret text: shown masked by `repr`, `str` and format; compared in constant time; revealed only on request."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def random(cls, octets: int = 24) -> Self:
        """A new secret of `octets` random bytes (24 = 192 bits), URL-safe text."""
        return cls(secrets.token_urlsafe(octets))

    def reveal(self) -> str:
        """The text itself. Every call is a place to review: never log, format or put it in argv."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __format__(self, specification: str, /) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and secrets.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)
