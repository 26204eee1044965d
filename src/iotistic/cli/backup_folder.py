"""Where backups lie, as commands are told it."""

from pathlib import Path
from typing import Annotated

import typer

from iotistic.bootstrap.backups import backup_copies, backup_store
from iotistic.cli.db import Database, database_name
from iotistic.cli.output import narrate, readable_bytes
from iotistic.config import Settings
from iotistic.operations.backups import BackupStore, Copies, Manifest
from iotistic.operations.backups.errors import BackupNotFound
from iotistic.operations.physical import BaseBackups

__all__ = ["Folder", "base_backups_of", "find_backup", "folder_of", "get_here", "store_of"]

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


def get_here(settings: Settings, store: BackupStore, name: str, database: Database) -> Manifest:
    """The backup with this id in the folder, or for `latest` the newest full one of a database. Raises BackupNotFound, naming a copy."""
    wanted = _wanted(settings, name, database)
    try:
        return store.get(name, wanted)
    except BackupNotFound as error:
        only = _only_copy(settings, name, wanted)
        if only is None:
            raise
        copies, copy = only
        raise BackupNotFound(
            f"Of {copy.id} only the copy in {copies.address} is left.",
            hint=f"`iotistic backup fetch {copy.id}` brings it back; `iotistic backup verify --copy {copy.id}` reads it there.",
            name=name,
        ) from error


def find_backup(settings: Settings, store: BackupStore, name: str, database: Database) -> Manifest:
    """The same, fetched where only its copy is left. Raises BackupNotFound."""
    wanted = _wanted(settings, name, database)
    try:
        return store.get(name, wanted)
    except BackupNotFound:
        only = _only_copy(settings, name, wanted)
        if only is None:
            raise
        copies, copy = only
        narrate(f"fetching {copy.id} from {copies.address} ({readable_bytes(copy.bytes)})")
        return copies.bring(store, copy)


def _wanted(settings: Settings, name: str, database: Database) -> str | None:
    """Whose newest is meant; an id means one backup, whatever it is of."""
    return database_name(settings, database) if name == "latest" else None


def _only_copy(settings: Settings, name: str, database: str | None) -> tuple[Copies, Manifest] | None:
    copies = backup_copies(settings)
    copy = copies.find(name, database) if copies else None
    return None if copies is None or copy is None else (copies, copy)


def base_backups_of(settings: Settings, folder: Path | None) -> BaseBackups:
    """The base backups of this installation's server, or those of another folder."""
    return BaseBackups(folder_of(settings, folder))
