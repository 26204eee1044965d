"""MQTT passwords: minted here, kept as a hash that every broker can read.

192 random bits cannot be guessed, so stretching buys nothing: with one iteration 10,000 reconnects cost under a second, with bcrypt
12 minutes. The salt is 12 ASCII characters, because Mosquitto 2.0 refuses longer ones.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from iotistic.secret import Secret

__all__ = ["MintedPassword", "hashed", "minted"]

_SECRET_BYTES = 24
_SALT_BYTES = 9  # 12 characters in base64
_ITERATIONS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MintedPassword:
    """A password that nobody has been told yet."""

    text: Secret
    password_hash: str
    """What an account keeps of it."""


def minted(randomness: Callable[[int], bytes]) -> Secret:
    """A new password: 32 characters of base64url."""
    return Secret(base64.urlsafe_b64encode(randomness(_SECRET_BYTES)).decode())


def hashed(secret: Secret, randomness: Callable[[int], bytes]) -> str:
    """PBKDF2$sha512$iterations$salt$hash, as go-auth writes it."""
    salt = base64.b64encode(randomness(_SALT_BYTES))
    digest = hashlib.pbkdf2_hmac("sha512", secret.reveal().encode(), salt, _ITERATIONS)
    fields = ("PBKDF2", "sha512", str(_ITERATIONS), base64.b64encode(salt), base64.b64encode(digest))
    return "$".join(field.decode() if isinstance(field, bytes) else field for field in fields)
