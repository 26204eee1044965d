"""Answers about metrics of many devices on the wire."""

from datetime import timedelta
from uuid import UUID

from pydantic import Field

from iotistic.http.schemas.telemetry import LatestMetric, SeriesPoint, Source
from iotistic.http.schemas.values import Answer, Timestamp

__all__ = ["AnsweredSeries", "DeviceNewest", "MetricAnswer", "ReadPart"]


class DeviceNewest(Answer):
    """The newest values of one device."""

    device_uuid: UUID
    values: list[LatestMetric] = Field(description="By name of the metric.")


class ReadPart(Answer):
    """A part of the range, and the table it was read from."""

    source: Source = Field(description="Reports (raw), or their rollup.", examples=["hours"])
    since: Timestamp = Field(examples=["2026-11-23T00:00:00Z"])
    until: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])


class AnsweredSeries(Answer):
    """One metric of one device, or of all together."""

    device_uuid: UUID | None = Field(description="null: of all devices that were asked for, together.")
    metric: str = Field(examples=["cpu_usage"])
    unit: str | None = Field(examples=["percent"])
    points: list[SeriesPoint] = Field(description="Oldest first.")


class MetricAnswer(Answer):
    """Series by device and metric."""

    bucket: timedelta | None = Field(
        description="The width of the buckets, ISO 8601; null: single reports.", examples=["PT3600S"]
    )
    sources: list[ReadPart] = Field(description="What was read, in the order of time.")
    series: list[AnsweredSeries]
