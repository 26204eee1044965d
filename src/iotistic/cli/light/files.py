"""The files of a folder, and which of them are to be run. A test holds `pending_in_order` to the full program's own order."""

# ruff: noqa: PTH123, PTH208 - importing pathlib costs as much CPU as all of this

import os
import sys
from importlib import import_module
from types import ModuleType

from iotistic.cli.light.request import Request

__all__ = [
    "File",
    "digest_of",
    "files_in",
    "fingerprint_of",
    "folder_of",
    "hasher",
    "pending_in_order",
]

# hashlib would load OpenSSL, 5 ms of CPU, for a function that Python has built in.
_SHA256_MODULE = "_sha2" if sys.version_info >= (3, 12) else "_sha256"
_NAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
_LONGEST_NUMBER = 18


class File:
    """One file: its name, bytes and SHA-256."""

    __slots__ = ("checksum", "content", "name")

    def __init__(self, name: str, content: bytes, checksum: str) -> None:
        self.name = name
        self.content = content
        self.checksum = checksum

    @property
    def number(self) -> int | None:
        """Its place in the order; None is a repeatable file."""
        return None if self.name.startswith("R__") else int(self.name.partition("_")[0])

    @property
    def title(self) -> str:
        """The name without number and ending."""
        return self.name.removeprefix("R__" if self.number is None else self.name.partition("_")[0] + "_")[
            :-4
        ]


def folder_of(request: Request) -> str:
    """Where the files are."""
    if request.folder is not None:
        return os.path.abspath(os.path.expanduser(request.folder))  # noqa: PTH100, PTH111
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    return f"{package}/migrations/sql/{request.database}"


def files_in(folder: str) -> list[File]:
    """Every file that ends in .sql, by name."""
    sha256 = hasher().sha256
    found: list[File] = []
    for name in sorted(os.listdir(folder)):
        if name.lower().endswith(".sql"):
            with open(f"{folder}/{name}", "rb", buffering=0) as file:
                content = file.read()
            found.append(File(name, content, sha256(content).hexdigest()))
    return found


def fingerprint_of(files: list[File]) -> str:
    """The same as `iotistic.migrations.files.fingerprint_of`."""
    return digest_of("\n".join(f"{file.name} {file.checksum}" for file in files))


def digest_of(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return str(hasher().sha256(text.encode()).hexdigest())


def hasher(module: str = _SHA256_MODULE) -> ModuleType:
    """The module with SHA-256, or with what else hashlib has, that loads fastest."""
    try:
        return import_module(module)
    except ImportError:
        return import_module("hashlib")


def pending_in_order(files: list[File], recorded: dict[str, str | None]) -> list[File] | None:
    """The files to run, in order; None when files and `recorded` (name -> checksum of finished ones) leave a question."""
    if not all(_is_named(file.name) for file in files):
        return None
    known = {file.name: file.checksum for file in files}
    if any(known.get(name) != checksum for name, checksum in recorded.items()):
        return None  # edited, missing, unfinished
    pending = [file for file in files if file.name not in recorded]
    numbers = [file.number for file in files if file.number is not None]
    applied = [file.number for file in files if file.name in recorded and file.number is not None]
    if len(set(numbers)) != len(numbers) or any(
        file.number is not None and file.number < max(applied, default=-1) for file in pending
    ):
        return None  # two of one number, or late
    return sorted(pending, key=lambda file: (file.number is None, file.number or 0, file.name))


def _is_named(name: str) -> bool:
    """Whether a name is a migration's, as `iotistic.migrations.files.parse_name` has it."""
    if not name.endswith(".sql"):
        return False
    head, underscore, rest = name[:-4].partition("_")
    if head == "R" and rest.startswith("_"):
        rest = rest[1:]
    elif not (head.isascii() and head.isdigit() and len(head) <= _LONGEST_NUMBER):
        return False
    return bool(underscore and rest) and set(rest) <= _NAME_LETTERS and rest[0] not in ".-"
