"""Metrics and logs of devices: taken in at the speed of COPY, read with bounds."""

from iotistic.telemetry.clocks.clocks import ClockService
from iotistic.telemetry.errors import (
    BodyInvalid,
    BodyTooLarge,
    EncodingUnsupported,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    IngestBusy,
    IngestStopped,
    IngestUnavailable,
    PartitionMissing,
    RangeInvalid,
    TooManyPoints,
)
from iotistic.telemetry.ingest.gateway import GatewayIngest
from iotistic.telemetry.ingest.hearing import Contacts
from iotistic.telemetry.ingest.ingest import Ingest, Tell
from iotistic.telemetry.ingest.limits import IngestLimits
from iotistic.telemetry.ingest.streams import LOGS, METRICS, Stream
from iotistic.telemetry.model import (
    DeviceClock,
    IngestStatistics,
    LatestValue,
    LogCursor,
    LogLevel,
    LogLine,
    Point,
    Reason,
    Receipt,
    Series,
    Sparkline,
    TelemetrySummary,
)
from iotistic.telemetry.service import TelemetryService
from iotistic.telemetry.wire.sent import Sent

__all__ = [
    "LOGS",
    "METRICS",
    "BodyInvalid",
    "BodyTooLarge",
    "ClockService",
    "Contacts",
    "DeviceClock",
    "EncodingUnsupported",
    "GatewayIngest",
    "IdempotencyKeyInvalid",
    "IdempotencyKeyReused",
    "Ingest",
    "IngestBusy",
    "IngestLimits",
    "IngestStatistics",
    "IngestStopped",
    "IngestUnavailable",
    "LatestValue",
    "LogCursor",
    "LogLevel",
    "LogLine",
    "PartitionMissing",
    "Point",
    "RangeInvalid",
    "Reason",
    "Receipt",
    "Sent",
    "Series",
    "Sparkline",
    "Stream",
    "TelemetryService",
    "TelemetrySummary",
    "Tell",
    "TooManyPoints",
]
