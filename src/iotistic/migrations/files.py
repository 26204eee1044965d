"""The files of a history: which names are files of ours, in which order they run, and what their bytes add up to.

Nothing here reads a file as SQL (`iotistic.migrations.script` does, for the pending ones), so that a start with nothing to
do costs one read and one hash a file.
"""

import itertools
import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from iotistic.migrations.errors import FilesRefused, HistoryRefused, Problem, ProblemKind

if TYPE_CHECKING:  # importing it loads tempfile, shutil, zlib: 20 ms of CPU
    from importlib.resources.abc import Traversable

__all__ = ["Folder", "MigrationFile", "arrange", "fingerprint_of", "look_into", "parse_name", "read_folder"]

_NUMBERED = re.compile(r"(?P<number>[0-9]{1,18})_(?P<name>\w[\w.-]*)\.sql", re.ASCII)
_AT_ONCE = 65536
_READING = os.O_RDONLY | os.O_CLOEXEC
_REPEATABLE = re.compile(r"R__(?P<name>\w[\w.-]*)\.sql", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class MigrationFile:
    """One file as it lies on disk."""

    filename: str
    """Its name in the folder, which identifies it in the history."""
    number: int | None
    """Its place in the order; None is a repeatable file."""
    name: str
    """What it says it does: the filename without number and ending."""
    content: bytes
    """Its bytes."""
    checksum: str
    """SHA-256 of its bytes, in hexadecimal."""

    @property
    def repeatable(self) -> bool:
        """Whether it runs whenever it has changed (views, functions), after the numbered files."""
        return self.number is None

    @property
    def order(self) -> tuple[bool, int, str]:
        """Sorts files the way they run: by number as an integer, then the repeatable ones by name."""
        return (self.number is None, self.number or 0, self.name if self.number is None else self.filename)


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    """What lies in a folder, not looked at yet: enough to see that nothing is to be done."""

    service: str
    """Whose history it is."""
    contents: tuple[tuple[str, bytes], ...]
    """Name and bytes of everything that ends in .sql, by name."""
    fingerprint: str
    """One value for all names and bytes: see `fingerprint_of`."""

    @property
    def head(self) -> int | None:
        """The highest number of a migration in it."""
        numbers = [name.partition("_")[0] for name, _ in self.contents]
        return max([int(number) for number in numbers if number.isascii() and number.isdigit()], default=None)

    def files(self) -> tuple[MigrationFile, ...]:
        """The migrations, in the order they run. Raises as `read_folder`."""
        return arrange(self.contents, service=self.service)

    def only(self, names: Collection[str]) -> "Folder":
        """Those of its files."""
        return _folder([content for content in self.contents if content[0] in names], service=self.service)


def parse_name(filename: str) -> tuple[int | None, str] | None:
    """(number, name) of a migration's filename; the number is None for a repeatable one. None: not a migration's name."""
    match = _NUMBERED.fullmatch(filename)
    if match is not None:
        return int(match["number"]), match["name"]
    match = _REPEATABLE.fullmatch(filename)
    return (None, match["name"]) if match is not None else None


def read_folder(folder: "Path | Traversable | Folder", *, service: str) -> tuple[MigrationFile, ...]:
    """Every migration of a folder, in the order they run.

    Raises FilesRefused on a missing folder and on a name that ends in .sql and is no migration's, HistoryRefused on a
    number that two files have.
    """
    return look_into(folder, service=service).files()


def look_into(folder: "Path | Traversable | Folder", *, service: str) -> Folder:
    """The contents of a folder, and their fingerprint; one that was read before is taken as it was. Raises FilesRefused on a missing folder."""
    if isinstance(folder, Folder):
        return folder
    try:
        contents = _contents_of_path(folder) if isinstance(folder, Path) else _contents(folder)
    except (FileNotFoundError, NotADirectoryError):
        raise FilesRefused(service, (_no_folder(folder),)) from None
    return _folder(contents, service=service)


def _folder(contents: list[tuple[str, bytes]], *, service: str) -> Folder:
    checksums = [(name, sha256(content).hexdigest()) for name, content in contents]
    return Folder(service=service, contents=tuple(contents), fingerprint=fingerprint_of(checksums))


def fingerprint_of(checksums: Iterable[tuple[str, str]]) -> str:
    """One value for (filename, SHA-256 of its bytes) pairs in the order of the names.

    Equal to the database's (`iotistic.migrations.tables.read_fingerprint`) when every file is applied exactly as it lies
    there: the fast answer for the usual start. Unequal only means that somebody has to look.
    """
    return sha256("\n".join([f"{name} {checksum}" for name, checksum in checksums]).encode()).hexdigest()


def arrange(contents: Iterable[tuple[str, bytes]], *, service: str) -> tuple[MigrationFile, ...]:
    """(filename, bytes) pairs as migrations in the order they run. Raises as `read_folder`."""
    files: list[MigrationFile] = []
    strange: list[Problem] = []
    for filename, content in contents:
        parsed = parse_name(filename)
        if parsed is None:
            strange.append(_strange_name(filename))
            continue
        number, name = parsed
        checksum = sha256(content).hexdigest()
        files.append(
            MigrationFile(filename=filename, number=number, name=name, content=content, checksum=checksum)
        )
    if strange:
        raise FilesRefused(service, tuple(strange))
    files.sort(key=lambda file: file.order)
    doubles = tuple(
        _double(first, second)
        for first, second in itertools.pairwise(files)
        if first.number is not None and first.number == second.number
    )
    if doubles:
        raise HistoryRefused(service, doubles)
    return tuple(files)


def _contents_of_path(folder: Path) -> list[tuple[str, bytes]]:
    # Bare system calls, and no call of ours for a file of usual size: 600 files are read at every start.
    root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        names = sorted([name for name in os.listdir(root) if name.lower().endswith(".sql")])  # noqa: PTH208 - see above
        contents: list[tuple[str, bytes]] = []
        for name in names:
            descriptor = os.open(name, _READING, dir_fd=root)
            try:
                content = os.read(descriptor, _AT_ONCE)
                if len(content) == _AT_ONCE:
                    content += _rest_of(descriptor)
            finally:
                os.close(descriptor)
            contents.append((name, content))
        return contents
    finally:
        os.close(root)


def _rest_of(descriptor: int) -> bytes:
    parts: list[bytes] = []
    while part := os.read(descriptor, _AT_ONCE):
        parts.append(part)
    return b"".join(parts)


def _contents(folder: "Traversable") -> list[tuple[str, bytes]]:
    return sorted(
        (item.name, item.read_bytes()) for item in folder.iterdir() if item.name.lower().endswith(".sql")
    )


def _no_folder(folder: "Path | Traversable") -> Problem:
    return Problem(
        kind=ProblemKind.FILENAME,
        filenames=(str(folder),),
        message=f"There is no folder {folder}.",
        hint="Name the folder of the migrations with --dir.",
    )


def _strange_name(filename: str) -> Problem:
    return Problem(
        kind=ProblemKind.FILENAME,
        filenames=(filename,),
        message=f"{filename} is no name of a migration: digits, an underscore, a name of letters, digits, _ - and dots, .sql.",
        hint="Rename it to something like 058_add_device_groups.sql (or R__device_views.sql to run at every change), "
        "or give it another ending.",
    )


def _double(first: MigrationFile, second: MigrationFile) -> Problem:
    return Problem(
        kind=ProblemKind.DUPLICATE,
        filenames=(first.filename, second.filename),
        message=f"Number {first.number} is used twice: {first.filename} and {second.filename}.",
        hint=f"Give the newer one the next free number, for example with `git mv`; {second.name} keeps its name.",
    )
