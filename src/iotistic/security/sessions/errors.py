"""What can go wrong with sessions."""

from typing import Literal

from iotistic.errors import NotFound, Unauthenticated

__all__ = ["RefreshRefusal", "RefreshRefused", "SessionNotFound"]

RefreshRefusal = Literal[
    "malformed", "unknown", "forged", "expired", "revoked", "inactive_user", "used_before"
]


class RefreshRefused(Unauthenticated):
    """The refresh token opens nothing; `why` is for our log, and told to no caller."""

    code = "refresh_refused"

    def __init__(self, why: RefreshRefusal) -> None:
        super().__init__("The session is over.", hint="Log in again.", presented=True)
        self.why = why


class SessionNotFound(NotFound):
    """There is no such session, or not of this person."""

    code = "session_not_found"
