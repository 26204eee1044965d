"""The whole server as files, and every moment since: base backups, increments, the archived log, and recovery to a point in time."""

from iotistic.operations.physical.base_backups import BaseBackup, BaseBackups
from iotistic.operations.physical.creation import create_base_backup
from iotistic.operations.physical.errors import ArchivedDifferently, BaseBackupDamaged, ChainBroken
from iotistic.operations.physical.pgbackrest import PgBackRest, StanzaBackup, StanzaState
from iotistic.operations.physical.pruning import Pruned, prune_bases
from iotistic.operations.physical.recovery import Recovered, recover, recover_stanza
from iotistic.operations.physical.wal_archive import WalArchive, keep_archiving, stop_archiving

__all__ = [
    "ArchivedDifferently",
    "BaseBackup",
    "BaseBackupDamaged",
    "BaseBackups",
    "ChainBroken",
    "PgBackRest",
    "Pruned",
    "Recovered",
    "StanzaBackup",
    "StanzaState",
    "WalArchive",
    "create_base_backup",
    "keep_archiving",
    "prune_bases",
    "recover",
    "recover_stanza",
    "stop_archiving",
]
