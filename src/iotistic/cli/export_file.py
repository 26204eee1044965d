"""The file that an export goes to."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from iotistic.errors import Invalid
from iotistic.telemetry.export import ExportFormat

__all__ = ["OutputUnwritable", "format_of", "opened_output"]

_ENDINGS: Final[dict[str, ExportFormat]] = {
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
}
_FOR_PEOPLE: Final = frozenset({"csv", "ndjson"})


class OutputUnwritable(Invalid):
    """A place that an export cannot go to."""

    code = "output_unwritable"


def format_of(output: Path | None, said: ExportFormat | None, *, terminal: bool) -> ExportFormat:
    """What is written: as was said, else by the file's ending, else csv. Raises OutputUnwritable for octets on a terminal."""
    form = said or _ENDINGS.get(output.suffix.lower() if output else "", "csv")
    if output is None and terminal and form not in _FOR_PEOPLE:
        raise OutputUnwritable(f"A terminal shows no {form}.", hint="Name a file with --output, or pipe it.")
    return form


@contextmanager
def opened_output(output: Path) -> Generator[BinaryIO]:
    """The file under another name, and under its own when all of it is there: what failed leaves a file of before as it was.

    Pipes and devices are written to as they come. Raises OutputUnwritable.
    """
    is_file = output.is_file() or not output.exists()
    part = output.with_name(f"{output.name}.part") if is_file else output
    try:
        with part.open("wb") as file:
            yield file
        if is_file:
            part.replace(output)
    except OSError as error:
        if error.strerror is None:  # of something else than a file
            raise
        raise OutputUnwritable(f"{output} cannot be written: {error.strerror}.") from error
    finally:
        if is_file and part.is_file():
            part.unlink()
