"""Patterns of rules: matched in time that is linear in the message, whatever the pattern.

Python's own `re` tries alternatives one after the other: `(a+)+$` against 40 letters keeps a processor busy for days. RE2 never
does, and refuses what it could not match so (back references, looking around) and what would become too large.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from importlib import import_module
from typing import Any, Final, Protocol

from iotistic.telemetry.alerts.errors import PatternInvalid
from iotistic.telemetry.alerts.model import PatternType

__all__ = ["LONGEST_MESSAGE", "LONGEST_PATTERN", "Matches", "compile_pattern", "expressions_in"]

LONGEST_PATTERN: Final = 500
"""Characters."""
LONGEST_MESSAGE: Final = 4_096
"""Characters of a message, from its beginning, that patterns are held against."""

_MOST_MEMORY: Final = 1 << 20
"""Bytes for one compiled pattern and the states it meets: 500 of them are 500 MB at the very most, and a few MB in practice."""
_LARGEST_PROGRAM: Final = 5_000
"""Instructions: matching costs up to so many steps a byte where its states do not fit into the memory."""

_MOST_INSTRUCTIONS: Final = 50_000
"""Of the expressions that are looked for together. RE2 tells nobody when the memory is too small for the states of a set, and
then finds nothing; a state has a few bytes for each instruction, so 20 of them, which it must have room for, take 10 MB at most."""
_SET_MEMORY: Final = 64 << 20

_re2: Final[Any] = import_module("re2")  # it has no types

Matches = Callable[[str], bool]
"""Whether a message matches."""


class _Expression(Protocol):
    """What RE2 makes of a pattern."""

    programsize: int

    def search(self, text: str) -> object | None: ...


@lru_cache(maxsize=1_000)
def compile_pattern(pattern: str, pattern_type: PatternType) -> Matches:
    """What a rule holds messages against. Raises PatternInvalid with the reason."""
    if not 1 <= len(pattern) <= LONGEST_PATTERN:
        raise _invalid(f"A pattern has 1 to {LONGEST_PATTERN} characters, not {len(pattern)}.")
    if pattern_type == "exact":
        return pattern.__eq__
    if pattern_type == "keyword":
        word = pattern.casefold()
        return lambda message: word in message.casefold()
    return _expression(pattern)


def expressions_in(patterns: Iterable[str]) -> Callable[[str], list[str]]:
    """Which of these expressions, each good by `compile_pattern`, match a message: looked for together, in one walk over it.

    500 expressions cost 30 us a line so, and 2.9 ms one after the other.
    """
    sets = [_set(group) for group in _groups(sorted(set(patterns)))]
    return lambda message: [pattern for find in sets for pattern in find(message)]


def _groups(patterns: Iterable[str]) -> Iterator[tuple[str, ...]]:
    group: list[str] = []
    size = 0
    for pattern in patterns:
        more = _compiled(pattern).programsize
        if group and size + more > _MOST_INSTRUCTIONS:
            yield tuple(group)
            group, size = [], 0
        group.append(pattern)
        size += more
    if group:
        yield tuple(group)


@lru_cache(maxsize=50)
def _set(patterns: tuple[str, ...]) -> Callable[[str], list[str]]:
    compiled = _re2.Set.SearchSet(_options(_SET_MEMORY))
    for pattern in patterns:
        compiled.Add(pattern)
    compiled.Compile()
    return lambda message: [patterns[number] for number in compiled.Match(message) or ()]


def _options(memory: int) -> Any:  # noqa: ANN401 - it has no types
    options = _re2.Options()
    options.max_mem = memory
    options.log_errors = False
    options.never_capture = True
    return options


@lru_cache(maxsize=1_000)
def _compiled(pattern: str) -> _Expression:
    expression: _Expression = _re2.compile(pattern, _options(_MOST_MEMORY))
    return expression


def _expression(pattern: str) -> Matches:
    try:
        expression = _compiled(pattern)
    except _re2.error as error:
        raise _invalid(
            f"The pattern is no RE2 expression: {_reason(error)}.",
            hint="Back references and looking around are not supported; https://github.com/google/re2/wiki/Syntax lists what is.",
        ) from error
    if expression.programsize > _LARGEST_PROGRAM:
        raise _invalid("The pattern is too large: its repetitions multiply.")
    if expression.search(""):
        raise _invalid("The pattern matches the empty text, and so every line.")
    return lambda message: expression.search(message) is not None


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args else error
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _invalid(message: str, *, hint: str | None = None) -> PatternInvalid:
    return PatternInvalid(message, hint=hint, field="pattern")
