"""The nouns of logins."""

from dataclasses import dataclass

from iotistic.secret import Secret
from iotistic.security.model import User
from iotistic.security.second_factor import Factor

__all__ = ["Credentials", "LoggedIn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What somebody shows."""

    username: str
    password: Secret
    code: Secret | None = None
    """Of the app, or a recovery code."""
    address: str | None = None
    """Where they come from."""
    is_known: bool = False
    """They come with a session or key of the account, which is asked for its password once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """Somebody who proved who they are."""

    user: User
    factors: tuple[Factor, ...]
    """By what."""
