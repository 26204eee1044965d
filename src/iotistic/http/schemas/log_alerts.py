"""Alerts about log lines on the wire."""

from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from iotistic.http.schemas.devices import FleetName
from iotistic.http.schemas.telemetry import LogLevel
from iotistic.http.schemas.values import Answer, Page, Request, Seconds, Storable, Timestamp
from iotistic.telemetry.alerts import RuleDraft

__all__ = [
    "AlertPage",
    "AlertSeen",
    "AlertStatus",
    "NewRule",
    "RuleName",
    "RulePage",
    "RuleSeen",
    "RuleStated",
]

RuleName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9._-]{0,98}[a-z0-9])?$")]
"""A word of 1 to 100 lower-case letters, digits, dots, dashes and underscores."""
AlertStatus = Annotated[
    Literal["active", "acknowledged", "resolved"],
    Field(description="Who has seen to it.", examples=["active"]),
]
Severity = Annotated[
    Literal["info", "warning", "critical"], Field(description="How bad it is.", examples=["warning"])
]
PatternType = Literal["keyword", "exact", "regex"]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=False)]

_DAY = 86_400
_PATTERN_TYPE = "keyword: the message holds the pattern, in any case. exact: it is the pattern. regex: RE2 syntax, found anywhere in it."
_THRESHOLD = "So many lines of one device that match within the window open an alert."
_WINDOW = "By the times of the lines."
_RESOLVE = "An alert that got no line for so long is resolved by itself."


class RuleStated(Request):
    """What a rule watches."""

    pattern: Annotated[Storable, Pattern] = Field(examples=["disk full"])
    pattern_type: PatternType = Field(default="keyword", description=_PATTERN_TYPE)
    device_uuid: UUID | None = Field(default=None, description="Only lines of this device.", examples=[None])
    fleet: FleetName | None = Field(
        default=None, description="Only lines of the devices of this fleet.", examples=[None]
    )
    service: Annotated[Storable, StringConstraints(min_length=1, max_length=255)] | None = Field(
        default=None, description="Only lines of this program.", examples=["pump-control"]
    )
    minimum_level: LogLevel | None = Field(
        default=None, description="Only lines of this level or worse.", examples=["warning"]
    )
    threshold: int = Field(default=1, ge=1, le=1000, description=_THRESHOLD, examples=[3])
    window_seconds: int = Field(default=300, ge=1, le=_DAY, description=_WINDOW, examples=[300])
    resolve_after_seconds: int = Field(default=900, ge=60, le=30 * _DAY, description=_RESOLVE, examples=[900])
    severity: Severity = Field(default="warning", examples=["warning"])
    is_enabled: bool = True

    def draft(self) -> RuleDraft:
        """In the words of the domain."""
        return RuleDraft(
            pattern=self.pattern,
            pattern_type=self.pattern_type,
            device_uuid=self.device_uuid,
            fleet=self.fleet,
            service=self.service,
            minimum_level=self.minimum_level,
            threshold=self.threshold,
            time_window=timedelta(seconds=self.window_seconds),
            resolve_after=timedelta(seconds=self.resolve_after_seconds),
            severity=self.severity,
            is_enabled=self.is_enabled,
        )


class NewRule(RuleStated):
    """A rule to be made."""

    name: RuleName = Field(examples=["disk-full"])


class RuleSeen(Answer):
    """What log lines are watched for."""

    name: str = Field(examples=["disk-full"])
    pattern: str = Field(examples=["disk full"])
    pattern_type: PatternType = Field(description=_PATTERN_TYPE)
    device_uuid: UUID | None = Field(description="Only lines of this device.", examples=[None])
    fleet: str | None = Field(description="Only lines of the devices of this fleet.", examples=[None])
    service: str | None = Field(description="Only lines of this program.", examples=["pump-control"])
    minimum_level: LogLevel | None = Field(description="Only lines of this level or worse.")
    threshold: int = Field(description=_THRESHOLD, examples=[3])
    time_window: Seconds = Field(serialization_alias="window_seconds", description=_WINDOW, examples=[300])
    resolve_after: Seconds = Field(
        serialization_alias="resolve_after_seconds", description=_RESOLVE, examples=[900]
    )
    severity: Severity = Field(examples=["warning"])
    is_enabled: bool
    created_by: str = Field(description="A username, or the name of the program.", examples=["ada"])
    created_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])
    updated_at: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])


class RulePage(Page[RuleSeen]):
    """Some of the rules, by name."""


class SampleSeen(Answer):
    """One of the lines of an alert."""

    timestamp: Timestamp = Field(examples=["2026-11-23T20:00:00Z"])
    level: LogLevel = Field(examples=["error"])
    service: str = Field(examples=["pump-control"])
    message: str = Field(description="Its beginning.", examples=["disk full: /data"])


class AlertSeen(Answer):
    """A rule held for a device."""

    id: int = Field(examples=[4711])
    rule: str = Field(examples=["disk-full"])
    device_uuid: UUID = Field(examples=["3f0d7f6e-0d33-4b1f-9f0c-3a1c5a2f9b10"])
    severity: Severity = Field(description="That of the rule when the alert opened.")
    status: AlertStatus = Field(examples=["active"])
    lines: int = Field(description="How many lines it is about, from those that opened it on.", examples=[3])
    first_seen: Timestamp = Field(
        description="When the earliest was logged, by the clock of the device.",
        examples=["2026-11-23T20:00:00Z"],
    )
    last_seen: Timestamp = Field(examples=["2026-11-23T20:01:00Z"])
    samples: list[SampleSeen] = Field(description="Up to five of the lines.")
    opened_at: Timestamp = Field(examples=["2026-11-23T20:01:05Z"])
    extended_at: Timestamp = Field(
        description="When a line was last counted.", examples=["2026-11-23T20:01:05Z"]
    )
    acknowledged_by: str | None = Field(examples=["ada"])
    acknowledged_at: Timestamp | None = Field(examples=[None])
    resolved_by: str | None = Field(description="Null also where quiet resolved it.", examples=[None])
    resolved_at: Timestamp | None = Field(examples=[None])


class AlertPage(Page[AlertSeen]):
    """Some of the alerts, the newest first."""
