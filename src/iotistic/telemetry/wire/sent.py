"""What came with a request, before anything looks at it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

__all__ = ["Sent"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A body, and what its headers say about it."""

    body: bytes = field(repr=False)
    content_encoding: str | None = None
    content_type: str | None = None
    idempotency_key: str | None = None

    @property
    def identity(self) -> Sequence[bytes]:
        """What makes two requests with one key the same request."""
        return (self.content_encoding or "").encode(), (self.content_type or "").encode(), self.body
