"""The nouns of signing keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["SigningKey", "SigningKeySeen", "StoredSigningKey"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """One that signs or verifies now."""

    id: str
    algorithm: str
    """The only one that a token of this key may be signed by."""
    private: Ed25519PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSigningKey:
    """One as the database knows it."""

    id: str
    algorithm: str
    sealed_seed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeySeen:
    """One as may be shown."""

    id: str
    algorithm: str
    state: Literal["signs", "verifies", "ended"]
    created_at: datetime
    retired_at: datetime | None
    ends_at: datetime | None
