"""What can be wrong about schedules."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Conflict, Invalid, IotisticError, NotFound

__all__ = ["CONSTRAINTS", "ScheduleInvalid", "ScheduleNameTaken", "ScheduleNotFound"]


class ScheduleNotFound(NotFound):
    """There is no schedule of this name."""

    code = "job_schedule_not_found"


class ScheduleNameTaken(Conflict):
    """There is a schedule of this name."""

    code = "job_schedule_name_taken"


class ScheduleInvalid(Invalid):
    """A name or times that no schedule can have."""

    code = "job_schedule_invalid"


def _name_taken(_: psycopg.Error) -> IotisticError:
    return ScheduleNameTaken("There is a schedule of this name.", hint="Choose another, or delete that one.")


def _bad_name(_: psycopg.Error) -> IotisticError:
    return ScheduleInvalid(
        "The name of a schedule has 1 to 100 lower-case letters, digits, dots, dashes or underscores, and begins and ends "
        "with a letter or digit."
    )


CONSTRAINTS: ConstraintErrors = {
    "job_schedules_name_key": _name_taken,
    "job_schedules_name_check": _bad_name,
}
