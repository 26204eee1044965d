"""Metrics of one device, of many, of a fleet: questions about ranges of time, and their answers."""

from iotistic.telemetry.model import Source
from iotistic.telemetry.reading.downsampling import Method
from iotistic.telemetry.reading.edges import zone_named
from iotistic.telemetry.reading.filling import Filling
from iotistic.telemetry.reading.model import Answer, DeviceLatest, DeviceSeries, Question
from iotistic.telemetry.reading.service import MOST_DEVICES, MOST_POINTS, MetricReader
from iotistic.telemetry.reading.sources import Segment
from iotistic.telemetry.reading.width import parse_width

__all__ = [
    "MOST_DEVICES",
    "MOST_POINTS",
    "Answer",
    "DeviceLatest",
    "DeviceSeries",
    "Filling",
    "Method",
    "MetricReader",
    "Question",
    "Segment",
    "Source",
    "parse_width",
    "zone_named",
]
