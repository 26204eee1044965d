"""A backup's folder on disk: written under another name, sealed by a checksum, renamed when whole, and read again file by file."""

import fcntl
import hashlib
import os
from pathlib import Path

from iotistic.operations.backups.errors import BackupDamaged
from iotistic.operations.backups.model import BackupFile

__all__ = [
    "DUMP",
    "MANIFEST",
    "ROLES",
    "SEAL",
    "is_abandoned",
    "list_files",
    "names_below",
    "publish",
    "read_sealed",
    "settle",
    "tell_wrong",
]

DUMP = "dump"
ROLES = "roles.sql"
MANIFEST = "manifest.json"
SEAL = "manifest.sha256"
_CHUNK = 1 << 20


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
        seal = (folder / SEAL).read_bytes().strip()
    except FileNotFoundError as error:
        raise BackupDamaged(
            f"The backup {folder.name} lacks its {Path(error.filename).name}.", path=str(folder)
        ) from error
    except OSError as error:
        raise BackupDamaged(
            f"The manifest of {folder.name} cannot be read: {error.strerror}.", path=str(folder)
        ) from error
    if hashlib.sha256(text).hexdigest().encode() != seal:
        raise BackupDamaged(
            f"The manifest of {folder.name} was changed after it was written.", path=str(folder)
        )
    return text


def list_files(folder: Path) -> tuple[BackupFile, ...]:
    """Every file below, by path, with its size and SHA-256."""
    return tuple(
        BackupFile(path=name, bytes=(folder / name).stat().st_size, sha256=_sha256(folder / name))
        for name in names_below(folder)
    )


def names_below(folder: Path) -> list[str]:
    """Every file below, relative to the folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def tell_wrong(folder: Path, file: BackupFile) -> str | None:
    """What is wrong with one file of a backup, if anything is."""
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


def is_abandoned(folder: Path) -> bool:
    """Whether no living process writes this draft: it holds a lock as long as it lives."""
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
