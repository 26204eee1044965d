"""What can be wrong with base backups and the archived log, as facts."""

from iotistic.errors import Conflict, Invalid, NotFound, Unavailable

__all__ = [
    "ArchivedDifferently",
    "BaseBackupDamaged",
    "BaseBackupMissing",
    "ChainBroken",
    "IncrementImpossible",
    "PgBackRestFailed",
    "RecoveryFailed",
    "SegmentUnarchived",
    "TargetInUse",
]


class BaseBackupMissing(NotFound):
    """No base backup of this name, or none from before that moment."""

    code = "base_backup_missing"


class BaseBackupDamaged(Conflict):
    """Files of it are not those that were written."""

    code = "base_backup_damaged"


class ChainBroken(Conflict):
    """An increment's predecessor is gone."""

    code = "backup_chain_broken"


class IncrementImpossible(Invalid):
    """The server cannot take increments, or there is nothing to build on."""

    code = "increment_impossible"


class ArchivedDifferently(Conflict):
    """The archive has a segment of this name with other content."""

    code = "archived_differently"


class TargetInUse(Conflict):
    """The folder to recover into is not empty."""

    code = "target_in_use"


class SegmentUnarchived(Unavailable):
    """The archive did not take a segment: it is missing, or the archive's disk is full or not ours."""

    code = "segment_unarchived"


class RecoveryFailed(Unavailable):
    """PostgreSQL did not reach the moment that was asked for."""

    code = "recovery_failed"


class PgBackRestFailed(Unavailable):
    """A command of pgBackRest ended with an error."""

    code = "pgbackrest_failed"
