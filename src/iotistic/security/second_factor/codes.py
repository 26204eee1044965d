"""One-time codes of an authenticator app: RFC 6238 over RFC 4226 as every app makes them, with SHA-1, six digits and steps of 30 seconds.

Ours and no library's: it is one HMAC, which tests hold to the vectors of both RFCs. Pure.
"""

import hmac
from base64 import b32encode
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from iotistic.secret import Secret

__all__ = ["SEED_OCTETS", "code_at", "enrolment_uri", "matching_step", "seed_text", "step_of"]

SEED_OCTETS: Final = 20
"""160 bits, as RFC 4226 recommends."""
_DIGITS: Final = 6
_SECONDS: Final = 30
_NEIGHBOURS: Final = (-1, 0, 1)
"""The code before is still on its way, and clocks of telephones are off."""
_ISSUER: Final = "Iotistic"


def step_of(moment: datetime) -> int:
    """The number of the step of 30 seconds that the moment lies in."""
    return int(moment.timestamp()) // _SECONDS


def code_at(seed: bytes, step: int) -> str:
    """The code of one step (RFC 4226, section 5.3)."""
    digest = hmac.digest(seed, step.to_bytes(8, "big"), "sha1")
    at = digest[-1] & 0x0F
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"


def matching_step(seed: bytes, code: Secret, *, now: datetime, after: int) -> int | None:
    """The step that the code is of, at most one away from now and later than `after`, so that none is taken twice; None: of none."""
    shown = code.reveal().encode()
    found = None
    for neighbour in _NEIGHBOURS:  # all of them, whichever fits: the time tells nothing
        step = step_of(now) + neighbour
        if hmac.compare_digest(code_at(seed, step).encode(), shown) and step > after:
            found = step
    return found


def seed_text(seed: bytes) -> Secret:
    """As people type it into an app: base32."""
    return Secret(b32encode(seed).decode().rstrip("="))


def enrolment_uri(username: str, seed: bytes) -> Secret:
    """What a QR code for an app holds (Key Uri Format)."""
    facts = {
        "secret": seed_text(seed).reveal(),
        "issuer": _ISSUER,
        "algorithm": "SHA1",
        "digits": _DIGITS,
        "period": _SECONDS,
    }
    return Secret(f"otpauth://totp/{_ISSUER}:{quote(username)}?{urlencode(facts)}")
