"""Templates and schedules of jobs on the wire."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from iotistic.http.schemas.fleets import Description
from iotistic.http.schemas.jobs import RolloutStated, TargetStated, TemplateName, TimeZoneName
from iotistic.http.schemas.values import Answer, Document, Page, Request, Storable, Timestamp

__all__ = [
    "NewSchedule",
    "SchedulePage",
    "ScheduleSeen",
    "ScheduleSwitched",
    "TemplatePage",
    "TemplateSeen",
    "TemplateStated",
    "VersionPage",
    "VersionSeen",
]

_EXAMPLE = {"steps": [{"action": "echo", "arguments": {"text": "hello"}}], "timeout_seconds": 60}
_AT = "2026-11-23T20:00:00Z"


class TemplateStated(Request):
    """What jobs are to be made from."""

    description: Description | None = Field(default=None, examples=["Says hello"])
    document: Document = Field(description="At most 50 steps and 32 KiB.", examples=[_EXAMPLE])


class TemplateSeen(Answer):
    """What jobs are made from."""

    name: str = Field(examples=["greet"])
    description: str | None = Field(examples=["Says hello"])
    version: int = Field(description="The one that is shown.", examples=[1])
    newest_version: int = Field(examples=[1])
    document: dict[str, Any] = Field(examples=[_EXAMPLE])
    created_by: str = Field(description="Who wrote this version.", examples=["anna"])
    created_at: Timestamp = Field(description="When.", examples=[_AT])


class TemplatePage(Page[TemplateSeen]):
    """Some of the templates, by name."""


class VersionSeen(Answer):
    """One version of a template."""

    version: int = Field(examples=[1])
    created_by: str = Field(examples=["anna"])
    created_at: Timestamp = Field(examples=[_AT])


class VersionPage(Page[VersionSeen]):
    """Some of the versions of a template, the newest first."""


class NewSchedule(Request):
    """When jobs are to be made from a template: by `cron` or by `every_seconds`."""

    name: TemplateName = Field(examples=["nightly-greeting"])
    template: TemplateName = Field(examples=["greet"])
    template_version: int | None = Field(
        default=None,
        ge=1,
        lt=2**63,
        description="By default the newest at the time of each run.",
        examples=[None],
    )
    target: TargetStated
    rollout: RolloutStated = Field(default_factory=RolloutStated)
    cron: Annotated[Storable, StringConstraints(min_length=9, max_length=100)] | None = Field(
        default=None,
        description="Minute, hour, day of month, month, day of week, as cron understands them.",
        examples=["30 2 * * mon-fri"],
    )
    every_seconds: int | None = Field(
        default=None, ge=60, le=366 * 86400, description="From one run to the next.", examples=[None]
    )
    time_zone: TimeZoneName = Field(default="UTC", examples=["Europe/Berlin"])
    catch_up: Literal["skip", "once", "each"] = Field(
        default="skip",
        description="What becomes of runs that were missed by more than five minutes.",
        examples=["skip"],
    )


class ScheduleSwitched(Request):
    """Whether a schedule runs."""

    enabled: bool = Field(description="What would have come while it was off is not made up for.")


class ScheduleSeen(Answer):
    """By what rule jobs are made."""

    name: str = Field(examples=["nightly-greeting"])
    template: str = Field(examples=["greet"])
    template_version: int | None = Field(description="Null: the newest.", examples=[None])
    target: dict[str, Any] = Field(description="Whom each job is for.", examples=[{"fleet": "berlin"}])
    rollout: dict[str, Any] = Field(description="As it was stated.", examples=[{"concurrency": 50}])
    cron: str | None = Field(examples=["30 2 * * mon-fri"])
    every_seconds: float | None = Field(examples=[None])
    time_zone: str = Field(examples=["Europe/Berlin"])
    catch_up: Literal["skip", "once", "each"] = Field(examples=["skip"])
    is_enabled: bool
    next_run_at: Timestamp | None = Field(examples=[_AT])
    last_run_at: Timestamp | None = Field(examples=[None])
    last_problem: str | None = Field(description="Why the last run made no job.", examples=[None])
    last_job: int | None = Field(description="The job that it made last.", examples=[17])
    created_by: str = Field(examples=["anna"])
    created_at: Timestamp = Field(examples=[_AT])


class SchedulePage(Page[ScheduleSeen]):
    """Some of the schedules, by name."""
