"""Where this installation's backups lie, what they are sealed under, and where they are copied to.

Apart from the rest, for only who seals loads cryptography, and only who uses object storage loads boto3.
"""

from collections.abc import Collection, Sequence
from importlib import import_module
from pathlib import Path

from iotistic.bootstrap.endpoints import Endpoints
from iotistic.clock import system_clock
from iotistic.config import Settings
from iotistic.database.errors import translated
from iotistic.database.pool import connect
from iotistic.operations.backups import (
    BackupBook,
    BackupStore,
    Copies,
    FolderStorage,
    Manifest,
    Reconciled,
    Recorded,
    Storage,
    StorageRefused,
)
from iotistic.operations.backups.keys import BackupKeys

__all__ = ["backup_copies", "backup_store", "keep_book"]

_SCHEME = "s3://"


def backup_store(settings: Settings, folder: Path | None = None) -> BackupStore:
    """The dumps of this installation, or those of another folder; sealed where a key is configured. Raises SealingKeyInvalid."""
    key = settings.backups.key
    return BackupStore(folder or settings.backup_folder, BackupKeys(key) if key else None)


def backup_copies(settings: Settings) -> Copies | None:
    """Where whole dumps are copied to; None where nothing is configured. Raises StorageRefused without the extra `s3`."""
    address = settings.backups.storage
    if address is None:
        return None
    if not address.startswith(_SCHEME):
        return Copies(FolderStorage(Path(address)))
    bucket, _, prefix = address.removeprefix(_SCHEME).partition("/")
    return Copies(_bucket(bucket, prefix, settings.backups.s3_endpoint))


async def keep_book(
    settings: Settings,
    store: BackupStore,
    *,
    let_go: Collection[str] = (),
    failed: tuple[Manifest, str] | None = None,
) -> tuple[Reconciled, Sequence[Recorded]]:
    """Makes the rows in the platform's database what is on disk; answers what was not known before, and them, newest first.

    `let_go` are ids that were pruned, `failed` is a drill that went wrong, and why. Raises what connecting raises, StorageRefused, and
    SchemaMissing where the database has no such table yet: backups go on without rows.
    """
    endpoints, copies, now = Endpoints(settings), backup_copies(settings), system_clock()
    connection = await connect(
        endpoints.of("app"), endpoints.platform_database, application_name="iotistic-backup"
    )
    try:
        with translated():
            book = BackupBook(connection, store)
            await book.forget(let_go)
            found = await book.reconcile(copies, now)
            if failed is not None:
                await book.record_failed_drill(*failed, now)
            rows = await book.list()
            await connection.commit()
            return found, rows
    finally:
        await connection.close()


def _bucket(name: str, prefix: str, endpoint: str | None) -> Storage:
    try:
        module = import_module("iotistic.operations.backups.bucket")
    except ModuleNotFoundError as error:
        raise StorageRefused(
            "Object storage needs boto3, which is not installed.", hint="pip install 'iotistic[s3]'"
        ) from error
    storage: Storage = module.Bucket(name, prefix, endpoint=endpoint)
    return storage
