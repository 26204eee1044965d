"""What can be wrong about templates."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Conflict, Invalid, IotisticError, NotFound

__all__ = ["CONSTRAINTS", "TemplateInUse", "TemplateInvalid", "TemplateNotFound"]


class TemplateNotFound(NotFound):
    """There is no template of this name, or not this version of it."""

    code = "job_template_not_found"


class TemplateInUse(Conflict):
    """A schedule makes jobs from the template."""

    code = "job_template_in_use"


class TemplateInvalid(Invalid):
    """A name or description that no template can have."""

    code = "job_template_invalid"


def _in_use(_: psycopg.Error) -> IotisticError:
    return TemplateInUse(
        "A schedule makes jobs from this template.", hint="Delete the schedule first, or let it use another."
    )


def _bad_name(_: psycopg.Error) -> IotisticError:
    return TemplateInvalid(
        "The name of a template has 1 to 100 lower-case letters, digits, dots, dashes or underscores, and begins and ends "
        "with a letter or digit."
    )


def _bad_description(_: psycopg.Error) -> IotisticError:
    return TemplateInvalid("A description has 1 to 1000 characters.")


CONSTRAINTS: ConstraintErrors = {
    "job_schedules_template_id_fkey": _in_use,
    "job_schedules_template_version_fkey": _in_use,
    "job_templates_name_check": _bad_name,
    "job_templates_description_check": _bad_description,
}
