"""Structured logs: a constant event and its fields, as text for people or one JSON object a line for collectors.

    log = logging.getLogger(__name__)
    log.info("device enrolled", extra={"device_uuid": uuid})

Everything in `extra` is a field, and so is what `bound` holds for the running task. The event stays the same text for the
same thing, so that it can be searched and counted.
"""

import json
import logging
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal, TextIO, final

__all__ = ["JsonFormatter", "TextFormatter", "bound", "configure_logging", "fields_of"]

_NOTHING: Mapping[str, object] = MappingProxyType({})
_bound: ContextVar[Mapping[str, object]] = ContextVar("iotistic_log_fields", default=_NOTHING)

# What every record has by itself; the rest of its attributes came with `extra`. `color_message` is uvicorn's second copy
# of its message, and `taskName` says nothing that `bound` does not say better.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"asctime", "color_message", "message", "taskName"}


@contextmanager
def bound(**fields: object) -> Generator[None]:
    """Adds `fields` to everything that is logged inside, by this task and the tasks it starts."""
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """The bound fields, then those of the record itself, which win."""
    return {**_bound.get(), **{name: value for name, value in vars(record).items() if name not in _OWN}}


@final
class JsonFormatter(logging.Formatter):
    """One JSON object a line: timestamp, level, logger, event, the fields, and the traceback of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, object] = {
            **fields_of(record),
            "timestamp": _timestamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return json.dumps(document, default=str, ensure_ascii=False)


@final
class TextFormatter(logging.Formatter):
    """`time LEVEL logger: event field=value ...`; a text that could be mistaken for several fields is quoted."""

    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={_word(value)}" for name, value in fields_of(record).items())
        event = _line(record.getMessage())
        line = f"{_timestamp(record)} {record.levelname:<7} {record.name}: {event}{fields}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure_logging(level: str, form: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Sends what is logged at `level` or above to `stream` (standard error by default), and nowhere else."""
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def _timestamp(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _line(text: str) -> str:
    # What a client sent must not be able to write a line of its own into the log.
    return text if text.isprintable() else json.dumps(text)[1:-1]


def _word(value: object) -> str:
    text = str(value)
    return (
        text
        if text.isprintable() and text and not set(' "=') & set(text)
        else json.dumps(text, ensure_ascii=True)
    )
