"""The nouns about files of devices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from iotistic.errors import Invalid, TooLarge

__all__ = [
    "COLUMNS",
    "MOST_LINES",
    "TAG_COLUMN",
    "DeviceDraft",
    "DeviceRecord",
    "FileFormat",
    "ImportFileInvalid",
    "ImportReport",
    "LineProblem",
    "TooManyLines",
]

FileFormat = Literal["csv", "ndjson"]
COLUMNS = ("name", "kind", "serial", "fleet")
TAG_COLUMN = "tag."
"""A column of CSV that begins so holds the tag named behind it."""
MOST_LINES = 50_000


class ImportFileInvalid(Invalid):
    """The file as a whole cannot be read: no header, an unknown column, no UTF-8."""

    code = "import_file_invalid"


class TooManyLines(TooLarge):
    """The file has more lines than one import takes."""

    code = "too_many_lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDraft:
    """A device as one line of a file says it."""

    line: int
    """Where its record begins, from 1, the header of a CSV file included."""
    name: str
    kind: str
    serial: str | None
    """By which it is recognised when it is there already."""
    fleet: str | None
    """None: as it is."""
    tags: Mapping[str, str]
    """To be added; others stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineProblem:
    """One line that was left out, and why."""

    line: int
    """Where its record begins, from 1, the header of a CSV file included."""
    code: str
    """A word for the reason; stable."""
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of each line."""

    created: int
    updated: int
    """Known by its serial, and something about it changed."""
    unchanged: int
    """Known by its serial, and all as the line says."""
    rejected: int
    problems: Sequence[LineProblem]
    """The lines that were rejected, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRecord:
    """A device as a file says it: exactly what an import understands."""

    name: str
    kind: str
    serial: str | None
    fleet: str | None
    tags: Mapping[str, str]
    """Its own; those from its fleet come with the fleet."""
