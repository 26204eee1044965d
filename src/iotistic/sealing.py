"""Secrets at rest: what we must be able to read again is sealed under a key that is kept outside of the database.

A broker's password, or a seed of one-time codes: hashes will not do, and a stolen dump shall be worth nothing.

    sealed:1:<key id>:<wrapped data key>:<sealed text>

Each secret has a data key of its own, 256 random bits, which AES-256-GCM seals under the installation's key (NIST SP 800-38D: 96-bit
random nonces, 128-bit tags). Another key of the installation means wrapping the data keys anew; the secret itself is not opened for that.

What a secret is about ("system_config mqtt.brokers.1 password") is sealed in, so that a sealed text moved to another place opens nothing.
"""

import binascii
import hashlib
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Self, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from iotistic.errors import Invalid, Unavailable
from iotistic.secret import Secret

__all__ = [
    "SealBroken",
    "SealingKeyInvalid",
    "SealingKeyUnknown",
    "SealingKeys",
    "is_sealed",
    "new_sealing_key",
]

_OCTETS = 32
_NONCE = 12
_FORM = re.compile(
    r"sealed:1:(?P<key_id>[0-9a-f]{16}):(?P<wrapped>[A-Za-z0-9_-]{80}):(?P<text>[A-Za-z0-9_-]{38,})"
)
"""12 + 32 + 16 octets are 80 characters; 12 + 0 + 16 are 38."""
_WRAPPING = b"iotistic data key"


class SealingKeyInvalid(Invalid):
    """What was given as a sealing key is none."""

    code = "sealing_key_invalid"


class SealingKeyUnknown(Unavailable):
    """It was sealed under a key that this process was not given."""

    code = "sealing_key_unknown"


class SealBroken(Invalid):
    """It is no sealed text, was altered, or was sealed for another place."""

    code = "seal_broken"


def is_sealed(text: str) -> bool:
    """Whether it has the form of a sealed text; whether it opens is another question."""
    return _FORM.fullmatch(text) is not None


def new_sealing_key(randomness: Callable[[int], bytes] = secrets.token_bytes) -> Secret:
    """256 random bits, as URL-safe base64 without padding: 43 characters."""
    return Secret(_text(randomness(_OCTETS)))


@final
class SealingKeys:
    """The installation's keys: the first seals, every one of them opens."""

    def __init__(self, keys: Secret, *, randomness: Callable[[int], bytes] = secrets.token_bytes) -> None:
        """`keys` is one key or several, with commas between. Raises SealingKeyInvalid, with no piece of a key in the words."""
        self._keys = {_key_id(key): AESGCM(key) for key in map(_octets_of_key, keys.reveal().split(","))}
        self.current = next(iter(self._keys))
        """The name of the key that seals: public, and the same for the same key everywhere."""
        self._randomness = randomness

    @classmethod
    def generate(cls) -> Self:
        """With one new key, known to nobody else."""
        return cls(new_sealing_key())

    @property
    def ids(self) -> tuple[str, ...]:
        """The names of all keys, the one that seals first."""
        return tuple(self._keys)

    def seal(self, secret: Secret, *, about: str) -> str:
        """The sealed text: ASCII, different each time. `about` has to be given again to open it."""
        data_key = self._randomness(_OCTETS)
        text = self._encrypt(AESGCM(data_key), secret.reveal().encode(), about.encode())
        return self._joined(data_key, _text(text))

    def open(self, sealed: str, *, about: str) -> Secret:
        """The secret. Raises SealingKeyUnknown, or SealBroken where it was altered or sealed about something else."""
        data_key, text = self._unwrapped(sealed)
        return Secret(_decrypt(AESGCM(data_key), _octets(text), about.encode()).decode())

    def rewrap(self, sealed: str) -> str:
        """The same secret under the current key, without opening it; the same text where it is under that already."""
        if self.key_id(sealed) == self.current:
            return sealed
        return self._joined(*self._unwrapped(sealed))

    @staticmethod
    def key_id(sealed: str) -> str:
        """The name of the key it is sealed under. Raises SealBroken for what is no sealed text."""
        return _taken_apart(sealed)["key_id"]

    def _joined(self, data_key: bytes, text: str) -> str:
        wrapped = self._encrypt(self._keys[self.current], data_key, _WRAPPING)
        return f"sealed:1:{self.current}:{_text(wrapped)}:{text}"

    def _unwrapped(self, sealed: str) -> tuple[bytes, str]:
        parts = _taken_apart(sealed)
        key = self._keys.get(parts["key_id"])
        if key is None:
            raise SealingKeyUnknown(
                f"A secret is sealed under the key {parts['key_id']}, which is not among ours.",
                hint="Put that key into IOTISTIC_SEALING_KEY, behind a comma.",
                key_id=parts["key_id"],
            )
        return _decrypt(key, _octets(parts["wrapped"]), _WRAPPING), parts["text"]

    def _encrypt(self, key: AESGCM, clear: bytes, about: bytes) -> bytes:
        nonce = self._randomness(_NONCE)
        return nonce + key.encrypt(nonce, clear, about)


def _decrypt(key: AESGCM, sealed: bytes, about: bytes) -> bytes:
    try:
        return key.decrypt(sealed[:_NONCE], sealed[_NONCE:], about)
    except InvalidTag as error:
        raise SealBroken("A sealed secret was altered, or sealed for another place.") from error


def _taken_apart(sealed: str) -> dict[str, str]:
    found = _FORM.fullmatch(sealed)
    if found is None:
        raise SealBroken("This is no sealed secret.", hint="One begins with sealed:1: and is written by us.")
    return found.groupdict()


def _octets_of_key(text: str) -> bytes:
    try:
        key = _octets(text.strip())
    except SealBroken:
        key = b""
    if len(key) != _OCTETS:
        raise SealingKeyInvalid(
            "A sealing key is 32 octets in URL-safe base64: 43 characters.",
            hint="`iotistic secrets new-key` makes one.",
        )
    return key


def _key_id(key: bytes) -> str:
    """64 bits of a hash that is used for nothing else; says which key, and nothing about it."""
    return hashlib.sha256(b"iotistic sealing key id" + key).hexdigest()[:16]


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _octets(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise SealBroken("A sealed secret is damaged.") from error
