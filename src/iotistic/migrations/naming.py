"""What a new migration is called, and what stands in it at first. Pure."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from iotistic.errors import Invalid
from iotistic.migrations.files import MigrationFile

__all__ = ["NameRejected", "new_file"]

_USUAL_WIDTH: Final = 3
_LONGEST: Final = 100

_TEMPLATE: Final = """\
-- {title}
--
-- Why:
--
-- Runs as one transaction. What else a file may ask for, in lines of this comment of their own:
--     no-transaction           for CONCURRENTLY and VACUUM; goes on where it stopped
--     lock-timeout 10s         3 s otherwise, tried again with growing pauses
--     statement-timeout 10min  no limit otherwise
-- each behind the words "migrate" and a colon: see docs on migrations.

"""


class NameRejected(Invalid):
    """No filename can be made of the words given."""

    code = "migration_name_rejected"


def new_file(
    words: str, files: Iterable[MigrationFile], *, moment: datetime | None = None
) -> tuple[str, str]:
    """Filename and first text of a new migration: the next number in the width of the last one, or `moment` as number.

    Raises NameRejected when `words` holds neither a letter nor a digit.
    """
    name = re.sub(r"[^a-z0-9]+", "_", words.lower().removesuffix(".sql")).strip("_")[:_LONGEST]
    if not name:
        raise NameRejected(
            f"{words!r} holds nothing to name a file by.", hint="Say what it does: add_device_groups"
        )
    title = name.replace("_", " ")
    return f"{_number(files, moment)}_{name}.sql", _TEMPLATE.format(title=title[0].upper() + title[1:])


def _number(files: Iterable[MigrationFile], moment: datetime | None) -> str:
    if moment is not None:
        return f"{moment:%Y%m%d%H%M%S}"
    numbered = [file for file in files if file.number is not None]
    if not numbered:
        return "0" * _USUAL_WIDTH
    last = numbered[-1]
    width = len(last.filename) - len(last.filename.lstrip("0123456789"))
    return str((last.number or 0) + 1).zfill(width)
