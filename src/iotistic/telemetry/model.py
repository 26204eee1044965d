"""The nouns of telemetry: what a caller gets back for data sent, and what it reads."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

__all__ = [
    "DeviceClock",
    "IngestStatistics",
    "LatestValue",
    "LogCursor",
    "LogLevel",
    "LogLine",
    "Point",
    "Reason",
    "Receipt",
    "Series",
    "Source",
    "Sparkline",
    "TelemetrySummary",
]

Source = Literal["raw", "quarters", "hours", "days"]
LogLevel = Literal["debug", "info", "warning", "error", "critical"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why one report or line, or one field of it, was not stored as sent."""

    index: int
    """Its position in the body, from 0."""
    code: str
    """What is wrong, stable: `timestamp_in_future`, `metric_not_numeric`, ..."""
    message: str
    """The same for people, with the name of the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of every report (or log line) of one body; given only once it is durable.

    accepted + duplicate + quarantined + rejected is how many the body held. Only rejected ones are lost, and sending them
    again unchanged cannot help.
    """

    accepted: int
    """Stored, and new."""
    duplicate: int
    """Stored already by an earlier request, or twice in this body."""
    late: int
    """How many of the accepted came long after they were measured."""
    quarantined: int
    """Set aside with a reason, to be looked at and replayed."""
    rejected: int
    """Not understood, not stored."""
    codes: dict[str, int] = field(default_factory=dict[str, int])
    """How many reports, or fields of reports, each reason code stands for: `already_stored`, `late`, `clock_not_set`, ..."""
    reasons: tuple[Reason, ...] = ()
    """Why, of what was not stored as sent, in the order of the body; of a body with very many only the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceClock:
    """What is known of a device's clock."""

    skew: timedelta | None
    """How far it is ahead of ours, behind when negative; None when not known. Delay on the way counts as behind."""
    measured_at: datetime | None
    """When that was found out."""
    stamped_on_receipt: bool
    """Whether its reports get the time of their receipt instead of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestStatistics:
    """What one process's ingest did since it started, and what it holds now."""

    rows: int
    """Rows committed, quarantined ones included."""
    commits: int
    """Transactions that stored them."""
    staged: int
    """How many of the rows went through staging, because they might have been repeats."""
    duplicates: int
    """How many of those were."""
    quarantined: int
    """Rows set aside."""
    retries: int
    """Batches that had to be written anew after a failure."""
    failed: int
    """Submissions that were answered with Unavailable after they had been queued."""
    pending_submissions: int
    """Bodies that wait for their commit now."""
    pending_bytes: int
    """Memory those are counted with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestValue:
    """The newest value of one metric of a device."""

    metric: str
    unit: str | None
    value: float
    timestamp: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One moment of a series: a report, or what a bucket of them amounts to."""

    timestamp: datetime
    """When it was measured; of a bucket, its first moment."""
    count: int
    """Reports in it; 0 in a bucket that was filled."""
    minimum: float | None
    average: float | None
    maximum: float | None
    last: float | None
    """The value of the newest of them; None where many devices are put together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One metric of one device over a range of time, oldest point first. Buckets without a report have no point."""

    metric: str
    unit: str | None
    bucket: timedelta | None
    """The width of the buckets; None: every report by itself."""
    sources: tuple[Source, ...]
    """What it was read from: reports (raw), or their rollups."""
    points: tuple[Point, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """One metric of a device over the last hour, minute by minute."""

    metric: str
    unit: str | None
    values: tuple[float | None, ...]
    """60 averages, oldest first; None where nothing was reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCursor:
    """Where a page of log lines ended: the last line of it."""

    timestamp: datetime
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line a device logged."""

    device_uuid: UUID
    timestamp: datetime
    sequence: int
    level: LogLevel
    service: str
    message: str

    @property
    def cursor(self) -> LogCursor:
        """What to pass as `after` to get the lines behind this one."""
        return LogCursor(timestamp=self.timestamp, sequence=self.sequence)


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySummary:
    """How the stream of metrics looks at one moment."""

    reports_per_second: float
    """Reports measured in the last minute, per second."""
    points_per_second: float
    """Single values in them, per second."""
    devices: int
    """Devices that reported in the last minute."""
    newest: datetime | None
    """When the newest report was measured; None when there is none at all."""
