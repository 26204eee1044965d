"""What we know about a kind of failure that PostgreSQL does not say: which file would help, which role is missing. Pure."""

import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from iotistic.migrations.answers import ServerReport
from iotistic.migrations.files import MigrationFile
from iotistic.migrations.history import command_line
from iotistic.migrations.lexer import Kind, SourceInvalid, Statement, decode, split

__all__ = ["Circumstances", "advice_for", "creators_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """What was around when a statement failed."""

    service: str
    """Whose history."""
    user: str
    """The role that ran it."""
    file: MigrationFile
    """The file."""
    statement: Statement | None
    """Which statement; None is a command of ours."""
    transaction: bool
    """Whether the file is one transaction."""
    others: tuple[MigrationFile, ...] = ()
    """Every other file of the folder."""
    last_unmark: str | None = None
    """When and by whom the file was unmarked, if it was."""


_QUOTED = re.compile(r'["«„“](?P<name>[^"»“”]+)["»“”]')
_EXISTS: Final = {"42P07", "42710", "42701", "42P06", "42723", "42P04", "42P16"}
_ABSENT: Final = {"42P01", "42883", "42704", "3F000"}


def advice_for(report: ServerReport, around: Circumstances) -> tuple[str, ...]:
    """Sentences for people, most likely one first; empty when the server has said all there is."""
    state = report.sqlstate or ""
    if around.statement is None and state[:2] == "23":
        return (
            "The check was deferred to COMMIT: the statement that broke the rule ran before. Nothing of the file stands.",
        )
    if state in _EXISTS:
        return _exists(around)
    if state == "42704" and _names_role(report, around):
        return _role(report, around)
    if state in _ABSENT:
        return _absent(report, around)
    make = _BY_STATE.get(state)
    return make(around) if make is not None else ()


def creators_of(name: str, files: Iterable[MigrationFile]) -> tuple[str, ...]:
    """Names of the files that hold a CREATE of something called `name` (its last part, when it is qualified)."""
    wanted = name.rpartition(".")[2].strip('"').lower()
    return tuple(
        file.filename for file in files if wanted.encode() in file.content.lower() and _creates(file, wanted)
    )


def _creates(file: MigrationFile, wanted: str) -> bool:
    try:
        statements = split(decode(file.content))
    except SourceInvalid:
        return False
    return any(
        wanted in _created_names(statement) for statement in statements if statement.head(1) == ("CREATE",)
    )


def _created_names(statement: Statement) -> set[str]:
    names: set[str] = set()
    for token in statement.tokens():
        if token.text == "(" or token.upper in {"AS", "ON"}:
            break
        if token.kind in {Kind.WORD, Kind.NAME}:
            names.add(token.text.strip('"').lower())
    return names


def _exists(around: Circumstances) -> tuple[str, ...]:
    mark = command_line(around.service, "mark-applied", around.file.filename)
    history = (
        f"{around.file.filename} was unmarked {around.last_unmark}; unmarking does not undo the schema.",
    )
    return (
        *(history if around.last_unmark else ()),
        f"If the database already holds everything this file makes, record it without running it: {mark}",
    )


def _absent(report: ServerReport, around: Circumstances) -> tuple[str, ...]:
    match = _QUOTED.search(report.message) or re.search(r"(?P<name>[\w.]+)\(", report.message)
    if match is None:
        return ()
    name = match["name"]
    makers = creators_of(name, around.others)
    if makers:
        return (
            f"{name} is made by {', '.join(makers)}: give this file a higher number, or that one a lower.",
        )
    return (f"No file of this folder makes {name}. An extension, another schema, or a misspelling?",)


def _names_role(report: ServerReport, around: Circumstances) -> bool:
    match = _QUOTED.search(report.message)
    if match is None or around.statement is None:
        return False
    words = [token.text.strip('"').lower() for token in around.statement.tokens()]
    before = {"to", "from", "role", "user", "by", "authorization", "for"}
    name = match["name"].lower()
    return any(word == name and previous in before | {","} for previous, word in itertools.pairwise(words))


def _role(report: ServerReport, around: Circumstances) -> tuple[str, ...]:
    match = _QUOTED.search(report.message)
    name = match["name"] if match else "?"
    return (
        (
            f"The file expects a role {name}, which this server does not have (connected as {around.user}). "
            f"Name a role that every installation has, or create it first: CREATE ROLE {name} NOLOGIN;"
        ),
    )


def _denied(around: Circumstances) -> tuple[str, ...]:
    return (
        f"The file ran as {around.user}, which may not do this. Run migrations as the owner of the schema.",
    )


def _in_transaction(around: Circumstances) -> tuple[str, ...]:
    if not around.transaction:
        return ()
    return ("Put this statement in a file of its own that begins with: -- migrate: no-transaction",)


def _timeout(_: Circumstances) -> tuple[str, ...]:
    return ("If it just needs longer, say so in the file's first lines: -- migrate: statement-timeout 10min",)


def _lock(_: Circumstances) -> tuple[str, ...]:
    return (
        (
            "Run it again at a quieter time, end the blocking session, or give this file more patience, with every reader queueing "
            "behind it meanwhile: -- migrate: lock-timeout 10s"
        ),
    )


def _new_enum_value(_: Circumstances) -> tuple[str, ...]:
    return ("A new enum value can be used only after it is committed: add it in a file before this one.",)


def _disk(_: Circumstances) -> tuple[str, ...]:
    return ("The server's disk is full: make room there; the next run goes on.",)


_BY_STATE: Final[dict[str, Callable[[Circumstances], tuple[str, ...]]]] = {
    "42501": _denied,
    "25001": _in_transaction,
    "57014": _timeout,
    "55P03": _lock,
    "55P04": _new_enum_value,
    "53100": _disk,
}
