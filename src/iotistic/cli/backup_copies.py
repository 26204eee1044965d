"""What `iotistic backup` does with copies in a storage."""

from typing import Annotated

import typer

from iotistic.bootstrap.backups import backup_copies
from iotistic.cli.backup_folder import Folder, get_here, store_of
from iotistic.cli.db import Database, Which, database_name
from iotistic.cli.options import DataDir, settings_from
from iotistic.cli.output import narrate, readable_bytes
from iotistic.config import Settings
from iotistic.errors import Invalid
from iotistic.operations.backups import BackupStore, Copies, Manifest
from iotistic.operations.backups.errors import BackupNotFound

__all__ = ["copies_of", "copy_known", "fetch", "send", "verify_copy"]

Name = Annotated[str, typer.Argument(help="The id of a backup, or `latest`.")]


class StorageUnset(Invalid):
    """No storage is configured."""

    code = "backup_storage_unset"


def copies_of(settings: Settings) -> Copies:
    """Raises StorageUnset."""
    copies = backup_copies(settings)
    if copies is None:
        raise StorageUnset(
            "Backups are copied nowhere: IOTISTIC_BACKUP_STORAGE is not set.",
            hint="Set it to s3://BUCKET/PREFIX, or to a folder on another machine's disk.",
        )
    return copies


def send(
    name: Name = "latest",
    *,
    database: Which = Database.platform,
    again: Annotated[bool, typer.Option("--again", help="Also if a copy is there: it is replaced.")] = False,
    folder: Folder = None,
    data_dir: DataDir = None,
) -> None:
    """Copy a backup to the storage that IOTISTIC_BACKUP_STORAGE names."""
    settings = settings_from(data_dir)
    store, copies = store_of(settings, folder), copies_of(settings)
    manifest = get_here(settings, store, name, database)
    store.check(manifest)
    sent = copies.send(store, manifest, again=again)
    size = readable_bytes(manifest.bytes)
    narrate(
        f"{manifest.id} is in {copies.address} ({size})."
        if sent
        else f"{manifest.id} was in {copies.address} already."
    )


def fetch(
    name: Name = "latest",
    database: Which = Database.platform,
    folder: Folder = None,
    data_dir: DataDir = None,
) -> None:
    """Bring a copy back into the folder of backups. `restore` and `drill` do so by themselves where only the copy is left."""
    settings = settings_from(data_dir)
    store, copies = store_of(settings, folder), copies_of(settings)
    manifest = _copy(settings, copies, name, database)
    if any(each.id == manifest.id for each in store.list(manifest.database)):
        narrate(f"{manifest.id} is here already.")
        return
    copies.bring(store, manifest)
    narrate(f"{manifest.id} is here, as it was written ({readable_bytes(manifest.bytes)}).")


def verify_copy(settings: Settings, name: str, database: Database) -> None:
    """Reads every file of a copy where it lies."""
    copies = copies_of(settings)
    manifest = _copy(settings, copies, name, database)
    read = copies.check(manifest)
    narrate(
        f"All {len(manifest.files)} files of {manifest.id} in {copies.address} are as they were written ({readable_bytes(read)})."
    )


def _copy(settings: Settings, copies: Copies, name: str, database: Database) -> Manifest:
    manifest = copies.find(name, database_name(settings, database) if name == "latest" else None)
    if manifest is None:
        raise BackupNotFound(
            f"There is no backup {name!r} in {copies.address}.",
            hint="`iotistic backup list` shows where each one is.",
            name=name,
        )
    return manifest


def copy_known(settings: Settings, store: BackupStore, manifest: Manifest) -> None:
    """Makes what is known of a copy what is known of the backup here, if there is a copy."""
    copies = backup_copies(settings)
    if copies is not None and copies.has(manifest):
        copies.send_records(store, manifest)
