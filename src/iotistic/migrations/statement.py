"""One statement of a migration and what its words alone tell: transaction control, what no transaction may hold, COPY data.

The values are named tuples: loading dataclasses would cost the command line 10 ms of CPU, a tenth of a run with 60 files.
"""

import enum
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from iotistic.migrations.tokens import Kind, Token, place, tokens

__all__ = ["ConcurrentIndex", "Control", "Statement", "identifier"]


class Control(enum.Enum):
    """A statement that opens, closes or divides a transaction."""

    BEGIN = "begin"  # BEGIN, START TRANSACTION
    COMMIT = "commit"  # COMMIT, END
    ROLLBACK = "rollback"  # ROLLBACK, ABORT
    ROLLBACK_TO = "rollback to savepoint"
    SAVEPOINT = "savepoint"
    RELEASE = "release savepoint"
    PREPARE = "prepare transaction"


class ConcurrentIndex(NamedTuple):
    """What CREATE INDEX CONCURRENTLY builds; names are folded as the server folds them, the schema is None when not written."""

    schema: str | None
    """The schema written before the table: the index always lives in its table's schema."""
    table: str
    name: str | None
    """None when the statement leaves the name to the server."""
    unique: bool
    if_not_exists: bool


class Statement(NamedTuple):
    """One statement of a file, without its semicolon and without the blanks and comments before it."""

    text: str
    offset: int
    """Characters from the start of the decoded file (a byte-order mark does not count)."""
    line: int
    column: int
    ordinal: int
    """Which statement of its file, from 0."""
    copy_data: str | None = None
    """The lines after COPY ... FROM STDIN, without the closing backslash-dot; None for every other statement."""

    def locate(self, position: int) -> tuple[int, int]:
        """Line and column in the file of the server's error position (characters from 1 within this statement)."""
        line, column = place(self.text, position - 1)
        return self.line + line - 1, column if line > 1 else self.column + column - 1

    def tokens(self) -> tuple[Token, ...]:
        """All words, with offsets within `text`."""
        return tuple(tokens(self.text))

    def head(self, count: int = 4) -> tuple[str, ...]:
        """The first words in capitals, as far as punctuation comes not before; quoted names stand as written."""
        return tuple(token.upper for token in islice(tokens(self.text), count))

    @property
    def control(self) -> Control | None:
        """Which transaction control this is, if any. BEGIN inside a function's body is none: it is no statement of the file."""
        return _control(self.head(3))

    @property
    def outside_transaction(self) -> str | None:
        """The command's name when PostgreSQL refuses it inside a transaction block, else None.

        Judged by the words alone: what only the server knows (a procedure that commits, REINDEX of a partitioned table) is
        not found here.
        """
        return _outside_transaction(self)

    @property
    def concurrent_index(self) -> ConcurrentIndex | None:
        """What is built, when this is CREATE INDEX CONCURRENTLY."""
        return _concurrent_index(self)

    @property
    def copies_out(self) -> bool:
        """Whether this is COPY ... TO STDOUT, which would send rows to a client that does not want them."""
        return self.head(1) == ("COPY",) and copy_stream(self.text) == "STDOUT"


def identifier(token: Token) -> str:
    """The name a token means: folded to lower case, or unquoted."""
    return token.text[1:-1].replace('""', '"') if token.kind is Kind.NAME else token.text.lower()


_CONTROLS = {
    "BEGIN": Control.BEGIN,
    "COMMIT": Control.COMMIT,
    "END": Control.COMMIT,
    "ROLLBACK": Control.ROLLBACK,
    "ABORT": Control.ROLLBACK,
    "SAVEPOINT": Control.SAVEPOINT,
    "RELEASE": Control.RELEASE,
}


def _control(head: tuple[str, ...]) -> Control | None:
    if head[:2] == ("START", "TRANSACTION"):
        return Control.BEGIN
    if head[:2] == ("PREPARE", "TRANSACTION"):
        return Control.PREPARE
    found = _CONTROLS.get(head[0]) if head else None
    if head[1:2] == ("PREPARED",):
        return None  # COMMIT PREPARED ends another session's transaction, not this one's
    if found is Control.ROLLBACK and "TO" in head[1:3]:
        return Control.ROLLBACK_TO
    return found


_OUTSIDE = {
    ("VACUUM",),
    ("ALTER", "SYSTEM"),
    ("COMMIT", "PREPARED"),
    ("CREATE", "DATABASE"),
    ("CREATE", "TABLESPACE"),
    ("DISCARD", "ALL"),
    ("DROP", "DATABASE"),
    ("DROP", "TABLESPACE"),
    ("ROLLBACK", "PREPARED"),
}
_CONCURRENTLY = {("CREATE", "INDEX"), ("CREATE", "UNIQUE"), ("DROP", "INDEX")}


def _outside_transaction(statement: Statement) -> str | None:
    head = statement.head(5)
    for length in (1, 2):
        if head[:length] in _OUTSIDE:
            return " ".join(head[:length])
    if head[:2] in _CONCURRENTLY:
        return _concurrently(head)
    if head[:2] == ("ALTER", "DATABASE"):
        return "ALTER DATABASE ... SET TABLESPACE" if head[3:5] == ("SET", "TABLESPACE") else None
    further = _FURTHER.get(head[:2]) or _FURTHER.get(head[:1])
    if further is None or (further is _detach and "CONCURRENTLY" not in statement.text.upper()):
        return None
    return further([token.upper for token in statement.tokens()])


def _concurrently(head: tuple[str, ...]) -> str | None:
    before = 3 if head[1] == "UNIQUE" else 2
    return " ".join(head[: before + 1]) if head[before : before + 1] == ("CONCURRENTLY",) else None


def _reindex(words: list[str]) -> str | None:
    options: list[str] = []
    rest = words[1:]
    if rest[:1] == ["("] and ")" in rest:
        options, rest = rest[1 : rest.index(")")], rest[rest.index(")") + 1 :]
    if rest[:1] in (["DATABASE"], ["SYSTEM"], ["SCHEMA"]):
        return f"REINDEX {rest[0]}"
    return (
        "REINDEX CONCURRENTLY" if rest[1:2] == ["CONCURRENTLY"] or _is_on(options, "CONCURRENTLY") else None
    )


def _is_on(options: list[str], name: str) -> bool:
    """Whether a list such as `VERBOSE , CONCURRENTLY FALSE` switches `name` on."""
    if name not in options:
        return False
    return options[options.index(name) + 1 :][:1] not in (["FALSE"], ["OFF"], ["0"])


def _cluster(words: list[str]) -> str | None:
    return "CLUSTER of all tables" if words in (["CLUSTER"], ["CLUSTER", "VERBOSE"]) else None


def _detach(words: list[str]) -> str | None:
    concurrent = words[-1] == "CONCURRENTLY" and "DETACH" in words
    return "DETACH PARTITION ... CONCURRENTLY" if concurrent else None


def _subscription(words: list[str]) -> str | None:
    windows = [words[start : start + 3] for start in range(len(words))]
    without_slot = any([option, "=", "FALSE"] in windows for option in ("CREATE_SLOT", "CONNECT"))
    return None if without_slot else f"{words[0]} SUBSCRIPTION"


_FURTHER: dict[tuple[str, ...], Callable[[list[str]], str | None]] = {
    ("ALTER", "TABLE"): _detach,
    ("CLUSTER",): _cluster,
    ("CREATE", "SUBSCRIPTION"): _subscription,
    ("DROP", "SUBSCRIPTION"): _subscription,
    ("REINDEX",): _reindex,
}


def _concurrent_index(statement: Statement) -> ConcurrentIndex | None:
    head = statement.head(4)
    if head[:1] != ("CREATE",) or head[:2] not in _CONCURRENTLY or _concurrently(head) is None:
        return None
    words = list(statement.tokens())
    unique = words[1].upper == "UNIQUE"
    rest = words[4 if unique else 3 :]
    guarded = [token.upper for token in rest[:3]] == ["IF", "NOT", "EXISTS"]
    rest = rest[3 if guarded else 0 :]
    name = None if rest[0].upper == "ON" else identifier(rest[0])
    rest = rest[1 if name is None else 2 :]
    rest = rest[1:] if rest[0].upper == "ONLY" else rest
    qualified = len(rest) > 2 and rest[1].text == "."  # noqa: PLR2004 - schema, dot, table
    return ConcurrentIndex(
        schema=identifier(rest[0]) if qualified else None,
        table=identifier(rest[2] if qualified else rest[0]),
        name=name,
        unique=unique,
        if_not_exists=guarded,
    )


def copy_stream(text: str) -> str | None:
    """STDIN or STDOUT when this COPY statement talks to its client, None when to a file or program."""
    depth, before = 0, ""
    for token in tokens(text):
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 and (before, token.upper) in {("FROM", "STDIN"), ("TO", "STDOUT")}:
            return token.upper
        before = token.upper
    return None
