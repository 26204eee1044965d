"""Metrics and logs on the wire."""

from datetime import timedelta
from typing import Literal
from uuid import UUID

from pydantic import Field

from iotistic.http.schemas.values import Answer, Page, Request, Timestamp

__all__ = [
    "ClockSeen",
    "ClockStated",
    "LatestMetric",
    "LogEntry",
    "LogLevel",
    "LogLines",
    "LogPage",
    "MetricReport",
    "MetricReports",
    "MetricSeries",
    "ReasonGiven",
    "ReceiptGiven",
    "SentLine",
    "SeriesPoint",
    "Source",
]

Source = Literal["raw", "quarters", "hours", "days"]
LogLevel = Literal["debug", "info", "warning", "error", "critical"]


class MetricReport(Answer):
    """What a device measured at one moment."""

    timestamp: Timestamp | float = Field(
        description="When, by the device's clock: RFC 3339, or a number since 1970 whose unit is told by its size.",
        examples=["2026-11-23T20:00:00.000Z"],
    )
    metrics: dict[str, float] = Field(
        description="Value by metric name; at most 500.",
        examples=[{"cpu_usage": 12.5, "memory_percent": 48.1}],
    )


class MetricReports(Answer):
    """A batch of reports, in any order; what was sent before is recognised."""

    reports: list[MetricReport] = Field(description="At most 10,000.")
    units: dict[str, str] = Field(
        default={},
        description="Unit by metric name, for metrics that have one.",
        examples=[{"cpu_usage": "percent"}],
    )


class SentLine(Answer):
    """One line of a device's log."""

    timestamp: Timestamp | float = Field(examples=["2026-11-23T20:00:00.000Z"])
    sequence: int = Field(
        description="Tells lines of one moment apart; the same line has the same.", examples=[123]
    )
    level: LogLevel = Field(examples=["info"])
    service: str = Field(description="The program that logged.", examples=["sshd"])
    message: str = Field(examples=["Server listening on 0.0.0.0 port 22."])


class LogLines(Answer):
    """A batch of log lines."""

    lines: list[SentLine] = Field(description="At most 10,000.")


class ReasonGiven(Answer):
    """Why one report or line was not stored as sent."""

    index: int = Field(description="Its position in the body, from 0.", examples=[3])
    code: str = Field(description="What is wrong; stable.", examples=["timestamp_in_future"])
    message: str = Field(examples=["The report is dated 2 hours ahead of the platform's clock."])


class ReceiptGiven(Answer):
    """What became of every report or line; sent only once it is durable."""

    accepted: int = Field(description="Stored, and new.", examples=[12])
    duplicate: int = Field(description="Stored already.", examples=[0])
    late: int = Field(
        description="How many of the accepted came long after they were measured.", examples=[0]
    )
    quarantined: int = Field(
        description="Set aside with a reason, to be looked at and replayed.", examples=[0]
    )
    rejected: int = Field(
        description="Not understood and not stored; sending it again cannot help.", examples=[0]
    )
    codes: dict[str, int] = Field(
        description="How many reports, or fields of them, each reason code stands for.",
        examples=[{"already_stored": 84, "clock_not_set": 1}],
    )
    reasons: list[ReasonGiven] = Field(description="Why, in the order of the body.")


class ClockSeen(Answer):
    """What is known of a device's clock."""

    skew_seconds: float | None = Field(
        description="How far it is ahead of the platform's, behind when negative; delay on the way counts as behind.",
        examples=[-0.25],
    )
    measured_at: Timestamp | None = Field(examples=["2026-11-23T20:00:00Z"])
    stamped_on_receipt: bool = Field(
        description="Whether its reports are dated by their receipt, since its clock is not trusted."
    )


class ClockStated(Request):
    """How a device's reports are to be dated."""

    stamped_on_receipt: bool = Field(description="By their receipt, instead of by the device's clock.")


class LatestMetric(Answer):
    """The newest value of one metric."""

    metric: str = Field(examples=["cpu_usage"])
    unit: str | None = Field(examples=["percent"])
    value: float | None = Field(examples=[12.5])
    timestamp: Timestamp = Field(description="When it was measured.", examples=["2026-11-23T20:00:00Z"])


class SeriesPoint(Answer):
    """One report, or what a bucket of reports amounts to; without a bucket the three values are the same."""

    timestamp: Timestamp = Field(
        description="When; of a bucket, its first moment.", examples=["2026-11-23T20:00:00Z"]
    )
    count: int = Field(description="Reports in it; 0 where a gap was filled.", examples=[60])
    minimum: float | None = Field(examples=[3.5])
    average: float | None = Field(examples=[12.5])
    maximum: float | None = Field(examples=[97.0])
    last: float | None = Field(
        description="The value of the newest report; null where devices are put together.", examples=[11.0]
    )


class MetricSeries(Answer):
    """One metric over the range, oldest point first; buckets without a report are left out."""

    metric: str = Field(examples=["cpu_usage"])
    unit: str | None = Field(examples=["percent"])
    bucket: timedelta | None = Field(
        description="The width of the buckets, ISO 8601; null: every report by itself.", examples=["PT300S"]
    )
    sources: list[Source] = Field(
        description="What was read: reports (raw), or what they amount to by quarter of an hour, hour or day.",
        examples=[["hours", "raw"]],
    )
    points: list[SeriesPoint]


class LogEntry(Answer):
    """One line that a device logged."""

    device_uuid: UUID
    timestamp: Timestamp = Field(examples=["2026-11-23T20:00:00.123Z"])
    sequence: int = Field(examples=[123])
    level: LogLevel = Field(examples=["info"])
    service: str = Field(examples=["sshd"])
    message: str = Field(examples=["Server listening on 0.0.0.0 port 22."])


class LogPage(Page[LogEntry]):
    """Some of the lines, newest first."""
