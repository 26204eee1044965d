"""The registry and metrics as files, page by page: each in a transaction of its own, so that a slow reader holds no connection."""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from uuid import UUID

from iotistic.bootstrap.platform import Platform
from iotistic.devices import DeviceFilter
from iotistic.devices.bulk import CsvWriter, FileFormat, ndjson_lines
from iotistic.telemetry.export import ExportFormat, MetricExport, Position, open_writer

__all__ = ["export_devices", "export_metrics"]

_PAGE = 1000


async def export_devices(platform: Platform, which: DeviceFilter, form: FileFormat) -> AsyncGenerator[bytes]:
    """Devices in service by name, as an import understands them. Raises FleetNotFound with the first part."""
    writer: CsvWriter | None = None
    after: str | None = None
    while True:
        async with platform.begin(read_only=True) as work:
            page = await work.devices.list_devices(which, after=after, limit=_PAGE)
            records = await work.bulk.list_records(page)
            keys = await work.bulk.list_keys() if form == "csv" and writer is None else None
        if keys is not None:
            writer = CsvWriter(keys)
            yield writer.header()
        if records:
            yield ndjson_lines(records) if writer is None else writer.lines(records)
        if len(page) < _PAGE:
            return
        after = page[-1].name


async def export_metrics(
    platform: Platform,
    devices: Sequence[UUID],
    names: Sequence[str],
    start: datetime,
    end: datetime,
    *,
    form: ExportFormat,
) -> AsyncGenerator[bytes]:
    """Every report of the devices from `start` up to `end`, a value a line, device by device.

    Raises ExportUnavailable with the first part.
    """
    writer = open_writer(form, names)
    yield writer.begin()
    for device in devices:
        after: Position | None = None
        while True:
            async with platform.begin(read_only=True) as work:
                page = await MetricExport(work.connection).page(device, start, end, after)
            if page.reports and (part := writer.page(device, page)):
                yield part
            if page.end is None:
                break
            after = page.end
    yield writer.end()
