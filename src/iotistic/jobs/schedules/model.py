"""The nouns about schedules."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from iotistic.jobs.rollout import RolloutPolicy
from iotistic.jobs.schedules.calendar import CatchUp, Timetable
from iotistic.jobs.target import JobTarget

__all__ = ["DueSchedule", "JobSchedule", "ScheduleDraft"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleDraft:
    """A schedule to be made."""

    template_id: int
    template_version: int | None
    """None: the newest at the time of each run."""
    target: JobTarget
    rollout: RolloutPolicy
    cron: str | None
    every: timedelta | None
    time_zone: str
    catch_up: CatchUp
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSchedule:
    """By what rule jobs are made."""

    name: str
    template: str
    """The name of the template."""
    template_version: int | None
    """None: the newest at the time of each run."""
    target: JobTarget
    rollout: RolloutPolicy
    cron: str | None
    every: timedelta | None
    time_zone: str
    catch_up: CatchUp
    is_enabled: bool
    next_run_at: datetime | None
    """None: never again."""
    last_run_at: datetime | None
    last_problem: str | None
    """Why the last run made no job."""
    last_job: int | None
    """The job that was made last."""
    created_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSchedule:
    """A schedule whose time has come, locked for whoever looks after it."""

    id: int
    name: str
    template_id: int
    template_version: int | None
    target: JobTarget
    rollout: RolloutPolicy
    timetable: Timetable
    catch_up: CatchUp
    due_at: datetime
    """The run that was due first."""
