"""What archiving can refuse, and what can fail."""

from iotistic.errors import Conflict, NotFound, Unavailable

__all__ = [
    "ArchiveDamaged",
    "ArchiveDiffers",
    "ArchiveSupportMissing",
    "ArchivedTableNotFound",
    "QueryRefused",
]


class ArchiveSupportMissing(Unavailable):
    """DuckDB, which writes and reads the files, is not installed."""

    code = "archive_support_missing"

    @classmethod
    def now(cls) -> "ArchiveSupportMissing":
        return cls(
            "Archiving needs DuckDB, which is not installed.",
            hint="Install it: pip install 'iotistic[archive]'",
        )


class ArchiveDamaged(Conflict):
    """A file is missing, or is not what its manifest says."""

    code = "archive_damaged"


class ArchiveDiffers(Conflict):
    """What was archived is not what the table holds, so nothing of the table is dropped."""

    code = "archive_differs"


class ArchivedTableNotFound(NotFound):
    """There is no such partition to archive."""

    code = "archive_table_not_found"


class QueryRefused(Conflict):
    """DuckDB does not run the query on the archive."""

    code = "archive_query_refused"
