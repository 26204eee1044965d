"""The one tree of errors: what went wrong as a fact, a stable code, and what to do about it.

An error knows a *kind* (what sort of thing went wrong) and a *code* (which thing exactly). It does not know HTTP or exit
codes: the edges map kinds to those (`iotistic.http.problems`, `iotistic.cli.output`).
"""

from datetime import timedelta
from typing import ClassVar

__all__ = [
    "Conflict",
    "Denied",
    "Exhausted",
    "Invalid",
    "IotisticError",
    "NotFound",
    "NotInstalled",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
]


class IotisticError(Exception):
    """Base of every error this project raises on purpose.

    `message` says what and which; `hint` says what to do next; `facts` are the nouns of the message by name, for logs and
    machine-readable answers. None of the three may hold a secret.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str | None = None, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.facts = facts


class Invalid(IotisticError):
    """The request itself is wrong; repeating it unchanged cannot work."""

    code = "invalid"


class TooLarge(Invalid):
    """The request is well formed and exceeds a limit, which the message names."""

    code = "too_large"


class NotFound(IotisticError):
    """The thing named does not exist, or not for this caller."""

    code = "not_found"


class NotInstalled(IotisticError):
    """An optional part is not installed; the same request works where it is there."""

    code = "not_installed"


class Conflict(IotisticError):
    """The request is fine and the present state forbids it."""

    code = "conflict"


class Denied(IotisticError):
    """The caller is known and may not do this."""

    code = "denied"


class Unauthenticated(Denied):
    """The caller did not prove who they are."""

    code = "unauthenticated"


class Unavailable(IotisticError):
    """Something this depends on cannot answer now; the same request may work later."""

    code = "unavailable"

    def __init__(
        self, message: str, *, hint: str | None = None, retry_after: timedelta | None = None, **facts: object
    ) -> None:
        super().__init__(message, hint=hint, **facts)
        self.retry_after = retry_after


class Exhausted(Unavailable):
    """The caller asked for more than its share; `retry_after` says when to come back."""

    code = "exhausted"
