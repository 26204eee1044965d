"""The proof that a device has the key it was given. Pure.

Only the hash of the right answer is stored: whoever reads the database can neither answer nor learn the key.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable

from iotistic.secret import Secret

__all__ = ["answer_hash", "answer_to", "new_challenge"]

_OCTETS = 32


def new_challenge(*, random: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """256 random bits as text."""
    return urlsafe_b64encode(random(_OCTETS)).rstrip(b"=").decode()


def answer_to(challenge: str, key: Secret) -> str:
    """HMAC-SHA-256 (RFC 2104) of the challenge under the whole text of the key, as 64 lower-case hexadecimal digits."""
    return hmac.new(key.reveal().encode(), challenge.encode(), "sha256").hexdigest()


def answer_hash(answer: str) -> bytes:
    """What is stored of an answer: it has 256 bits nobody can guess, so one round of SHA-256 hides it."""
    return hashlib.sha256(answer.encode()).digest()
