"""What became known of a backup after it was written: that it was proved, that it is to stay. Beside its folder, never in it."""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import final

import msgspec

from iotistic.operations.backups.model import Manifest

__all__ = ["PIN", "PROOF", "RECORDS", "BackupRecords", "Proof"]

PROOF = ".proof.json"
PIN = ".pin.json"
VERIFIED = ".verified.json"
RECORDS = (PROOF, PIN, VERIFIED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One restore of a backup that was compared with it."""

    backup: str
    proved_at: datetime
    server_version: int
    """Of the server it was restored to, as libpq gives it."""
    seconds: float
    """From an empty server to the last comparison."""
    tables: int
    rows: int
    amcheck: bool
    """Whether every table and index was checked page by page too."""


@final
class BackupRecords:
    """The records of one folder of backups."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def prove(self, manifest: Manifest, proof: Proof) -> None:
        """Keeps the newest proof of a backup."""
        self._write(self._proof(manifest), msgspec.json.format(msgspec.json.encode(proof), indent=2))

    def find_proof(self, manifest: Manifest) -> Proof | None:
        """The newest proof, or None while it was never restored."""
        try:
            return msgspec.json.decode(self._proof(manifest).read_bytes(), type=Proof)
        except (OSError, msgspec.MsgspecError):
            return None  # an unreadable proof proves nothing

    def verify(self, manifest: Manifest, at: datetime) -> None:
        """Keeps when every file was last read and found as it was written."""
        self._write(self._verified(manifest), json.dumps({"verified_at": at.isoformat()}).encode())

    def find_verified(self, manifest: Manifest) -> datetime | None:
        """When that was, or None."""
        try:
            return datetime.fromisoformat(json.loads(self._verified(manifest).read_bytes())["verified_at"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def pin(self, manifest: Manifest, reason: str) -> None:
        """Keeps the backup for ever, until it is unpinned."""
        self._write(self._pin(manifest), json.dumps({"reason": reason}).encode())

    def unpin(self, manifest: Manifest) -> bool:
        """Lets it go when its time comes; False if it was not pinned."""
        try:
            self._pin(manifest).unlink()
        except FileNotFoundError:
            return False
        return True

    def is_pinned(self, manifest: Manifest) -> bool:
        return self._pin(manifest).exists()

    def forget(self, manifest: Manifest) -> None:
        """Removes what is known of a backup that is gone."""
        self._proof(manifest).unlink(missing_ok=True)
        self._pin(manifest).unlink(missing_ok=True)
        self._verified(manifest).unlink(missing_ok=True)

    def _verified(self, manifest: Manifest) -> Path:
        return self._root / manifest.database / f"{manifest.id}{VERIFIED}"

    def _proof(self, manifest: Manifest) -> Path:
        return self._root / manifest.database / f"{manifest.id}{PROOF}"

    def _pin(self, manifest: Manifest) -> Path:
        return self._root / manifest.database / f"{manifest.id}{PIN}"

    def _write(self, path: Path, content: bytes) -> None:
        """Whole or not at all: a proof cut in half would be read as none."""
        draft = path.with_name(f".{path.name}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
