"""Where base backups lie: beside the dumps, in a folder of the server.

    <folder>/server/base/<id>/   data/ (what pg_basebackup wrote, with its backup_manifest), manifest.json, manifest.sha256
    <folder>/server/wal/         the archived log

An increment holds only what changed since another, and names it; without every one before it, back to the full one, it is nothing.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import final

import msgspec

from iotistic.operations.backups import BackupStore
from iotistic.operations.backups.errors import BackupDamaged
from iotistic.operations.backups.folders import MANIFEST, publish, read_sealed
from iotistic.operations.backups.records import PIN
from iotistic.operations.backups.store import Unreadable
from iotistic.operations.physical.errors import BaseBackupDamaged, BaseBackupMissing, ChainBroken

__all__ = ["DATA", "BaseBackup", "BaseBackups", "fingerprint"]

DATA = "data"
_BASE = "base"
_POSTGRES_MANIFEST = "backup_manifest"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseBackup:
    """What a base backup says about itself. Written last: a folder without it is no backup."""

    format: int
    """The layout of the folder; 1."""
    id: str
    parent: str | None
    """The backup this one holds the changes since; None: it is complete."""
    server_version: int
    """As libpq gives it: 180006."""
    started_at: datetime
    finished_at: datetime
    """Any moment from here on can be recovered, as far as the archived log goes."""
    bytes: int
    fingerprint: str
    """SHA-256 of PostgreSQL's own manifest, which holds one of every file."""


@final
class BaseBackups:
    """Those below one folder of backups."""

    def __init__(self, root: Path) -> None:
        self._store = BackupStore(root / "server")
        self.root = root / "server" / _BASE
        self.wal = root / "server" / "wal"

    def data_of(self, backup: BaseBackup) -> Path:
        """PostgreSQL's files of it."""
        return self.root / backup.id / DATA

    def manifest_of(self, backup: BaseBackup) -> Path:
        """PostgreSQL's own manifest."""
        return self.data_of(backup) / _POSTGRES_MANIFEST

    def list(self) -> list[BaseBackup]:
        """Those whose manifest can be read, newest first: a damaged one hides no other."""
        found = [each for each in self._looked_at() if isinstance(each, BaseBackup)]
        return sorted(found, key=lambda each: each.id, reverse=True)

    def unreadable(self) -> Sequence[Unreadable]:
        """Those that `list` cannot tell of. They are never removed, nor is any log while there is one."""
        return [each for each in self._looked_at() if isinstance(each, Unreadable)]

    def _looked_at(self) -> Iterator[BaseBackup | Unreadable]:
        for path in self.root.glob(f"[!.]*/{MANIFEST}"):
            try:
                yield _read(path.parent)
            except BackupDamaged as error:
                yield Unreadable(id=path.parent.name, database=_BASE, why=error.message)

    def get(self, name: str, *, before: datetime | None = None) -> BaseBackup:
        """The one with this id, or the newest for `latest`; finished before a moment, if one is given.

        Raises BaseBackupMissing, BaseBackupDamaged. A damaged one in the place of the newest is passed over where a moment is asked
        for: an older one reaches it too.
        """
        for backup in self.list():
            if name in {"latest", backup.id} and (before is None or backup.finished_at <= before):
                return backup
        for damaged in self.unreadable():
            if damaged.id == name:
                raise BaseBackupDamaged(damaged.why, hint="`iotistic backup bases` shows the others.")
        when = f" that was finished before {before:%Y-%m-%d %H:%M:%S} UTC" if before else ""
        raise BaseBackupMissing(
            f"There is no base backup {name!r}{when} in {self.root}.",
            hint="`iotistic backup create --physical` makes one; nothing from before the first can be recovered.",
        )

    def chain(self, backup: BaseBackup) -> Sequence[BaseBackup]:
        """The complete one first, then each increment up to this one. Raises ChainBroken."""
        known, links = {each.id: each for each in self.list()}, [backup]
        while links[0].parent is not None:
            parent = known.get(links[0].parent)
            if parent is None:
                raise ChainBroken(
                    f"The base backup {links[0].id} holds only what changed since {links[0].parent}, which is gone.",
                    hint="Recover from an older one, and take a complete one now: `iotistic backup create --physical`.",
                )
            links.insert(0, parent)
        return links

    def draft(self, backup_id: str) -> AbstractContextManager[Path]:
        """A private folder to write into; removed unless it was published."""
        self._store.sweep(_BASE)
        return self._store.draft(_BASE, backup_id)

    def publish(self, draft: Path, backup: BaseBackup) -> None:
        """Makes the draft a backup."""
        publish(draft, backup.id, msgspec.json.format(msgspec.json.encode(backup), indent=2))

    def remove(self, backup: BaseBackup) -> None:
        """Deletes one: under another name first, so that half of one never counts."""
        folder = self.root / backup.id
        doomed = folder.with_name(f".{folder.name}.part")
        folder.rename(doomed)
        shutil.rmtree(doomed)
        self._pin(backup).unlink(missing_ok=True)

    def pin(self, backup: BaseBackup, reason: str) -> None:
        """Keeps it, and what it is built on, for ever."""
        self._pin(backup).write_text(json.dumps({"reason": reason}) + "\n", encoding="utf-8")

    def unpin(self, backup: BaseBackup) -> bool:
        """Lets it go when its time comes; False if it was not pinned."""
        was = self.is_pinned(backup)
        self._pin(backup).unlink(missing_ok=True)
        return was

    def is_pinned(self, backup: BaseBackup) -> bool:
        return self._pin(backup).exists()

    def _pin(self, backup: BaseBackup) -> Path:
        return self.root / f"{backup.id}{PIN}"

    def require_same_manifest(self, backup: BaseBackup) -> None:
        """Raises BaseBackupDamaged where PostgreSQL's manifest is not the one that was written."""
        if fingerprint(self.manifest_of(backup)) != backup.fingerprint:
            raise BaseBackupDamaged(f"The manifest of the base backup {backup.id} was changed.")


def fingerprint(path: Path) -> str | None:
    """SHA-256 of a file; None where it is missing."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _read(folder: Path) -> BaseBackup:
    text = read_sealed(folder)
    try:
        return msgspec.json.decode(text, type=BaseBackup)
    except msgspec.MsgspecError as error:
        raise BackupDamaged(f"The manifest of {folder.name} cannot be read: {error}.") from error
