"""What is asked of metrics, and what comes back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from iotistic.telemetry.model import LatestValue, Point
from iotistic.telemetry.reading.downsampling import Method
from iotistic.telemetry.reading.filling import Filling
from iotistic.telemetry.reading.sources import Segment

__all__ = ["UTC_ZONE", "Answer", "DeviceLatest", "DeviceSeries", "Presentation", "Question"]

UTC_ZONE: Final = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Metrics over a range of time."""

    devices: Sequence[UUID] | None
    """Whose; None: of every device, where all are put together."""
    names: Sequence[str] = ()
    """Which metrics; all when empty."""
    start: datetime
    end: datetime
    """The first moment that is no longer meant."""
    bucket: timedelta | None = None
    """The width of the buckets; None: every report by itself."""
    zone: ZoneInfo = UTC_ZONE
    """Whose midnight buckets are counted from."""
    filling: Filling = "none"
    points: int | None = None
    """Downsample each series to at most so many points; without buckets only."""
    method: Method = "lttb"


class Presentation(TypedDict, total=False):
    """How the points of a question are to look; the same names as there."""

    zone: ZoneInfo
    filling: Filling
    points: int | None
    method: Method


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSeries:
    """One metric of one device, or of all together, oldest point first."""

    device_uuid: UUID | None
    """None: of all devices that were asked for, together."""
    metric: str
    unit: str | None
    points: tuple[Point, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Series by device, metric and unit, and where they were read."""

    bucket: timedelta | None
    sources: tuple[Segment, ...]
    """Which tables answered which part of the range."""
    series: tuple[DeviceSeries, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLatest:
    """The newest value of each metric of one device, by name."""

    device_uuid: UUID
    values: tuple[LatestValue, ...]
