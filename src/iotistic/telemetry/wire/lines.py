"""Reads the log lines of a body: the well-formed ones fast, the others field by field with a reason for each fault."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final, final

import msgspec

from iotistic.telemetry.ingest.limits import IngestLimits
from iotistic.telemetry.ingest.runs import log_order
from iotistic.telemetry.model import LogLevel
from iotistic.telemetry.wire.copy_format import LogPacker
from iotistic.telemetry.wire.decoding import (
    Fault,
    Items,
    ItemsReader,
    Time,
    fields_of,
    kind_of,
    stamps_in,
    time_in,
)
from iotistic.telemetry.wire.draft import Draft, Rows, cuts_of
from iotistic.telemetry.wire.stamps import moment_of, stamp_of_time

__all__ = ["Line", "LineReader", "level_of"]

_HIGHEST_SEQUENCE = (1 << 63) - 1
_LONGEST_SERVICE = 255
_LONGEST_MESSAGE = 32_768

_LEVELS: Final[Mapping[str, LogLevel]] = {
    "trace": "debug",
    "debug": "debug",
    "info": "info",
    "information": "info",
    "notice": "info",
    "warn": "warning",
    "warning": "warning",
    "err": "error",
    "error": "error",
    "crit": "critical",
    "critical": "critical",
    "fatal": "critical",
    "alert": "critical",
    "emerg": "critical",
    "panic": "critical",
}
"""What loggers and syslog call the levels, in our five."""


class Line(msgspec.Struct, gc=False):
    """One log line as a well-behaved device sends it."""

    timestamp: Time
    sequence: Annotated[int, msgspec.Meta(ge=0, le=_HIGHEST_SEQUENCE)]
    message: str
    level: str = "info"
    service: str = ""


class _Body(msgspec.Struct, gc=False):
    lines: list[Line]


@final
class LineReader:
    """Turns bodies of log lines into drafts."""

    def __init__(self, limits: IngestLimits) -> None:
        self._items = ItemsReader(
            "lines", Line, _Body, lambda body: Items(strict=body.lines), most=limits.reports
        )

    def read(self, draft: Draft, body: bytes, *, ndjson: bool) -> None:
        """Puts every line of the body into the draft, one way or another.

        Raises BodyInvalid when it is not even a list of something, BodyTooLarge when there are too many.
        """
        items = self._items.read(body, ndjson=ndjson)
        if draft.stamped_on_receipt:
            strict = items.strict
            draft.date(
                stamps_in(items.loose) if strict is None else (stamp_of_time(one.timestamp) for one in strict)
            )
        lines = enumerate(items.strict) if items.strict is not None else _examined(draft, items.loose)
        packer = LogPacker(draft.device)
        rows = draft.collect(
            Rows((draft.device, 0), lambda parts: (b"".join(parts), cuts_of(parts)), LogPacker.explain)
        )
        for index, line in lines:
            stamp = stamp_of_time(line.timestamp) + draft.shift
            objection = draft.judge.objection(stamp)
            if objection is not None:
                draft.set_aside(index, stamp, objection, _payload(line, stamp))
                continue
            level = level_of(line.level)
            if level is None:
                draft.reject(index, "level_unknown", f"level: {line.level[:40]!r} is no level of a log line.")
                continue
            row = packer.pack(stamp, line.sequence, level, *_bounded(draft, index, line))
            rows.add(index, log_order(stamp, line.sequence), row)


def level_of(name: str) -> LogLevel | None:
    """Our level for what a logger calls it, in any case; None when it means nothing to us."""
    return _LEVELS.get(name) or _LEVELS.get(name.strip().lower())


def _bounded(draft: Draft, index: int, line: Line) -> tuple[str, str]:
    """Service and message, cut where they are too long."""
    service, message = line.service, line.message
    if len(service) > _LONGEST_SERVICE:
        service = service[:_LONGEST_SERVICE]
        draft.note(index, [("service_cut", f"service: cut after {_LONGEST_SERVICE} characters.")])
    if len(message) > _LONGEST_MESSAGE:
        message = message[:_LONGEST_MESSAGE]
        draft.note(index, [("message_cut", f"message: cut after {_LONGEST_MESSAGE} characters.")])
    return service, message


def _examined(draft: Draft, items: list[object]) -> Iterable[tuple[int, Line]]:
    """The lines that can be taken; reasons for the others go into the draft."""
    for index, item in enumerate(items):
        fields = fields_of(item)
        if isinstance(fields, tuple):
            draft.reject(index, *fields)
            continue
        time = time_in(fields)
        if isinstance(time, tuple):
            draft.reject(index, *time)
            continue
        fault = _fault_in(fields)
        if fault is not None:
            draft.reject(index, *fault)
            continue
        yield (
            index,
            Line(
                timestamp=time,
                sequence=fields["sequence"],
                message=fields["message"],
                level=fields.get("level") or "info",
                service=fields.get("service") or "",
            ),
        )


def _fault_in(fields: Mapping[str, object]) -> Fault | None:
    sequence = fields.get("sequence")
    if not isinstance(sequence, int) or isinstance(sequence, bool) or not 0 <= sequence <= _HIGHEST_SEQUENCE:
        return "sequence_invalid", f"sequence: expected a whole number from 0 to {_HIGHEST_SEQUENCE}."
    for name in ("message", "level", "service"):
        value = fields.get(name)
        if not isinstance(value, str) and (value is not None or name == "message"):
            return f"{name}_invalid", f"{name}: expected text, got {kind_of(value)}."
    return None


def _payload(line: Line, stamp: int) -> Mapping[str, object]:
    return {
        "timestamp": moment_of(stamp) or line.timestamp,
        "sequence": line.sequence,
        "level": line.level,
        "service": line.service,
        "message": line.message,
    }
