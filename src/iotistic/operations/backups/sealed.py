"""Backups under a key: what a store asks of whoever has the key, and a backup's files as they were before they were sealed."""

from pathlib import Path
from typing import Protocol

from iotistic.operations.backups.errors import BackupKeyMissing
from iotistic.operations.backups.model import Manifest

__all__ = ["SEALED", "Sealer", "require_sealer"]

SEALED = ".sealed"
"""What a sealed file's name ends with."""


class Sealer(Protocol):
    """Seals and opens the files of backups."""

    @property
    def current(self) -> str:
        """The name of the key that seals."""
        ...

    def seal_folder(self, folder: Path, backup_id: str) -> str:
        """Puts each file's sealed form in its place; answers the wrapped data key."""
        ...

    def sign(self, sealed_key: str, backup_id: str, manifest: bytes) -> str:
        """What only a holder of the key can say about a manifest."""
        ...

    def open_folder(self, manifest: Manifest, source: Path, target: Path | None) -> None:
        """Writes what the files hold below `target`, or only sees that they open. Raises BackupKeyMissing, BackupDamaged."""
        ...


def require_sealer(sealer: Sealer | None, manifest: Manifest) -> Sealer:
    """Raises BackupKeyMissing."""
    if sealer is None:
        raise BackupKeyMissing(
            f"The backup {manifest.id} is sealed under the key {manifest.key_id}, and no key is given.",
            hint="Set IOTISTIC_BACKUP_KEY_FILE to the file that holds it, or IOTISTIC_BACKUP_KEY to the key.",
            key_id=manifest.key_id,
        )
    return sealer
