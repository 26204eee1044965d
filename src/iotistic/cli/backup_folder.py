"""Where backups lie, as commands are told it."""

from pathlib import Path
from typing import Annotated

import typer

from iotistic.bootstrap.backups import backup_copies, backup_store
from iotistic.cli.output import narrate, readable_bytes
from iotistic.config import Settings
from iotistic.operations.backups import BackupStore, Manifest
from iotistic.operations.backups.errors import BackupNotFound
from iotistic.operations.physical import BaseBackups

__all__ = ["Folder", "base_backups_of", "find_backup", "folder_of", "store_of"]

Folder = Annotated[
    Path | None,
    typer.Option("--folder", metavar="PATH", help="Where backups lie; by default IOTISTIC_BACKUP_DIR."),
]


def folder_of(settings: Settings, folder: Path | None) -> Path:
    """The folder of this installation's backups, or another one."""
    return (folder or settings.backup_folder).expanduser().absolute()


def store_of(settings: Settings, folder: Path | None) -> BackupStore:
    """The dumps of this installation, or those of another folder."""
    return backup_store(settings, folder_of(settings, folder))


def find_backup(settings: Settings, store: BackupStore, name: str, database: str | None = None) -> Manifest:
    """The backup with this id, or the newest full one for `latest`; fetched where only its copy is left. Raises BackupNotFound."""
    try:
        return store.get(name, database)
    except BackupNotFound:
        copies = backup_copies(settings)
        copy = copies.find(name, database) if copies else None
        if copies is None or copy is None:
            raise
        narrate(f"fetching {copy.id} from {copies.address} ({readable_bytes(copy.bytes)})")
        return copies.bring(store, copy)


def base_backups_of(settings: Settings, folder: Path | None) -> BaseBackups:
    """The base backups of this installation's server, or those of another folder."""
    return BaseBackups(folder_of(settings, folder))
