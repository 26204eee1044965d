"""What can be wrong about dashboards."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Conflict, Invalid, IotisticError, NotFound

__all__ = [
    "CONSTRAINTS",
    "DefaultTaken",
    "LayoutInvalid",
    "LayoutNameTaken",
    "LayoutNotFound",
    "TooManyLayouts",
]


class LayoutNotFound(NotFound):
    """There is no such dashboard, or it belongs to somebody else."""

    code = "dashboard_not_found"


class LayoutNameTaken(Conflict):
    """The owner has a dashboard of this name for the same thing."""

    code = "dashboard_name_taken"


class DefaultTaken(Conflict):
    """Another dashboard became the default at the same moment."""

    code = "dashboard_default_taken"


class TooManyLayouts(Conflict):
    """The owner has as many dashboards as one can have."""

    code = "too_many_dashboards"


class LayoutInvalid(Invalid):
    """Something that no dashboard can be."""

    code = "dashboard_invalid"


def _name_taken(_: psycopg.Error) -> IotisticError:
    return LayoutNameTaken(
        "There is a dashboard of this name.", hint="Choose another name, or change that one."
    )


def _default_taken(_: psycopg.Error) -> IotisticError:
    return DefaultTaken("Another dashboard became the default at the same moment.", hint="Try again.")


def _no_device(_: psycopg.Error) -> IotisticError:
    return LayoutInvalid("There is no such device.", field="body.device_uuid")


def _no_user(_: psycopg.Error) -> IotisticError:
    return LayoutInvalid("There is no such account.")


def _bad_name(_: psycopg.Error) -> IotisticError:
    return LayoutInvalid("The name of a dashboard has 1 to 200 characters.", field="body.name")


def _bad_document(_: psycopg.Error) -> IotisticError:
    return LayoutInvalid(
        "The document of a dashboard is a JSON object of at most 64 KiB.", field="body.document"
    )


CONSTRAINTS: ConstraintErrors = {
    "dashboard_layouts_user_id_device_uuid_name_key": _name_taken,
    "dashboard_layouts_user_id_device_uuid_key": _default_taken,
    "dashboard_layouts_device_uuid_fkey": _no_device,
    "dashboard_layouts_user_id_fkey": _no_user,
    "dashboard_layouts_name_check": _bad_name,
    "dashboard_layouts_document_check": _bad_document,
}
