"""The nouns about alerts on log lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from iotistic.telemetry.model import LogLevel

__all__ = [
    "Alert",
    "AlertQuestion",
    "AlertStatus",
    "PatternType",
    "Rule",
    "RuleDraft",
    "Sample",
    "Severity",
]

PatternType = Literal["keyword", "exact", "regex"]
"""keyword: the message holds the pattern, in any case. exact: it is the pattern. regex: RE2 syntax, found anywhere in it."""
Severity = Literal["info", "warning", "critical"]
AlertStatus = Literal["active", "acknowledged", "resolved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    """What people say about a rule."""

    pattern: str
    pattern_type: PatternType = "keyword"
    device_uuid: UUID | None = None
    """The one device whose lines are watched."""
    fleet: str | None = None
    """The fleet whose lines are watched; with neither, those of all devices."""
    service: str | None = None
    """Only lines of this program."""
    minimum_level: LogLevel | None = None
    """Only lines of this level or worse."""
    threshold: int = 1
    """So many lines of one device that match within the window open an alert."""
    time_window: timedelta = timedelta(minutes=5)
    """By the times of the lines."""
    resolve_after: timedelta = timedelta(minutes=15)
    """An alert that got no line for so long is resolved by itself."""
    severity: Severity = "warning"
    is_enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(RuleDraft):
    """What log lines are watched for."""

    id: int
    name: str
    """A lower-case word, as in paths."""
    created_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One of the lines of an alert."""

    timestamp: datetime
    level: LogLevel
    service: str
    message: str
    """Its beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A rule held for a device."""

    id: int
    rule: str
    """The name of the rule."""
    device_uuid: UUID
    severity: Severity
    """That of the rule when it opened."""
    status: AlertStatus
    lines: int
    """How many it is about."""
    first_seen: datetime
    """When the earliest was logged, by the clock of the device."""
    last_seen: datetime
    samples: Sequence[dict[str, Any]]
    """The first few lines: timestamp, level, service, message."""
    opened_at: datetime
    extended_at: datetime
    """When the platform last counted a line."""
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    resolved_by: str | None
    """None also where quiet resolved it."""
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertQuestion:
    """Which alerts are meant."""

    statuses: Sequence[AlertStatus] = ("active", "acknowledged")
    rule: str | None = None
    device_uuid: UUID | None = None
