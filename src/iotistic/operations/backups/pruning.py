"""Letting go of backups that are no longer needed, wherever they lie."""

from collections.abc import Sequence
from typing import Protocol, final

from iotistic.operations.backups.model import Manifest
from iotistic.operations.backups.records import BackupRecords
from iotistic.operations.backups.retention import Keep, Verdict, judge
from iotistic.operations.backups.store import BackupStore

__all__ = ["Here", "Shelf", "prune"]


class Shelf(Protocol):
    """A place with backups and what is known of them."""

    def list(self, database: str | None = None) -> Sequence[Manifest]: ...

    def proved(self, database: str) -> frozenset[str]: ...

    def pinned(self, database: str) -> frozenset[str]: ...

    def remove(self, manifest: Manifest) -> None: ...

    def forget(self, manifest: Manifest) -> None:
        """Removes what is known of one that is gone."""
        ...


@final
class Here:
    """The folder of backups as a shelf."""

    def __init__(self, store: BackupStore) -> None:
        self._store = store
        self._records = BackupRecords(store.root)

    def list(self, database: str | None = None) -> Sequence[Manifest]:
        return self._store.list(database)

    def proved(self, database: str) -> frozenset[str]:
        return frozenset(each.id for each in self._store.list(database) if self._records.find_proof(each))

    def pinned(self, database: str) -> frozenset[str]:
        return frozenset(each.id for each in self._store.list(database) if self._records.is_pinned(each))

    def remove(self, manifest: Manifest) -> None:
        self._store.remove(manifest)

    def forget(self, manifest: Manifest) -> None:
        self._records.forget(manifest)


def prune(shelf: Shelf, database: str, *, keep: Keep, act: bool) -> list[Verdict]:
    """A verdict for each backup of one database, newest first; with `act`, those that need not stay are removed."""
    verdicts = judge(
        shelf.list(database), keep=keep, pinned=shelf.pinned(database), proved=shelf.proved(database)
    )
    for verdict in verdicts:
        if act and not verdict.keep:
            shelf.remove(verdict.manifest)
            shelf.forget(verdict.manifest)
    return verdicts
