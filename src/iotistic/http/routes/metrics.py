"""Metrics of many devices at once: newest values, series, fleets, files."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from iotistic.bootstrap.exporting import export_metrics
from iotistic.http.device_filter import Devices
from iotistic.http.named_devices import MOST_OF_A_FLEET, Named, meant_devices
from iotistic.http.parameters import Bucket, MetricNames, TimeRange
from iotistic.http.permissions import needs
from iotistic.http.platform_access import platform_of
from iotistic.http.reading_parameters import Chart, Filled, Method, Zone
from iotistic.http.responses import json_response, refusals
from iotistic.http.schemas.metrics import DeviceNewest, MetricAnswer
from iotistic.telemetry.export import MEDIA_TYPES, ExportFormat
from iotistic.telemetry.reading import DeviceLatest, Question

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/metrics", tags=["telemetry"], responses=refusals(404))

_FORM = "csv and ndjson: a value a line. parquet and arrow: the same as columns, where the server has `iotistic[export]` installed."
_EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A value a line, by device and time: device_uuid, timestamp, metric, unit, value.",
        "content": {
            media: {"schema": {"type": "string", "description": f"Of the format {form}."}}
            for form, media in MEDIA_TYPES.items()
        },
    }
}


@router.get(
    "/latest",
    dependencies=[needs("telemetry:read", anywhere=True)],
    response_model=list[DeviceNewest],
    summary="The newest values of many devices",
)
async def list_newest(request: Request, *, named: Named, which: Devices, names: MetricNames) -> Response:
    """By device, for up to 1,000; those that never reported are left out."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        found: list[DeviceLatest] = await work.telemetry.metrics.latest(
            await meant_devices(work, named, which), names
        )
    return json_response(found)


@router.get(
    "/series",
    dependencies=[needs("telemetry:read", anywhere=True)],
    response_model=MetricAnswer,
    summary="Metrics of many devices over a range of time",
)
async def query_series(
    request: Request,
    *,
    named: Named,
    which: Devices,
    names: MetricNames,
    span: TimeRange,
    bucket: Bucket,
    zone: Zone,
    filling: Filled = "none",
    points: Chart = None,
    method: Method = "lttb",
) -> Response:
    """By device and metric: every report, buckets, or a chart of so many points. `sources` says which tables were read."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        question = Question(
            devices=await meant_devices(work, named, which),
            names=names,
            start=span.start,
            end=span.end,
            bucket=bucket,
            zone=zone,
            filling=filling,
            points=points,
            method=method,
        )
        answer = await work.telemetry.metrics.series(question)
    return json_response(answer)


@router.get(
    "/fleet",
    dependencies=[needs("telemetry:read", anywhere=True)],
    response_model=MetricAnswer,
    summary="Metrics of all devices together",
)
async def query_fleet(
    request: Request,
    *,
    named: Named,
    which: Devices,
    names: MetricNames,
    span: TimeRange,
    bucket: Bucket,
    zone: Zone,
    filling: Filled = "none",
) -> Response:
    """A series for each metric, over every device that is meant; without a filter over all there are. Needs a bucket."""
    async with platform_of(request.scope).begin(read_only=True) as work:
        everybody = named is None and which.is_everything
        question = Question(
            devices=None if everybody else await meant_devices(work, named, which, most=MOST_OF_A_FLEET),
            names=names,
            start=span.start,
            end=span.end,
            bucket=bucket,
            zone=zone,
            filling=filling,
        )
        answer = await work.telemetry.metrics.fleet(question)
    return json_response(answer)


@router.get(
    "/export",
    dependencies=[needs("telemetry:read", anywhere=True)],
    response_class=Response,
    responses={**_EXPORTED, **refusals(404, 501)},
    summary="Export metrics as a file",
)
async def export_series(
    request: Request,
    *,
    named: Named,
    which: Devices,
    names: MetricNames,
    span: TimeRange,
    form: Annotated[ExportFormat, Query(alias="format", description=_FORM, examples=["csv"])] = "csv",
) -> StreamingResponse:
    """Every report of the range, device by device; streamed, however many there are."""
    platform = platform_of(request.scope)
    async with platform.begin(read_only=True) as work:
        devices = await meant_devices(work, named, which, most=MOST_OF_A_FLEET)
    parts = export_metrics(platform, devices, names, span.start, span.end, form=form)
    first = await anext(parts, b"")  # what can be refused is refused before the answer begins

    async def stream() -> AsyncGenerator[bytes]:
        yield first
        async for part in parts:
            yield part

    return StreamingResponse(
        stream(),
        media_type=MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="metrics.{form}"'},
    )
