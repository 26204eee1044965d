"""What a file says about itself in its leading comments: `-- migrate: ...` lines.

-- Adds the index behind the device list.
-- migrate: no-transaction
-- migrate: lock-timeout 2s
-- migrate: statement-timeout 10min
-- migrate: allow drop-column, rename-table: nothing reads them since 2.4
-- migrate: phase contract
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum

__all__ = ["DirectiveInvalid", "Directives", "Phase", "Waiver", "read_directives"]


class Phase(StrEnum):
    """Where a file stands in a change that old and new code live through together."""

    EXPAND = "expand"
    """Adds; the code of before still runs on it."""
    CONTRACT = "contract"
    """Takes away; only after no code of before runs any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiver:
    """Lint rules that do not apply to a file, and why."""

    rules: tuple[str, ...]
    """Names of rules."""
    reason: str
    """Why each of them is all right here."""
    line: int
    """Where it says so, from 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Directives:
    """What a file asks for."""

    transaction: bool = True
    """Whether the file is one transaction."""
    lock_timeout: timedelta | None = None
    """How long a statement may wait for a lock; None is the runner's own limit."""
    statement_timeout: timedelta | None = None
    """How long a statement may run; None is the runner's own limit."""
    phase: Phase | None = None
    """Expand or contract, if it says so."""
    waivers: tuple[Waiver, ...] = field(default=())
    """Lint rules it is excused from."""


class DirectiveInvalid(ValueError):
    """A directive that is not understood; `line` says where, `hint` what to write."""

    def __init__(self, message: str, *, line: int, hint: str) -> None:
        super().__init__(message)
        self.line = line
        self.hint = hint


_DIRECTIVE = re.compile(
    r"[ \t]*--[ \t]*migrate:[ \t]*(?P<name>[^\s]*)[ \t]*(?P<argument>.*?)[ \t\r]*", re.IGNORECASE
)
_LEADING = re.compile(r"[ \t\r]*(?:--.*|\\restrict\b.*)?")
_DURATION = re.compile(r"(?P<number>[0-9]{1,9})[ ]?(?P<unit>ms|s|min|h)")
_WAIVER = re.compile(r"(?P<rules>[a-z0-9-]+(?:[ ]*,[ ]*[a-z0-9-]+)*)[ ]*:[ ]*(?P<reason>\S.*)")
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
}


def read_directives(text: str) -> Directives:
    """What the leading comment block of `text` asks for.

    Raises DirectiveInvalid on one that is unknown, malformed, given twice, or stands after the first statement, where it
    would be read by people and by nobody else.
    """
    found = Directives()
    seen: set[str] = set()
    leading = True
    for number, line in enumerate(text.split("\n"), start=1):
        leading = leading and _LEADING.fullmatch(line) is not None
        match = _DIRECTIVE.fullmatch(line) if "migrate:" in line.lower() else None
        if match is None:
            continue
        name = match["name"].lower()
        if not leading:
            raise DirectiveInvalid(
                f"The directive {name!r} stands after the leading comments, where it has no effect.",
                line=number,
                hint="Move it to the top of the file, before the first statement.",
            )
        if name in seen and name != "allow":
            raise DirectiveInvalid(
                f"The directive {name!r} is given twice.", line=number, hint="Keep one of them."
            )
        seen.add(name)
        found = _read(name, match["argument"], number)(found)
    return found


def _read(name: str, argument: str, line: int) -> Callable[[Directives], Directives]:
    reader = _READERS.get(name)
    if reader is None:
        near = get_close_matches(name, _READERS, n=1)
        known = ", ".join(_READERS)
        raise DirectiveInvalid(
            f"There is no directive {name!r}.",
            line=line,
            hint=f"Did you mean {near[0]!r}? Known are {known}." if near else f"Known are {known}.",
        )
    return reader(argument, line)


def _no_transaction(argument: str, line: int) -> Callable[[Directives], Directives]:
    if argument:
        raise DirectiveInvalid(
            "no-transaction takes no value.", line=line, hint="Write just: -- migrate: no-transaction"
        )
    return lambda found: replace(found, transaction=False)


def _duration(name: str, argument: str, line: int) -> timedelta:
    match = _DURATION.fullmatch(argument)
    if match is None:
        raise DirectiveInvalid(
            f"{argument!r} is no duration for {name}.",
            line=line,
            hint=f"Write a whole number and ms, s, min or h: -- migrate: {name} 2s",
        )
    return int(match["number"]) * _UNITS[match["unit"]]


def _lock_timeout(argument: str, line: int) -> Callable[[Directives], Directives]:
    value = _duration("lock-timeout", argument, line)
    if not value:
        raise DirectiveInvalid(
            "lock-timeout 0 would wait for ever, with every reader queued behind it.",
            line=line,
            hint="Give a limit; the file is tried again when it runs out: -- migrate: lock-timeout 2s",
        )
    return lambda found: replace(found, lock_timeout=value)


def _statement_timeout(argument: str, line: int) -> Callable[[Directives], Directives]:
    value = _duration("statement-timeout", argument, line)
    return lambda found: replace(found, statement_timeout=value)


def _phase(argument: str, line: int) -> Callable[[Directives], Directives]:
    try:
        phase = Phase(argument.lower())
    except ValueError:
        raise DirectiveInvalid(
            f"{argument!r} is no phase.", line=line, hint="Write phase expand or phase contract."
        ) from None
    return lambda found: replace(found, phase=phase)


def _allow(argument: str, line: int) -> Callable[[Directives], Directives]:
    match = _WAIVER.fullmatch(argument)
    if match is None:
        raise DirectiveInvalid(
            "allow needs the names of rules, a colon, and the reason.",
            line=line,
            hint="Write for example: -- migrate: allow drop-column: nothing reads it since release 2.4",
        )
    rules = tuple(rule.strip() for rule in match["rules"].split(","))
    waiver = Waiver(rules=rules, reason=match["reason"], line=line)
    return lambda found: replace(found, waivers=(*found.waivers, waiver))


_READERS: dict[str, Callable[[str, int], Callable[[Directives], Directives]]] = {
    "no-transaction": _no_transaction,
    "lock-timeout": _lock_timeout,
    "statement-timeout": _statement_timeout,
    "allow": _allow,
    "phase": _phase,
}
