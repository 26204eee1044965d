"""Where backups lie, as commands are told it."""

from pathlib import Path
from typing import Annotated

import typer

from iotistic.config import Settings
from iotistic.operations.backups import BackupStore
from iotistic.operations.physical import BaseBackups

__all__ = ["Folder", "base_backups_of", "folder_of", "store_of"]

Folder = Annotated[
    Path | None,
    typer.Option("--folder", metavar="PATH", help="Where backups lie; by default IOTISTIC_BACKUP_DIR."),
]


def folder_of(settings: Settings, folder: Path | None) -> Path:
    """The folder of this installation's backups, or another one."""
    return (folder or settings.backup_folder).expanduser().absolute()


def store_of(settings: Settings, folder: Path | None) -> BackupStore:
    """The dumps of this installation, or those of another folder."""
    return BackupStore(folder_of(settings, folder))


def base_backups_of(settings: Settings, folder: Path | None) -> BaseBackups:
    """The base backups of this installation's server, or those of another folder."""
    return BaseBackups(folder_of(settings, folder))
