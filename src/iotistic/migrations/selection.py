"""Which files a person means by 12, 3-7 or 057_add_mqtt_tls_config.sql. Pure."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from iotistic.migrations.entry import Entry
from iotistic.migrations.errors import MarkRefused
from iotistic.migrations.files import MigrationFile, parse_name

__all__ = ["select_entries", "select_files"]

_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_RANGE: Final = re.compile(r"(?P<first>[0-9]{1,18})-(?P<last>[0-9]{1,18})")


def select_files(words: Sequence[str], files: Iterable[MigrationFile]) -> tuple[MigrationFile, ...]:
    """The files named by numbers, ranges or filenames, in order and once each.

    Raises MarkRefused naming the first word that means no file.
    """
    files = tuple(files)
    found: set[str] = set()
    for word in words:
        matches = [file.filename for file in files if _means(word, file.number, file.filename)]
        if not matches:
            raise MarkRefused(
                f"No file of the folder is meant by {word!r}.",
                hint="Give a number (57), a range (3-7) or a filename (057_add_mqtt_tls_config.sql).",
            )
        found.update(matches)
    return tuple(file for file in files if file.filename in found)


def select_entries(
    words: Sequence[str], entries: Iterable[Entry]
) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """The entries named by numbers, ranges or filenames, and the words that mean none."""
    entries = tuple(entries)
    found: set[str] = set()
    unknown: list[str] = []
    for word in words:
        matches = [entry.filename for entry in entries if _means(word, entry.number, entry.filename)]
        found.update(matches)
        if not matches:
            _check(word)
            unknown.append(word)
    return tuple(entry for entry in entries if entry.filename in found), tuple(unknown)


def _means(word: str, number: int | None, filename: str) -> bool:
    if word in {filename, filename.removesuffix(".sql")}:
        return True
    if number is None:
        return False
    span = _RANGE.fullmatch(word)
    if span is not None:
        return int(span["first"]) <= number <= int(span["last"])
    return _NUMBER.fullmatch(word) is not None and int(word) == number


def _check(word: str) -> None:
    """Refuses a word that could not mean any file, whatever is on record."""
    name = word if word.endswith(".sql") else f"{word}.sql"
    if not _NUMBER.fullmatch(word) and not _RANGE.fullmatch(word) and parse_name(name) is None:
        raise MarkRefused(
            f"{word!r} is no number, no range and no filename of a migration.",
            hint="Give a number (57), a range (3-7) or a filename (057_add_mqtt_tls_config.sql).",
        )
