"""Log lines of many devices."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request, Response

from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.device_filter import Devices
from iotistic.http.named_devices import Named, meant_devices
from iotistic.http.parameters import Limit, TimeRange
from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.responses import json_response, refusals
from iotistic.http.schemas.telemetry import LogLevel, LogPage
from iotistic.http.schemas.values import Text
from iotistic.telemetry import LogLine
from iotistic.telemetry.logs import Direction, LogPosition, LogQuestion, position_of

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/logs", tags=["telemetry"], responses=refusals(404))

_LEVEL = "Lines of this level or worse."
_SERVICE = "Only lines of this program."
_TEXT = "Only lines with this in the message, in any case."
_DIRECTION = "older: newest first. newer: oldest first, for whoever follows."
_AFTER = "`next` of the page before, of the same direction."


@router.get(
    "",
    dependencies=[needs("telemetry:read", anywhere=True)],
    response_model=LogPage,
    summary="Search log lines of many devices",
)
async def search_logs(
    request: Request,
    *,
    named: Named,
    which: Devices,
    span: TimeRange,
    level: Annotated[LogLevel | None, Query(description=_LEVEL)] = None,
    service: Annotated[Text | None, Query(description=_SERVICE)] = None,
    text: Annotated[Text | None, Query(description=_TEXT, examples=["checksum"])] = None,
    direction: Annotated[Direction, Query(description=_DIRECTION)] = "older",
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> Response:
    """Of every device when neither devices nor a filter are given. A page with lines has a `next` when it is full, or newer."""
    position = None if after is None else _parse(after)
    async with platform_of(request.scope).begin(read_only=True) as work:
        everybody = named is None and which.is_everything
        question = LogQuestion(
            devices=None if everybody else await meant_devices(work, named, which),
            start=span.start,
            end=span.end,
            level=level,
            service=service,
            text=text,
        )
        lines = await work.telemetry.search.lines(question, direction=direction, after=position, limit=limit)
    goes_on = len(lines) == limit or (direction == "newer" and bool(lines))
    return json_response({"items": lines, "next": _cursor(lines) if goes_on else None})


class _Place(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    timestamp: Annotated[datetime, msgspec.Meta(tz=True)]
    device_uuid: UUID
    sequence: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


def _cursor(lines: Sequence[LogLine]) -> str:
    last = position_of(lines[-1])
    return encode_cursor(_Place(last.timestamp, last.device_uuid, last.sequence))


def _parse(text: str) -> LogPosition:
    place = decode_cursor(text, _Place)
    return LogPosition(timestamp=place.timestamp, device_uuid=place.device_uuid, sequence=place.sequence)
