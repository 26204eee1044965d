"""Roles that an installation may not have, and secrets that everybody who reads the repository has."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from iotistic.migrations.lexer import Kind, Statement, Token, identifier
from iotistic.migrations.lint.known import Known
from iotistic.migrations.lint.model import Hit
from iotistic.migrations.lint.reader import Reader, split_commas

__all__ = ["check_rights", "find_secrets"]

_ALWAYS: Final = {"public", "current_user", "current_role", "session_user"}
_PATTERNS: Final = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]+-----"), "a PEM block"),
    (re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s:/@']+:[^\s:/@']+@"), "a URL with a password"),
    (re.compile(r"\bSCRAM-SHA-256\$[0-9]+:"), "a SCRAM verifier"),
    (re.compile(r"\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}"), "a bcrypt hash"),
    (re.compile(r"\bAKIA[0-9A-Z]{16}\b"), "an AWS access key"),
    (re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36}\b"), "a GitHub token"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\."), "a JSON web token"),
)


def find_secrets(text: str) -> Iterator[tuple[int, str]]:
    """(offset, what it is) of everything in a whole file, comments too, that looks like a secret."""
    for pattern, noun in _PATTERNS:
        yield from ((match.start(), noun) for match in pattern.finditer(text))


def check_rights(statement: Statement, known: Known) -> Iterator[Hit]:
    """Findings of passwords in role statements and of roles not in `known.roles`."""
    words = statement.tokens()
    yield from _passwords(words)
    if known.roles is None:
        return
    for token in _roles(words):
        role = identifier(token)
        if role in known.roles | known.made_roles | _ALWAYS or role.startswith("pg_"):
            continue
        yield Hit(
            rule="unknown-role",
            offset=token.offset,
            why=f"Fails on every server that has no role {role}.",
            rewrite=f"Use one of the roles every installation has: {', '.join(sorted(known.roles))}.",
        )


def _passwords(words: Sequence[Token]) -> Iterator[Hit]:
    for before, token in pairwise(words):
        if before.upper == "PASSWORD" and token.kind is Kind.STRING and len(token.text) > len("''"):
            yield Hit(rule="secret", offset=token.offset, why=_WHY.format("a password"), rewrite=_REWRITE)


_WHY: Final = "The text holds {}: it is in the repository, in every image, and in the server's log."
_REWRITE: Final = "Take it out and replace it wherever it is used; make secrets when the system is set up, not in a migration."


def secret_hit(noun: str) -> Hit:
    """The finding that the text holds `noun`."""
    return Hit(rule="secret", why=_WHY.format(noun), rewrite=_REWRITE)


def _roles(words: Sequence[Token]) -> Iterator[Token]:
    """The words that name a role somebody else must have made."""
    reader = Reader(words)
    first = reader.next()
    verb = first.upper if first else ""
    if verb in {"GRANT", "REVOKE"}:
        yield from _listed(reader, "TO" if verb == "GRANT" else "FROM")
    elif verb == "ALTER" and reader.take("DEFAULT", "PRIVILEGES"):
        yield from _default_privileges(reader)
    elif verb == "CREATE" and reader.take("POLICY"):
        yield from _listed(reader, "TO")
    yield from _owners(words)


def _listed(reader: Reader, preposition: str) -> Iterator[Token]:
    place = reader.find(preposition)
    if place is None:
        return
    for part in split_commas(reader.left[place + 1 :]):
        part.take("GROUP")
        if part.left:
            yield part.left[0]


def _default_privileges(reader: Reader) -> Iterator[Token]:
    if reader.take("FOR") and reader.take_any("ROLE", "USER"):
        yield from (part.left[0] for part in split_commas(reader.left[:1]))
    yield from _listed(reader, "TO" if reader.has("GRANT") else "FROM")


def _owners(words: Sequence[Token]) -> Iterator[Token]:
    for index, (before, token) in enumerate(pairwise(words)):
        following = words[index + 2 : index + 3]
        if (before.upper, token.upper) == ("OWNER", "TO") or (before.upper, token.upper) == ("SET", "ROLE"):
            yield from following
        elif before.upper == "AUTHORIZATION":
            yield token
