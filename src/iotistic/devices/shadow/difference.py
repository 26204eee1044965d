"""What is different between two documents, told for people (member by member) and for programs (as a merge patch). Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from iotistic.devices.shadow.document import Document, is_object
from iotistic.devices.shadow.likeness import alike
from iotistic.devices.shadow.merge_patch import patch_between

__all__ = ["Change", "Difference", "difference_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One member that is not the same in both."""

    path: str
    """Where it is, as JSON Pointer (RFC 6901): /network/mtu."""
    kind: Literal["added", "removed", "changed"]
    before: Any
    """None where it was added."""
    after: Any
    """None where it was removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The way from one document to another."""

    patch: Document
    """Merged into the first (RFC 7396), makes the second."""
    changes: tuple[Change, ...]
    """By path."""


def difference_of(old: Document, new: Document) -> Difference:
    """How `new` differs from `old`; arrays are compared whole."""
    changes = sorted(_changes(old, new, ""), key=lambda change: change.path)
    return Difference(patch=patch_between(old, new), changes=tuple(changes))


def _changes(old: Document, new: Document, path: str) -> Iterator[Change]:
    for name in old.keys() | new.keys():
        place = f"{path}/{_escaped(name)}"
        if name not in new:
            yield Change(path=place, kind="removed", before=old[name], after=None)
        elif name not in old:
            yield Change(path=place, kind="added", before=None, after=new[name])
        elif is_object(old[name]) and is_object(new[name]):
            yield from _changes(old[name], new[name], place)
        elif not alike(old[name], new[name]):
            yield Change(path=place, kind="changed", before=old[name], after=new[name])


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
