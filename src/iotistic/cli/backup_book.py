"""The rows of backups in the platform's database, brought up to date by every command that changes or shows backups."""

from collections.abc import Collection, Sequence

from iotistic.bootstrap.backups import keep_book
from iotistic.cli.output import narrate, run_async
from iotistic.config import Settings
from iotistic.errors import IotisticError
from iotistic.operations.backups import BackupStore, Manifest, Recorded

__all__ = ["write_down"]


def write_down(
    settings: Settings,
    store: BackupStore,
    *,
    made: Manifest | None = None,
    let_go: Collection[str] = (),
    failed: tuple[Manifest, str] | None = None,
) -> Sequence[Recorded]:
    """The rows, newest first. A database that cannot be asked changes nothing about backups: that is told, and no more."""
    try:
        found, rows = run_async(keep_book(settings, store, let_go=let_go, failed=failed))
    except IotisticError as error:
        narrate(f"The database's list of backups is as it was: {error.message}")
        return ()
    for name in found.new:
        if made is None or name != made.id:
            narrate(f"{name} was not in the database's list of backups; it is now.")
    for name in found.gone:
        narrate(f"{name} is gone, and nobody let it go: its folder is missing.")
    return rows
