"""Looks for secrets in text: keys of ours by form and checksum, private keys, well-known tokens, passwords in URLs."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from iotistic.secret import Secret
from iotistic.security.keys import parse_key

__all__ = ["Hit", "scan"]

_OURS = re.compile(r"\biot_[a-z]{3}_[a-z2-9]{12}_[A-Za-z0-9_-]{38}")
_PATTERNS = {
    # A header alone is how code recognises one; with a body it is one.
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s*(?:\\n)?[A-Za-z0-9+/=\s\\]{40,}"),
    "access key of AWS": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "token of GitHub": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"),
    "token of Slack": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "key of Stripe": re.compile(r"\b(?:sk|rk)_live_[A-Za-z0-9]{16,}"),
    "password in a URL": re.compile(
        r"\b(?:postgres(?:ql)?|mqtts?|amqp|redis|https?)://[^\s:/@'\"{}<>$*]+:[^\s@/'\"{}<>$*]{12,}@"
    ),
    "verifier": re.compile(r"SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]{16,}\$[A-Za-z0-9+/=]{40,}:"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One secret in a text."""

    line: int
    what: str
    """Never the secret itself."""


def scan(text: str, *, known: Iterable[Secret] = ()) -> Iterator[Hit]:
    """What is found, by line; `known` are secrets that must not be there in so many words."""
    for what, place in _found(text, [secret.reveal() for secret in known]):
        yield Hit(line=text.count("\n", 0, place) + 1, what=what)


def _found(text: str, known: list[str]) -> Iterator[tuple[str, int]]:
    for match in _OURS.finditer(text):
        if _is_key(match[0]):
            yield "key of ours", match.start()
    for what, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            yield what, match.start()
    for secret in known:
        if secret in text:
            yield "secret of this installation", text.index(secret)


def _is_key(text: str) -> bool:
    """Whether its checksum is right: an example in a document is no key."""
    return parse_key(text) is not None
