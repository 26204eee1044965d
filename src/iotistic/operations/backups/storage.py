"""Where whole backups are copied to, so that the loss of a machine is not the loss of its backups: a folder, or object storage.

Names are slash-separated. What a name holds is whole or not there; who lists sees no half of an object.
"""

import hashlib
import os
import shutil
from pathlib import Path
from typing import Protocol, final

from iotistic.errors import Invalid, Unavailable

__all__ = ["FolderStorage", "ObjectMissing", "Storage", "StorageRefused"]

_BLOCK = 1 << 20


class StorageRefused(Unavailable):
    """The storage let us not in, or did not take or give what was asked."""

    code = "backup_storage_refused"


class ObjectMissing(Unavailable):
    """The storage has nothing of this name."""

    code = "backup_object_missing"


class Storage(Protocol):
    """Every method raises StorageRefused saying why, and what to do."""

    @property
    def address(self) -> str:
        """As a person writes it. Holds no secret."""
        ...

    def names(self, prefix: str) -> list[str]:
        """Every name that begins so, sorted."""
        ...

    def read(self, name: str) -> bytes:
        """A small object. Raises ObjectMissing."""
        ...

    def put(self, name: str, source: Path) -> None:
        """Copies a file; durable on return. One that is there is replaced."""
        ...

    def fetch(self, name: str, target: Path) -> None:
        """Copies it into a new file. Raises ObjectMissing."""
        ...

    def digest(self, name: str) -> tuple[int, str]:
        """How many octets it has and their SHA-256, read to the last one. Raises ObjectMissing."""
        ...

    def remove(self, name: str) -> None:
        """Deletes it; what is not there is gone already."""
        ...


@final
class FolderStorage:
    """A directory of this machine, or a mounted share."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def address(self) -> str:
        return str(self._root)

    def names(self, prefix: str) -> list[str]:
        found = (path.relative_to(self._root).as_posix() for path in self._root.rglob("*") if path.is_file())
        return sorted(name for name in found if name.startswith(prefix) and not _is_draft(name))

    def read(self, name: str) -> bytes:
        return self._there(name).read_bytes()

    def put(self, name: str, source: Path) -> None:
        place = self._place(name)
        draft = place.with_name(f".{place.name}.part")
        try:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(source, draft)
            draft.chmod(0o600)
            _sync(draft)
            draft.replace(place)
            _sync(place.parent)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise StorageRefused(
                f"{name} was not copied to {self._root}: {error.strerror or error}.",
                hint="Make room there, or mount what should be mounted; `iotistic backup send` tries again.",
            ) from error

    def fetch(self, name: str, target: Path) -> None:
        shutil.copyfile(self._there(name), target)

    def digest(self, name: str) -> tuple[int, str]:
        path = self._there(name)
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        return path.stat().st_size, found

    def remove(self, name: str) -> None:
        place = self._place(name)
        place.unlink(missing_ok=True)
        for folder in place.relative_to(self._root).parents:
            if folder == Path() or any((self._root / folder).iterdir()):
                return
            (self._root / folder).rmdir()

    def _there(self, name: str) -> Path:
        place = self._place(name)
        if not place.is_file():
            raise ObjectMissing(f"There is no {name} in {self._root}.")
        return place

    def _place(self, name: str) -> Path:
        place = self._root / name
        if ".." in Path(name).parts or Path(name).is_absolute():
            raise Invalid(f"{name!r} is no name of a stored object.")
        return place


def _is_draft(name: str) -> bool:
    return name.rpartition("/")[2].startswith(".")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
