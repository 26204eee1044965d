"""What can be wrong with backups, as facts."""

from iotistic.errors import Conflict, Invalid, NotFound, Unavailable

__all__ = [
    "BackupDamaged",
    "BackupDiffers",
    "BackupKeyMissing",
    "BackupNotFound",
    "BackupUnreadable",
    "BackupUnwritable",
    "DatabaseExists",
    "RestoreBlocked",
    "SqlDumpRejected",
    "TableUnknown",
]


class BackupNotFound(NotFound):
    """No backup has this name."""

    code = "backup_not_found"


class BackupUnreadable(Invalid):
    """The folder is no backup that this program understands."""

    code = "backup_unreadable"


class BackupUnwritable(Unavailable):
    """The place for backups takes no more: it is full, or not ours to write to."""

    code = "backup_unwritable"


class BackupDamaged(Conflict):
    """Files are missing, too short, or not those that were written."""

    code = "backup_damaged"


class BackupKeyMissing(Unavailable):
    """The backup is sealed under a key that was not given."""

    code = "backup_key_missing"


class BackupDiffers(Conflict):
    """What was restored is not what was dumped."""

    code = "backup_differs"


class TableUnknown(NotFound):
    """The database has no such table."""

    code = "table_not_found"


class DatabaseExists(Conflict):
    """A database of this name is there; a restore writes into none that exists."""

    code = "database_exists"


class RestoreBlocked(Unavailable):
    """The server lacks something the backup needs: a version, a role, an extension, room."""

    code = "restore_blocked"


class SqlDumpRejected(Invalid):
    """The file is no whole plain dump."""

    code = "sql_dump_rejected"
