"""Who is logged in: short signed access tokens, refresh tokens that work once, and an end that counts at once."""

from iotistic.security.sessions.errors import RefreshRefused, SessionNotFound
from iotistic.security.sessions.model import OpenedSession, Session
from iotistic.security.sessions.service import SessionService
from iotistic.security.sessions.tokens import ACCESS_LASTS, SessionTokens

__all__ = [
    "ACCESS_LASTS",
    "OpenedSession",
    "RefreshRefused",
    "Session",
    "SessionNotFound",
    "SessionService",
    "SessionTokens",
]
