"""When jobs are made from a template by themselves."""

from iotistic.jobs.schedules.calendar import CatchUp, Timetable, due_runs, next_run, require_timetable
from iotistic.jobs.schedules.errors import ScheduleInvalid, ScheduleNameTaken, ScheduleNotFound
from iotistic.jobs.schedules.model import DueSchedule, JobSchedule, ScheduleDraft
from iotistic.jobs.schedules.service import ScheduleService

__all__ = [
    "CatchUp",
    "DueSchedule",
    "JobSchedule",
    "ScheduleDraft",
    "ScheduleInvalid",
    "ScheduleNameTaken",
    "ScheduleNotFound",
    "ScheduleService",
    "Timetable",
    "due_runs",
    "next_run",
    "require_timetable",
]
