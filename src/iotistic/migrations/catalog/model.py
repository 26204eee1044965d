"""A database's catalog as plain values: what exists, and what is true of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["Catalog", "Item", "catalog_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One object: a table, a column, an index, ..."""

    kind: str
    """What it is, in SQL's words: table, column, constraint, index, view, function, ..."""
    name: str
    """Its full name, quoted where SQL needs it; functions with their argument types."""
    parent: str | None = None
    """The table that a column, constraint, index, trigger, rule or policy belongs to."""
    place: int = 0
    """Its place among its siblings, for writing them in a natural order; no difference by itself."""
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    """What is true of it beyond the defaults."""

    @property
    def key(self) -> tuple[str, str]:
        """What it is found by in another database."""
        return self.kind, self.name

    @property
    def short_name(self) -> str:
        """Its name within its parent."""
        prefix = f"{self.parent}."
        return self.name.removeprefix(prefix) if self.parent else self.name


Catalog = Mapping[tuple[str, str], Item]
"""Items by kind and name."""


def catalog_of(items: Iterable[Item]) -> Catalog:
    """The items by their keys."""
    return {item.key: item for item in items}
