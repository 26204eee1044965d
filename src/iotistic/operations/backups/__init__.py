"""Backups that are proved, not hoped: taken on one snapshot, compared after a restore, swapped in by name."""

from iotistic.operations.backups.aside import drop_aside, list_aside
from iotistic.operations.backups.creation import BackupOrder, create_backup
from iotistic.operations.backups.drill import drill
from iotistic.operations.backups.dumping import Progress
from iotistic.operations.backups.model import Compression, Manifest, TableCount
from iotistic.operations.backups.plain_dump import PlainDump, inspect_dump, restore_plain
from iotistic.operations.backups.pruning import prune
from iotistic.operations.backups.records import BackupRecords, Proof
from iotistic.operations.backups.repository import Aside
from iotistic.operations.backups.restoration import Outcome, Restoration
from iotistic.operations.backups.retention import Keep, Verdict, judge
from iotistic.operations.backups.rounds import BackupRoundFailed, keep_backups
from iotistic.operations.backups.schedule import Timetable
from iotistic.operations.backups.side_tables import restore_tables
from iotistic.operations.backups.store import BackupStore

__all__ = [
    "Aside",
    "BackupOrder",
    "BackupRecords",
    "BackupRoundFailed",
    "BackupStore",
    "Compression",
    "Keep",
    "Manifest",
    "Outcome",
    "PlainDump",
    "Progress",
    "Proof",
    "Restoration",
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
