"""Letting go of backups that are no longer needed."""

from iotistic.operations.backups.records import BackupRecords
from iotistic.operations.backups.retention import Keep, Verdict, judge
from iotistic.operations.backups.store import BackupStore

__all__ = ["prune"]


def prune(store: BackupStore, database: str, *, keep: Keep, act: bool) -> list[Verdict]:
    """A verdict for each backup of one database, newest first; with `act`, those that need not stay are removed."""
    records = BackupRecords(store.root)
    found = store.list(database)
    verdicts = judge(
        found,
        keep=keep,
        pinned={each.id for each in found if records.is_pinned(each)},
        proved={each.id for each in found if records.find_proof(each)},
    )
    for verdict in verdicts:
        if act and not verdict.keep:
            store.remove(verdict.manifest)
            records.forget(verdict.manifest)
    return verdicts
