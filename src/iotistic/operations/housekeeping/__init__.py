"""Periodic work: who does it, how it is ordered, and what it did."""

from iotistic.operations.housekeeping.errors import JobNotFound, JobPaused, NobodyLeads, RunTakesLong
from iotistic.operations.housekeeping.housekeeper import Housekeeper
from iotistic.operations.housekeeping.model import Book, Job, JobOutcome, JobState, Orders, Run
from iotistic.operations.housekeeping.service import HousekeepingService

__all__ = [
    "Book",
    "Housekeeper",
    "HousekeepingService",
    "Job",
    "JobNotFound",
    "JobOutcome",
    "JobPaused",
    "JobState",
    "NobodyLeads",
    "Orders",
    "Run",
    "RunTakesLong",
]
