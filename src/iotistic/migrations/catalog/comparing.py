"""Two catalogs compared, both ways."""

from dataclasses import dataclass
from enum import StrEnum

from iotistic.migrations.catalog.model import Catalog, Item
from iotistic.migrations.lexer import SourceInvalid, normalise

__all__ = ["Difference", "DifferenceKind", "FactDifference", "compare_catalogs"]


class DifferenceKind(StrEnum):
    """In which way two databases differ at one object."""

    MISSING = "missing"
    """The files make it, the database does not have it."""
    UNEXPECTED = "unexpected"
    """The database has it, no file makes it."""
    CHANGED = "changed"
    """Both have it, and it is not the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactDifference:
    """One thing that is true of an object in one database and not in the other."""

    fact: str
    """What: type, default, definition, ..."""
    expected: str | None
    """As the files make it; None: the default."""
    found: str | None
    """As the database has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One object in which two databases differ."""

    kind: DifferenceKind
    object_kind: str
    """table, column, index, ..."""
    name: str
    facts: tuple[FactDifference, ...] = ()
    """For a changed object, what differs."""

    def __str__(self) -> str:
        lines = [f"{self.kind.value}: {self.object_kind} {self.name}"]
        for fact in self.facts:
            lines += [f"  {fact.fact}:", *_indented("-", fact.expected), *_indented("+", fact.found)]
        return "\n".join(lines)


def compare_catalogs(expected: Catalog, found: Catalog) -> tuple[Difference, ...]:
    """What `found` lacks, has beyond, and has otherwise than `expected`, by name. Empty: the same.

    What belongs to a table that is missing or unexpected as a whole is not listed piece by piece.
    """
    differences: list[Difference] = []
    for key in sorted({*expected, *found}, key=lambda key: (key[1], key[0])):
        ours, theirs = expected.get(key), found.get(key)
        if ours is not None and theirs is not None:
            facts = _facts(ours, theirs)
            kind = DifferenceKind.CHANGED
        else:
            present, other = (ours, found) if ours is not None else (theirs, expected)
            facts = ()
            kind = DifferenceKind.MISSING if theirs is None else DifferenceKind.UNEXPECTED
            if present is None or (present.parent is not None and not _has_parent(other, present.parent)):
                continue
        if facts or kind is not DifferenceKind.CHANGED:
            differences.append(Difference(kind=kind, object_kind=key[0], name=key[1], facts=facts))
    return tuple(differences)


def _has_parent(catalog: Catalog, parent: str) -> bool:
    return any((kind, parent) in catalog for kind in ("table", "view", "materialized view"))


def _facts(ours: Item, theirs: Item) -> tuple[FactDifference, ...]:
    found: list[FactDifference] = []
    for fact in sorted({*ours.facts, *theirs.facts}):
        expected, actual = ours.facts.get(fact), theirs.facts.get(fact)
        if expected != actual and _said(fact, expected) != _said(fact, actual):
            found.append(FactDifference(fact=fact, expected=expected, found=actual))
    return tuple(found)


def _said(fact: str, text: str | None) -> str | None:
    """A definition without its layout; comments inside a function's body count, they are part of it."""
    if text is None or fact != "definition":
        return text
    try:
        return normalise(text)
    except SourceInvalid:
        return text


def _indented(mark: str, text: str | None) -> list[str]:
    return [f"    {mark} {line}" for line in ("(none)" if text is None else text).splitlines()]
