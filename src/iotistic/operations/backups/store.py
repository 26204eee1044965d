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
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import final

import msgspec

from iotistic.clock import system_clock
from iotistic.operations.backups.errors import BackupDamaged, BackupNotFound, BackupUnreadable
from iotistic.operations.backups.model import BackupFile, Manifest
from iotistic.operations.backups.sealed import Sealer, require_sealer

__all__ = [
    "DUMP",
    "MANIFEST",
    "ROLES",
    "SEAL",
    "SIDE_FILES",
    "BackupStore",
    "list_files",
    "new_id",
    "publish",
    "read_sealed",
    "settle",
]

DUMP = "dump"
ROLES = "roles.sql"
MANIFEST = "manifest.json"
SEAL = "manifest.sha256"
_SIGNED = "manifest.mac"
SIDE_FILES = (SEAL, _SIGNED, MANIFEST)
"""What is beside a backup's files, in the order in which a copy gets them."""
_FORMAT = 1
_CHUNK = 1 << 20
_ID = re.compile(r"\d{8}T\d{9}Z-[0-9a-f]{4}")
_DRAFT = re.compile(rf"\.{_ID.pattern}\.part")


def new_id(moment: datetime) -> str:
    """A name for a backup begun at that moment, in UTC.

    The newest is the last by name, so it counts milliseconds: two small databases are dumped within one second.
    """
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03}Z-{secrets.token_hex(2)}"


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
        """Whole backups, newest first; of one database, or of all."""
        found = [self._read(folder) for folder in self._folders(database)]
        return sorted(found, key=lambda manifest: manifest.id, reverse=True)

    def get(self, name: str, database: str | None = None) -> Manifest:
        """The backup with this id, or the newest full one for `latest`. Raises BackupNotFound, BackupUnreadable, BackupDamaged."""
        if name == "latest":
            full = [manifest for manifest in self.list(database) if manifest.is_full]
            if not full:
                raise BackupNotFound(
                    f"There is no full backup of {database or 'any database'} in {self.root}.",
                    hint="`iotistic backup create` makes one.",
                )
            return full[0]
        for folder in self._folders(database):
            if folder.name == name:
                return self._read(folder)
        raise BackupNotFound(
            f"There is no backup {name!r} in {self.root}.",
            hint="`iotistic backup list` shows them all; `latest` is the newest full one.",
            name=name,
        )

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
            if _DRAFT.fullmatch(folder.name) and _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
        return removed

    def check(self, manifest: Manifest) -> int:
        """Reads every file and compares; answers the bytes read. Raises BackupDamaged naming all files that are wrong."""
        return self.check_folder(manifest, self.folder_of(manifest))

    @staticmethod
    def check_folder(manifest: Manifest, folder: Path) -> int:
        """The same of a folder that does not count yet."""
        wrong = [problem for file in manifest.files if (problem := _wrong(folder, file))]
        known = {file.path for file in manifest.files} | {*SIDE_FILES}
        wrong += [f"{path} was not there" for path in _names(folder) if path not in known]
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


def publish(draft: Path, name: str, manifest: bytes) -> Path:
    """Seals a draft: manifest and its checksum written, everything on disk, then the rename that makes it count."""
    (draft / MANIFEST).write_bytes(manifest)
    (draft / SEAL).write_text(hashlib.sha256(manifest).hexdigest() + "\n", encoding="ascii")
    return settle(draft, name)


def settle(draft: Path, name: str) -> Path:
    """Everything private and on disk, then the rename that makes it count."""
    for path in draft.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        _sync(path)
    _sync(draft)
    target = draft.with_name(name)
    draft.rename(target)
    _sync(target.parent)
    return target


def read_sealed(folder: Path) -> bytes:
    """The manifest of a published folder. Raises BackupDamaged where it is missing or was changed."""
    try:
        text = (folder / MANIFEST).read_bytes()
        seal = (folder / SEAL).read_text(encoding="ascii").strip()
    except OSError as error:
        raise BackupDamaged(
            f"The backup {folder.name} lacks its {Path(str(error.filename)).name}.", path=str(folder)
        ) from error
    if hashlib.sha256(text).hexdigest() != seal:
        raise BackupDamaged(
            f"The manifest of {folder.name} was changed after it was written.", path=str(folder)
        )
    return text


def list_files(folder: Path) -> tuple[BackupFile, ...]:
    """Every file below, by path, with its size and SHA-256."""
    return tuple(
        BackupFile(path=name, bytes=(folder / name).stat().st_size, sha256=_sha256(folder / name))
        for name in _names(folder)
    )


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _wrong(folder: Path, file: BackupFile) -> str | None:
    path = folder / file.path
    try:
        size = path.stat().st_size
    except OSError:
        return f"{file.path} is missing"
    if size != file.bytes:
        return f"{file.path} has {size} bytes instead of {file.bytes}"
    try:
        return None if _sha256(path) == file.sha256 else f"{file.path} has other content than was written"
    except OSError as error:
        return f"{file.path} cannot be read ({error.strerror})"


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_abandoned(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
