"""A request with an Idempotency-Key, and what makes another one the same."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import final
from uuid import UUID

from iotistic.telemetry.errors import IdempotencyKeyInvalid

__all__ = ["Claim", "Identity"]

_LONGEST_KEY = 255

Identity = tuple[UUID, str, str]


@final
@dataclass(slots=True, kw_only=True)
class Claim:
    """One request that carries a key."""

    sender: UUID
    route: str
    key: str
    digest: bytes
    """SHA-256 of what was sent."""
    day: datetime
    """Midnight UTC before it came."""
    kept: bytes | None = None
    """The answer, once it is durable."""

    @classmethod
    def of(cls, sender: UUID, route: str, key: str, request: Sequence[bytes], now: datetime) -> "Claim":
        """Raises IdempotencyKeyInvalid."""
        if not 1 <= len(key) <= _LONGEST_KEY or not key.isascii() or not key.isprintable():
            raise IdempotencyKeyInvalid(
                f"An Idempotency-Key has 1 to {_LONGEST_KEY} printable ASCII characters."
            )
        digest = hashlib.sha256()
        for part in request:
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return cls(sender=sender, route=route, key=key, digest=digest.digest(), day=day)

    @property
    def identity(self) -> Identity:
        """What makes two requests the same to their sender."""
        return self.sender, self.route, self.key
