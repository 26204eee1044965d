"""How a value a line is written: as text, or as columns when pyarrow is installed."""

import csv
import io
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Final, Literal, Protocol, final
from uuid import UUID

import msgspec

from iotistic.cells import as_cell
from iotistic.telemetry.errors import ExportUnavailable
from iotistic.telemetry.export.service import ExportPage

__all__ = ["MEDIA_TYPES", "ExportFormat", "MetricWriter", "open_writer"]

ExportFormat = Literal["csv", "ndjson", "parquet", "arrow"]

MEDIA_TYPES: Final[Mapping[ExportFormat, str]] = {
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}
_ROW_GROUP: Final = 100_000
"""Values in a row group of Parquet: 5 MB of memory, and enough for its encodings to work."""

Line = tuple[datetime, str, str | None, float]
"""Time, metric, unit, value."""


class MetricWriter(Protocol):
    """Turns pages into bytes; holds no more than a few pages of them."""

    def begin(self) -> bytes:
        """What comes first."""
        ...

    def page(self, device: UUID, page: ExportPage) -> bytes:
        """What is written of a page; may be nothing yet."""
        ...

    def end(self) -> bytes:
        """What comes last."""
        ...


def open_writer(form: ExportFormat, names: Collection[str] = ()) -> MetricWriter:
    """A writer of the metrics `names` (all when empty). Raises ExportUnavailable where the format needs what is not installed."""
    match form:
        case "csv":
            return _Csv(frozenset(names))
        case "ndjson":
            return _Ndjson(frozenset(names))
        case "parquet":
            return _Columns(frozenset(names), _pyarrow("pyarrow"), _parquet_sink)
        case "arrow":
            return _Columns(frozenset(names), _pyarrow("pyarrow"), _stream_sink)


def _lines(page: ExportPage, names: frozenset[str]) -> Iterator[Line]:
    for report in page.reports:
        for (metric, unit), value in zip(page.columns[report.metric_set_id], report.values, strict=True):
            if value is not None and (not names or metric in names):
                yield report.timestamp, metric, unit, value


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@final
class _Csv:
    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def begin(self) -> bytes:
        return b"device_uuid,timestamp,metric,unit,value\r\n"

    def page(self, device: UUID, page: ExportPage) -> bytes:
        text = io.StringIO()
        own = str(device)
        csv.writer(text).writerows(
            (own, _rfc3339(moment), as_cell(metric), unit and as_cell(unit), value)
            for moment, metric, unit, value in _lines(page, self._names)
        )
        return text.getvalue().encode()

    def end(self) -> bytes:
        return b""


@final
class _Ndjson:
    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._encode = msgspec.json.Encoder().encode_lines

    def begin(self) -> bytes:
        return b""

    def page(self, device: UUID, page: ExportPage) -> bytes:
        return self._encode(
            {
                "device_uuid": device,
                "timestamp": _rfc3339(moment),
                "metric": metric,
                "unit": unit,
                "value": value,
            }
            for moment, metric, unit, value in _lines(page, self._names)
        )

    def end(self) -> bytes:
        return b""


@final
class _Columns:
    """Record batches of pyarrow, into a sink that is emptied after each."""

    def __init__(
        self,
        names: frozenset[str],
        arrow: Any,  # noqa: ANN401 - optional, and without types
        sink: Callable[[Any, io.RawIOBase, Any], Any],
    ) -> None:
        self._names = names
        self._arrow = arrow
        self._schema = arrow.schema(
            [
                ("device_uuid", arrow.string()),
                ("timestamp", arrow.timestamp("us", tz="UTC")),
                ("metric", arrow.string()),
                ("unit", arrow.string()),
                ("value", arrow.float64()),
            ]
        )
        self._file = _Drain()
        self._writer = sink(arrow, self._file, self._schema)
        self._waiting: list[Any] = []
        self._rows = 0

    def begin(self) -> bytes:
        return self._file.drained()

    def page(self, device: UUID, page: ExportPage) -> bytes:
        lines = list(_lines(page, self._names))
        columns = list(zip(*lines, strict=True)) or [()] * 4
        self._waiting.append(
            self._arrow.record_batch([[str(device)] * len(lines), *columns], schema=self._schema)
        )
        self._rows += len(lines)
        if self._rows >= _ROW_GROUP:
            self._flush()
        return self._file.drained()

    def end(self) -> bytes:
        self._flush()
        self._writer.close()
        return self._file.drained()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(
                self._arrow.Table.from_batches(self._waiting, schema=self._schema).combine_chunks()
            )
        self._waiting, self._rows = [], 0


@final
class _Drain(io.RawIOBase):
    """A file that hands out what was written and forgets it, but not how much it was: Parquet notes its offsets."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._length

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - any buffer
        part = bytes(data)
        self._parts.append(part)
        self._length += len(part)
        return len(part)

    def drained(self) -> bytes:
        """What was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _pyarrow(module: str) -> Any:  # noqa: ANN401 - optional, and without types
    try:
        return import_module(module)
    except ImportError as error:
        raise ExportUnavailable(
            "Parquet and Arrow need pyarrow, which is not installed here.",
            hint="pip install 'iotistic[export]' on the server, or take csv or ndjson.",
        ) from error


def _parquet_sink(arrow: Any, file: io.RawIOBase, schema: Any) -> Any:  # noqa: ANN401, ARG001
    return _pyarrow("pyarrow.parquet").ParquetWriter(file, schema, compression="zstd")


def _stream_sink(arrow: Any, file: io.RawIOBase, schema: Any) -> Any:  # noqa: ANN401
    return arrow.ipc.new_stream(file, schema)
