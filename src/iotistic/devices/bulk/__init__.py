"""Many devices at once: files that come in, files that go out."""

from iotistic.devices.bulk.model import (
    DeviceDraft,
    DeviceRecord,
    FileFormat,
    ImportFileInvalid,
    ImportReport,
    LineProblem,
)
from iotistic.devices.bulk.reading import read_devices
from iotistic.devices.bulk.service import BulkService
from iotistic.devices.bulk.writing import CsvWriter, ndjson_lines

__all__ = [
    "BulkService",
    "CsvWriter",
    "DeviceDraft",
    "DeviceRecord",
    "FileFormat",
    "ImportFileInvalid",
    "ImportReport",
    "LineProblem",
    "ndjson_lines",
    "read_devices",
]
