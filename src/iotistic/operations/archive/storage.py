"""Where archived files lie. A folder now; whatever can do these five things later."""

import hashlib
import os
from pathlib import Path
from typing import Protocol, final

from iotistic.errors import Invalid

__all__ = ["Folder", "Storage", "digest"]

_BLOCK = 1 << 20


class Storage(Protocol):
    """Keys are slash-separated names."""

    def keys(self, suffix: str) -> list[str]:
        """Every key that ends so, sorted. Nothing that is still being written."""
        ...

    def read(self, key: str) -> bytes:
        """A small object. Raises FileNotFoundError."""
        ...

    def put(self, key: str, source: Path) -> None:
        """Takes a finished file over, whole or not at all; durable on return."""
        ...

    def path(self, key: str) -> Path:
        """A local file with the object's content; raises FileNotFoundError."""
        ...

    def workplace(self) -> Path:
        """A local folder for files that are not finished; what lies there may be deleted by anybody who holds the lock."""
        ...


@final
class Folder:
    """A directory of this machine, or a mounted share."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def keys(self, suffix: str) -> list[str]:
        if not self.root.is_dir():
            return []
        found = (path.relative_to(self.root) for path in self.root.rglob(f"*{suffix}") if path.is_file())
        return sorted(path.as_posix() for path in found if not path.parts[0].startswith("."))

    def read(self, key: str) -> bytes:
        return self._place(key).read_bytes()

    def put(self, key: str, source: Path) -> None:
        place = self._place(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as file:
            os.fsync(file.fileno())
        source.replace(place)
        for folder in (place.parent, self.root):  # the name is durable when its folder is
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def path(self, key: str) -> Path:
        place = self._place(key)
        if not place.is_file():
            raise FileNotFoundError(place)
        return place

    def workplace(self) -> Path:
        folder = self.root / ".writing"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _place(self, key: str) -> Path:
        place = (self.root / key).resolve()
        if not place.is_relative_to(self.root.resolve()):
            raise Invalid(f"{key!r} is no key of the archive.")
        return place


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()
