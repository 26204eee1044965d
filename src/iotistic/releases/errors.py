"""What can be wrong about applications and releases."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Conflict, Invalid, IotisticError, NotFound

__all__ = [
    "CONSTRAINTS",
    "ApplicationInvalid",
    "ApplicationNameTaken",
    "ApplicationNotFound",
    "ReleaseInvalid",
    "ReleaseNotFound",
]


class ApplicationNotFound(NotFound):
    """There is no application of this name."""

    code = "application_not_found"


class ApplicationNameTaken(Conflict):
    """There is an application of this name."""

    code = "application_name_taken"


class ApplicationInvalid(Invalid):
    """A name that no application can have."""

    code = "application_invalid"


class ReleaseNotFound(NotFound):
    """The application has no release of this number."""

    code = "release_not_found"


class ReleaseInvalid(Invalid):
    """Services that no release can have."""

    code = "release_invalid"


def _name_taken(_: psycopg.Error) -> IotisticError:
    return ApplicationNameTaken("There is an application of this name.")


def _bad_name(_: psycopg.Error) -> IotisticError:
    return ApplicationInvalid(
        "The name of an application has 1 to 63 lower-case letters, digits, dashes or underscores, and begins and ends with "
        "a letter or digit."
    )


CONSTRAINTS: ConstraintErrors = {
    "applications_name_key": _name_taken,
    "applications_name_check": _bad_name,
}
