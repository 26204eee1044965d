"""Reading what devices reported. How it comes in is in `iotistic.http.ingest`."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request, Response

from iotistic.http.cursor import decode_cursor, encode_cursor
from iotistic.http.parameters import Bucket, Limit, MetricNames, TimeRange
from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.reading_parameters import Chart, Filled, Method, Zone
from iotistic.http.responses import json_response, refusals
from iotistic.http.schemas.telemetry import LatestMetric, LogLevel, LogPage, MetricSeries
from iotistic.http.schemas.values import Text
from iotistic.telemetry import LatestValue, LogCursor, LogLine

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/devices/{uuid}", tags=["telemetry"], responses=refusals(404))

_LEVEL = "Lines of this level or worse."
_SERVICE = "Only lines of this program."
_AFTER = "`next` of the page before."


@router.get(
    "/latest",
    dependencies=[needs("telemetry:read")],
    response_model=list[LatestMetric],
    summary="The newest value of every metric",
)
async def list_latest(request: Request, uuid: UUID) -> list[LatestValue]:
    """By name of the metric. A device that never reported has none."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        device = await work.devices.get_device(uuid)
        return await work.telemetry.latest(device.uuid)


@router.get(
    "/metrics",
    dependencies=[needs("telemetry:read")],
    response_model=list[MetricSeries],
    summary="Metrics over a range of time",
)
async def list_series(
    request: Request,
    *,
    uuid: UUID,
    span: TimeRange,
    names: MetricNames,
    bucket: Bucket,
    zone: Zone,
    filling: Filled = "none",
    points: Chart = None,
    method: Method = "lttb",
) -> Response:
    """Every report by itself, minimum, average and maximum in buckets, or a chart of so many points.

    Too many points are refused with a bucket that would do.
    """
    async with platform_of(request.scope).begin(read_only=True) as work:
        device = await work.devices.get_device(uuid)
        series = await work.telemetry.series(
            device.uuid,
            names,
            span.start,
            span.end,
            bucket,
            zone=zone,
            filling=filling,
            points=points,
            method=method,
        )
    return json_response(series)


@router.get(
    "/logs",
    dependencies=[needs("telemetry:read")],
    response_model=LogPage,
    summary="Log lines over a range of time",
)
async def list_logs(
    request: Request,
    uuid: UUID,
    span: TimeRange,
    *,
    level: Annotated[LogLevel | None, Query(description=_LEVEL)] = None,
    service: Annotated[Text | None, Query(description=_SERVICE)] = None,
    after: Annotated[str | None, Query(description=_AFTER)] = None,
    limit: Limit = 100,
) -> Response:
    """Newest first. A page that is full has a `next`, which may lead to an empty one."""
    cursor = None if after is None else _parse_cursor(after)
    async with platform_of(request.scope).begin(read_only=True) as work:
        device = await work.devices.get_device(uuid)
        lines = await work.telemetry.logs(
            device.uuid, span.start, span.end, level=level, service=service, after=cursor, limit=limit
        )
    return json_response({"items": lines, "next": _cursor_of(lines) if len(lines) == limit else None})


class _Position(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    timestamp: Annotated[datetime, msgspec.Meta(tz=True)]
    sequence: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


def _cursor_of(lines: list[LogLine]) -> str:
    last = lines[-1].cursor
    return encode_cursor(_Position(timestamp=last.timestamp, sequence=last.sequence))


def _parse_cursor(text: str) -> LogCursor:
    position = decode_cursor(text, _Position)
    return LogCursor(timestamp=position.timestamp, sequence=position.sequence)
