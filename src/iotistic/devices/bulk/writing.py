"""Devices as lines of a file that an import understands. Pure."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import final

import msgspec

from iotistic.cells import as_cell
from iotistic.devices.bulk.model import COLUMNS, TAG_COLUMN, DeviceRecord

__all__ = ["CsvWriter", "ndjson_lines"]

_encoder = msgspec.json.Encoder()
_END = "\r\n"


def ndjson_lines(records: Iterable[DeviceRecord]) -> bytes:
    """An object a line."""
    return b"".join(_encoder.encode(record) + b"\n" for record in records)


@final
class CsvWriter:
    """Rows with a column for each of `keys`; the header comes first."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = keys

    def header(self) -> bytes:
        return _row([*COLUMNS, *(f"{TAG_COLUMN}{key}" for key in self._keys)])

    def lines(self, records: Iterable[DeviceRecord]) -> bytes:
        return b"".join(self._line(record) for record in records)

    def _line(self, record: DeviceRecord) -> bytes:
        said = [record.name, record.kind, record.serial or "", record.fleet or ""]
        return _row([*said, *(record.tags.get(key, "") for key in self._keys)])


def _row(cells: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    # The writer puts quotes around the characters of its own line end: a carriage return in a name needs them too.
    csv.writer(text, lineterminator=_END).writerow(map(as_cell, cells))
    return f"{text.getvalue().removesuffix(_END)}\n".encode()
