"""Backups that are proved, not hoped: taken on one snapshot, compared after a restore, swapped in by name."""

from iotistic.operations.backups.aside import drop_aside, list_aside
from iotistic.operations.backups.book import BackupBook, Reconciled, Recorded
from iotistic.operations.backups.copies import Copies
from iotistic.operations.backups.creation import BackupOrder, create_backup
from iotistic.operations.backups.drill import drill
from iotistic.operations.backups.model import Compression, Manifest, TableCount
from iotistic.operations.backups.plain_dump import PlainDump, inspect_dump, restore_plain
from iotistic.operations.backups.progress import Observe, Progress
from iotistic.operations.backups.pruning import Here, Shelf, prune
from iotistic.operations.backups.records import BackupRecords, Proof
from iotistic.operations.backups.repository import Aside
from iotistic.operations.backups.restoration import Outcome, Restoration
from iotistic.operations.backups.retention import Keep, Verdict, judge
from iotistic.operations.backups.rounds import BackupRoundFailed, keep_backups
from iotistic.operations.backups.schedule import Timetable
from iotistic.operations.backups.side_tables import restore_tables
from iotistic.operations.backups.storage import FolderStorage, ObjectMissing, Storage, StorageRefused
from iotistic.operations.backups.store import BackupStore

__all__ = [
    "Aside",
    "BackupBook",
    "BackupOrder",
    "BackupRecords",
    "BackupRoundFailed",
    "BackupStore",
    "Compression",
    "Copies",
    "FolderStorage",
    "Here",
    "Keep",
    "Manifest",
    "ObjectMissing",
    "Observe",
    "Outcome",
    "PlainDump",
    "Progress",
    "Proof",
    "Reconciled",
    "Recorded",
    "Restoration",
    "Shelf",
    "Storage",
    "StorageRefused",
    "TableCount",
    "Timetable",
    "Verdict",
    "create_backup",
    "drill",
    "drop_aside",
    "inspect_dump",
    "judge",
    "keep_backups",
    "list_aside",
    "prune",
    "restore_plain",
    "restore_tables",
]
