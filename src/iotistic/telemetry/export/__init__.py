"""Metrics as files: a value a line, by device and time."""

from iotistic.telemetry.export.formats import MEDIA_TYPES, ExportFormat, MetricWriter, open_writer
from iotistic.telemetry.export.service import ExportPage, MetricExport, Position

__all__ = [
    "MEDIA_TYPES",
    "ExportFormat",
    "ExportPage",
    "MetricExport",
    "MetricWriter",
    "Position",
    "open_writer",
]
