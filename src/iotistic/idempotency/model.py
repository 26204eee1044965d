"""The noun of idempotency."""

from dataclasses import dataclass

__all__ = ["KeptAnswer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """What was answered to a request."""

    request_digest: bytes
    """SHA-256 of the request."""
    status: int
    headers: dict[str, str]
    """Those that belong to what was answered."""
    body: bytes
