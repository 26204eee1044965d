"""Where backups lie: one folder each, written under another name and renamed when whole.

    <folder>/<database>/<id>/        dump/ (pg_dump's directory format), roles.sql, manifest.json, manifest.sha256; sealed ones: manifest.mac
    <folder>/<database>/.<id>.part/  one being written, or left by a run that was killed

A folder counts as a backup once it has its name; what is on disk decides, no catalog that could be lost with the database.
"""

import fcntl
import hashlib
import hmac
import os
import re
import secrets
import shutil
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import final

import msgspec

from iotistic.clock import system_clock
from iotistic.operations.backups.errors import BackupDamaged, BackupNotFound, BackupUnreadable
from iotistic.operations.backups.folders import (
    MANIFEST,
    ROLES,
    SEAL,
    is_abandoned,
    names_below,
    publish,
    read_sealed,
    tell_wrong,
)
from iotistic.operations.backups.model import Manifest
from iotistic.operations.backups.sealed import Sealer, require_sealer

__all__ = [
    "SIDE_FILES",
    "BackupStore",
    "Unreadable",
    "new_id",
]

_SIGNED = "manifest.mac"
SIDE_FILES = (SEAL, _SIGNED, MANIFEST)
"""What is beside a backup's files, in the order in which a copy gets them."""
_FORMAT = 1
_ID = re.compile(r"\d{8}T\d{9}Z-[0-9a-f]{4}")
_DRAFT = re.compile(rf"\.{_ID.pattern}\.part")


def new_id(moment: datetime) -> str:
    """A name for a backup begun at that moment, in UTC.

    The newest is the last by name, so it counts milliseconds: two small databases are dumped within one second.
    """
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03}Z-{secrets.token_hex(2)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A folder with the name of a backup whose manifest cannot be believed."""

    id: str
    database: str
    why: str


@final
class BackupStore:
    """The backups below one local folder, which is made when the first one is written."""

    def __init__(self, root: Path, sealer: Sealer | None = None) -> None:
        self.root = root
        self.sealer = sealer
        """What seals new backups, and opens those that are."""

    def folder_of(self, manifest: Manifest) -> Path:
        """Where a published backup lies."""
        return self.root / manifest.database / manifest.id

    def list(self, database: str | None = None) -> list[Manifest]:
        """Backups whose manifest can be read, newest first; of one database, or of all. One damaged manifest hides no other backup."""
        found = [each for each in self._looked_at(database) if isinstance(each, Manifest)]
        return sorted(found, key=lambda manifest: manifest.id, reverse=True)

    def unreadable(self, database: str | None = None) -> Sequence[Unreadable]:
        """Backups that `list` cannot tell of, newest first. They are never removed: what is in them may still be had."""
        found = [each for each in self._looked_at(database) if isinstance(each, Unreadable)]
        return sorted(found, key=lambda each: each.id, reverse=True)

    def get(self, name: str, database: str | None = None) -> Manifest:
        """The backup with this id, or the newest full one for `latest`. Raises BackupNotFound, BackupUnreadable, BackupDamaged.

        Of `latest`, BackupDamaged also where a newer one cannot be read: an older one in its place would be a surprise.
        """
        if name == "latest":
            return self._latest(database)
        for folder in self._folders(database):
            if folder.name == name:
                return self._read(folder)
        raise BackupNotFound(
            f"There is no backup {name!r} in {self.root}.",
            hint="`iotistic backup list` shows them all; `latest` is the newest full one.",
            name=name,
        )

    def _latest(self, database: str | None) -> Manifest:
        full = next((manifest for manifest in self.list(database) if manifest.is_full), None)
        newer = next((each for each in self.unreadable(database) if full is None or each.id > full.id), None)
        if newer is not None:
            raise BackupDamaged(
                f"{newer.why} It may be the newest.",
                hint=f"To take the newest that can be read, name it: {full.id}." if full else None,
                name=newer.id,
            )
        if full is None:
            raise BackupNotFound(
                f"There is no full backup of {database or 'any database'} in {self.root}.",
                hint="`iotistic backup create` makes one.",
            )
        return full

    @contextmanager
    def draft(self, database: str, backup_id: str) -> Generator[Path]:
        """A private folder to write a backup into; removed unless it was published."""
        place = self.root / database
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = place / f".{backup_id}.part"
        folder.mkdir(mode=0o700)
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # lives as long as this process: tells drafts from debris
            yield folder
        finally:
            os.close(descriptor)
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, draft: Path, manifest: Manifest) -> Path:
        """Makes the draft a backup: manifest written, everything on disk, then the rename that makes it count."""
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
        if manifest.sealed_key is not None:
            signed = require_sealer(self.sealer, manifest).sign(manifest.sealed_key, manifest.id, text)
            (draft / _SIGNED).write_text(signed + "\n", encoding="ascii")
        return publish(draft, manifest.id, text)

    @contextmanager
    def opened(self, manifest: Manifest) -> Generator[Path]:
        """The backup's folder with its files as pg_dump wrote them; of a sealed one a copy, gone when the block is left.

        Raises BackupKeyMissing, BackupDamaged.
        """
        if manifest.sealed_key is None:
            yield self.folder_of(manifest)
            return
        self.sweep(manifest.database)
        self._require_signed(manifest)
        with self.draft(manifest.database, new_id(system_clock())) as copy:
            require_sealer(self.sealer, manifest).open_folder(manifest, self.folder_of(manifest), copy)
            yield copy

    def try_open(self, manifest: Manifest) -> None:
        """Sees that every file of a sealed backup opens, and writes none. Raises BackupKeyMissing, BackupDamaged."""
        self._require_signed(manifest)
        require_sealer(self.sealer, manifest).open_folder(manifest, self.folder_of(manifest), None)

    def seal_of(self, manifest: Manifest) -> str:
        """The SHA-256 of its manifest, in hexadecimal."""
        return hashlib.sha256(read_sealed(self.folder_of(manifest))).hexdigest()

    def roles_of(self, manifest: Manifest) -> str:
        """The statements that make the server's roles; empty for a backup of single tables. Raises BackupKeyMissing, BackupDamaged."""
        only = replace(manifest, files=tuple(file for file in manifest.files if file.path.startswith(ROLES)))
        with self.opened(only) as folder:
            path = folder / ROLES
            return path.read_text(encoding="utf-8") if path.exists() else ""

    def remove(self, manifest: Manifest) -> None:
        """Deletes a backup: under another name first, so that half of one never counts."""
        folder = self.folder_of(manifest)
        doomed = folder.with_name(f".{folder.name}.part")
        folder.rename(doomed)
        shutil.rmtree(doomed)

    def sweep(self, database: str) -> int:
        """Removes what killed runs left; answers how many. A draft that a living process writes is locked, and stays."""
        removed = 0
        for folder in (self.root / database).glob(".*.part"):
            if _DRAFT.fullmatch(folder.name) and is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
        return removed

    def check(self, manifest: Manifest) -> int:
        """Reads every file and compares; answers the bytes read. Raises BackupDamaged naming all files that are wrong."""
        return self.check_folder(manifest, self.folder_of(manifest))

    @staticmethod
    def check_folder(manifest: Manifest, folder: Path) -> int:
        """The same of a folder that does not count yet."""
        wrong = [problem for file in manifest.files if (problem := tell_wrong(folder, file))]
        known = {file.path for file in manifest.files} | {*SIDE_FILES}
        wrong += [f"{path} was not there" for path in names_below(folder) if path not in known]
        if wrong:
            raise BackupDamaged(
                f"The backup {manifest.id} is damaged: {'; '.join(wrong[:5])}"
                + (f" and {len(wrong) - 5} more" if len(wrong) > len(wrong[:5]) else "")
                + ".",
                hint="Take another backup (`iotistic backup list`), and look after the disk this one lies on.",
                files=len(wrong),
            )
        return manifest.bytes

    def _require_signed(self, manifest: Manifest) -> None:
        sealer, folder = require_sealer(self.sealer, manifest), self.folder_of(manifest)
        try:
            text, said = (folder / MANIFEST).read_bytes(), (folder / _SIGNED).read_text(encoding="ascii")
        except OSError as error:
            raise BackupDamaged(
                f"The backup {manifest.id} lacks its {Path(str(error.filename)).name}."
            ) from error
        if not hmac.compare_digest(sealer.sign(manifest.sealed_key or "", manifest.id, text), said.strip()):
            raise BackupDamaged(
                f"The manifest of {manifest.id} was not written by a holder of the key {manifest.key_id}.",
                hint="Somebody changed it, or put it together: take another backup, and find out who writes there.",
            )

    def _folders(self, database: str | None) -> Iterator[Path]:
        pattern = f"{database or '*'}/*"
        return (path for path in self.root.glob(pattern) if _ID.fullmatch(path.name) and path.is_dir())

    def _looked_at(self, database: str | None) -> Iterator[Manifest | Unreadable]:
        for folder in self._folders(database):
            try:
                yield self._read(folder)
            except (BackupDamaged, BackupUnreadable) as error:
                yield Unreadable(id=folder.name, database=folder.parent.name, why=error.message)

    def _read(self, folder: Path) -> Manifest:
        text = read_sealed(folder)
        try:
            manifest = msgspec.json.decode(text, type=Manifest)
        except msgspec.MsgspecError as error:
            raise BackupUnreadable(f"The manifest of {folder.name} cannot be read: {error}.") from error
        if manifest.format != _FORMAT:
            raise BackupUnreadable(
                f"The backup {folder.name} has the layout {manifest.format}; this program reads {_FORMAT}.",
                hint="Use the release that wrote it.",
            )
        return manifest
