"""The files of a history: which names are files of ours, in which order they run, and what their bytes add up to.

Nothing here looks inside a file (`iotistic.migrations.script` does, for the pending ones), so that a start with nothing to
do costs one read and one hash a file.
"""

import itertools
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources.abc import Traversable
from pathlib import Path

from iotistic.migrations.errors import FilesRefused, HistoryRefused, Problem, ProblemKind

__all__ = ["MigrationFile", "arrange", "parse_name", "read_folder"]

_NUMBERED = re.compile(r"(?P<number>[0-9]{1,18})_(?P<name>\w[\w.-]*)\.sql", re.ASCII)
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


def parse_name(filename: str) -> tuple[int | None, str] | None:
    """(number, name) of a migration's filename; the number is None for a repeatable one. None: not a migration's name."""
    match = _NUMBERED.fullmatch(filename)
    if match is not None:
        return int(match["number"]), match["name"]
    match = _REPEATABLE.fullmatch(filename)
    return (None, match["name"]) if match is not None else None


def read_folder(folder: Path | Traversable, *, service: str) -> tuple[MigrationFile, ...]:
    """Every migration of a folder, in the order they run.

    Raises FilesRefused on a missing folder and on a name that ends in .sql and is no migration's, HistoryRefused on a
    number that two files have.
    """
    try:
        contents = _contents_of_path(folder) if isinstance(folder, Path) else _contents(folder)
    except (FileNotFoundError, NotADirectoryError):
        raise FilesRefused(service, (_no_folder(folder),)) from None
    return arrange(contents, service=service)


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
    # os.open and os.read: pathlib doubles the time per file, and 600 files are read at every start.
    root = f"{os.fspath(folder)}/"
    names = sorted(name for name in os.listdir(root) if name.lower().endswith(".sql"))  # noqa: PTH208 - see above
    return [(name, _bytes_of(root + name)) for name in names]


def _bytes_of(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        content = os.read(descriptor, size + 1)
        while len(content) < size:
            more = os.read(descriptor, size - len(content))
            if not more:
                break
            content += more
        return content
    finally:
        os.close(descriptor)


def _contents(folder: Traversable) -> list[tuple[str, bytes]]:
    return sorted(
        (item.name, item.read_bytes()) for item in folder.iterdir() if item.name.lower().endswith(".sql")
    )


def _no_folder(folder: Path | Traversable) -> Problem:
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
