"""Machine keys: random, self-checking, stored only as a keyed hash. Pure: no database here.

    iot_dev_3kqh2v7w5m4x_<32 characters of secret><6 characters of checksum>
    |   |   |
    |   |   key id: 12 characters, public, finds the row
    |   kind: dev (device), usr (person), svc (service), clm (claim), rft (refresh token)
    prefix: what secret scanners look for

The secret is 192 random bits in URL-safe base64. The checksum is the CRC-32 (ISO-HDLC, as zlib computes it) of all before it, in
base 62: a mistyped or cut key is told from a wrong one without asking the database. It is no protection, and needs to be none.
"""

import hmac
import re
import secrets
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, final

from iotistic.secret import Secret

__all__ = ["IssuedKey", "KeyKind", "ParsedKey", "Peppers", "compose_key", "generate_key", "parse_key"]

_SECRET_OCTETS = 24
_ID_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # 32 characters; l, o, 0 and 1 are left out
_ID_LENGTH = 12
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(
    rf"(?P<body>iot_(?P<kind>dev|usr|svc|clm|rft)_(?P<id>[{_ID_ALPHABET}]{{{_ID_LENGTH}}})_(?P<secret>[A-Za-z0-9_-]{{32}}))"
    r"(?P<checksum>[0-9A-Za-z]{6})"
)


class KeyKind(StrEnum):
    """Who carries a key of this kind."""

    DEVICE = "dev"
    USER = "usr"
    SERVICE = "svc"
    CLAIM = "clm"
    REFRESH = "rft"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedKey:
    """A key text taken apart; its checksum was right."""

    kind: KeyKind
    key_id: str
    secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedKey:
    """A new key: the only moment its text exists on our side."""

    key_id: str
    text: Secret
    """What its bearer keeps."""


@final
class Peppers:
    """The keys of the hash, by version: a new version is added and made current, the old ones go on verifying."""

    def __init__(self, by_version: Mapping[int, Secret], current: int) -> None:
        self._by_version = dict(by_version)
        self.current = current

    @classmethod
    def of(cls, pepper: Secret) -> Self:
        """One pepper, version 1."""
        return cls({1: pepper}, current=1)

    def digest(self, parsed: ParsedKey, version: int | None = None) -> bytes | None:
        """HMAC-SHA-256 of key id and secret under the pepper of this version (the current one); None for a version we lack.

        The key id is hashed along, so that a stored hash moved to another row opens nothing.
        """
        pepper = self._by_version.get(self.current if version is None else version)
        if pepper is None:
            return None
        message = f"{parsed.kind}:{parsed.key_id}:{parsed.secret.reveal()}".encode()
        return hmac.digest(pepper.reveal().encode(), message, "sha256")

    def derive(self, purpose: bytes) -> dict[int, bytes]:
        """A key of 32 octets for another purpose from each pepper, by version."""
        return {
            version: hmac.digest(pepper.reveal().encode(), b"derive:" + purpose, "sha256")
            for version, pepper in self._by_version.items()
        }

    def matches(self, parsed: ParsedKey, stored: bytes, version: int) -> bool | None:
        """Whether the stored hash belongs to this key, compared in constant time; None when the pepper is missing."""
        digest = self.digest(parsed, version)
        return None if digest is None else hmac.compare_digest(digest, stored)


def generate_key(
    kind: KeyKind, *, random: Callable[[int], bytes] = secrets.token_bytes
) -> tuple[ParsedKey, IssuedKey]:
    """A new key: its parts to hash and store, and the text to hand out."""
    key_id = "".join(_ID_ALPHABET[octet % 32] for octet in random(_ID_LENGTH))
    secret = urlsafe_b64encode(random(_SECRET_OCTETS)).decode()
    parsed = ParsedKey(kind=kind, key_id=key_id, secret=Secret(secret))
    return parsed, IssuedKey(key_id=key_id, text=compose_key(parsed))


def compose_key(parsed: ParsedKey) -> Secret:
    """The text that `parse_key` takes apart."""
    body = f"iot_{parsed.kind}_{parsed.key_id}_{parsed.secret.reveal()}"
    return Secret(body + _checksum(body))


def parse_key(text: str) -> ParsedKey | None:
    """The parts of a key, or None when it has not the form of one or its checksum is wrong."""
    found = _SHAPE.fullmatch(text)
    if found is None or _checksum(found["body"]) != found["checksum"]:
        return None
    return ParsedKey(kind=KeyKind(found["kind"]), key_id=found["id"], secret=Secret(found["secret"]))


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(6):  # 62^6 > 2^32
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits
