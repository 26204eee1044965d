"""A file of devices as drafts: each line by itself, so that a bad one spoils no other. Pure.

CSV has a header: name and kind, and if wanted serial, fleet and a column `tag.KEY` for each key; an empty cell says nothing.
A file with semicolons, as spreadsheets write it in half of Europe, is read too. NDJSON has an object a line with the same
names, and `tags` as an object.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from iotistic.cells import meant_cell
from iotistic.devices.bulk.model import (
    COLUMNS,
    MOST_LINES,
    TAG_COLUMN,
    DeviceDraft,
    FileFormat,
    ImportFileInvalid,
    LineProblem,
    TooManyLines,
)
from iotistic.devices.rules import fault_of_device, fault_of_tag

__all__ = ["read_devices"]

Line = DeviceDraft | LineProblem


class _Record(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One line of NDJSON."""

    name: str
    kind: str
    serial: str | None = None
    fleet: str | None = None
    tags: dict[str, str] | None = None


_decoder = msgspec.json.Decoder(_Record)


def read_devices(content: bytes, kind: FileFormat) -> Sequence[Line]:
    """The lines of a file in order, empty ones left out. Raises ImportFileInvalid or TooManyLines."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportFileInvalid(
            f"The file is not UTF-8: byte {error.start + 1} is none of it.", hint="Save it as UTF-8."
        ) from error
    found: list[Line] = []
    for line in _csv(text) if kind == "csv" else _ndjson(text):
        found.append(line)
        if len(found) > MOST_LINES:
            raise TooManyLines(
                f"The file has more than {MOST_LINES} devices.",
                hint="Import it in several parts.",
                limit=MOST_LINES,
            )
    return _once(found)


def _ndjson(text: str) -> Iterator[Line]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = _decoder.decode(line)
        except (msgspec.MsgspecError, RecursionError) as error:
            yield LineProblem(line=number, code="malformed", message=f"{error}.")
            continue
        yield _checked(
            DeviceDraft(
                line=number,
                name=record.name,
                kind=record.kind,
                serial=record.serial,
                fleet=record.fleet,
                tags=record.tags or {},
            )
        )


def _csv(text: str) -> Iterator[Line]:
    heading = text.partition("\n")[0]
    delimiter = ";" if ";" in heading and "," not in heading else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] | None = None
    while True:
        number = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            yield LineProblem(line=number, code="malformed", message=f"{error}; what follows was not read.")
            return
        if row is None:
            break
        if columns is None:
            columns = _header(row)
        elif any(row):
            yield _of_row(number, columns, row)
    if columns is None:
        raise ImportFileInvalid(
            "The file is empty.", hint="A CSV file begins with a header: name,kind,serial"
        )


def _header(row: Sequence[str]) -> list[str]:
    columns = [cell.strip().lower() for cell in row]
    hint = f"Columns are {', '.join(COLUMNS)}, and {TAG_COLUMN}KEY for each tag."
    unknown = [name for name in columns if name not in COLUMNS and not name.startswith(TAG_COLUMN)]
    if unknown:
        raise ImportFileInvalid(f"The column {unknown[0][:40]!r} is not known.", hint=hint)
    if len(set(columns)) < len(columns):
        raise ImportFileInvalid("A column is there twice.", hint=hint)
    if not {"name", "kind"} <= set(columns):
        raise ImportFileInvalid("The columns name and kind are needed.", hint=hint)
    return columns


def _of_row(number: int, columns: Sequence[str], row: Sequence[str]) -> Line:
    if len(row) != len(columns):
        return LineProblem(
            line=number, code="malformed", message=f"It has {len(row)} cells, and the header {len(columns)}."
        )
    cells: Mapping[str, str] = {
        name: meant_cell(cell.strip()) for name, cell in zip(columns, row, strict=True) if cell.strip()
    }
    return _checked(
        DeviceDraft(
            line=number,
            name=cells.get("name", ""),
            kind=cells.get("kind", ""),
            serial=cells.get("serial"),
            fleet=cells.get("fleet"),
            tags={
                name.removeprefix(TAG_COLUMN): cell
                for name, cell in cells.items()
                if name.startswith(TAG_COLUMN)
            },
        )
    )


def _checked(draft: DeviceDraft) -> Line:
    fault = fault_of_device(draft.name, draft.kind, draft.serial)
    if fault is not None:
        return LineProblem(line=draft.line, code="device_invalid", message=fault)
    for key, value in draft.tags.items():
        fault = fault_of_tag(key, value)
        if fault is not None:
            return LineProblem(line=draft.line, code="tag_invalid", message=fault)
    return draft


def _once(lines: Sequence[Line]) -> Sequence[Line]:
    """Of lines about the same name or serial, the first counts."""
    names: dict[str, int] = {}
    serials: dict[str, int] = {}
    return [line if isinstance(line, LineProblem) else _first(line, names, serials) for line in lines]


def _first(draft: DeviceDraft, names: dict[str, int], serials: dict[str, int]) -> Line:
    for what, known, value in (("name", names, draft.name), ("serial", serials, draft.serial)):
        if value is not None and known.setdefault(value, draft.line) != draft.line:
            return LineProblem(
                line=draft.line,
                code=f"{what}_twice",
                message=f"The {what} {value!r} is that of line {known[value]} already.",
            )
    return draft
