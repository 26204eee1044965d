"""What can be wrong about fleets."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.devices.errors import tag_value_not_allowed
from iotistic.errors import Conflict, Invalid, IotisticError, NotFound

__all__ = ["CONSTRAINTS", "FleetInvalid", "FleetNameTaken", "FleetNotEmpty", "FleetNotFound"]


class FleetNotFound(NotFound):
    """There is no fleet of this name."""

    code = "fleet_not_found"


class FleetNameTaken(Conflict):
    """There is a fleet of this name."""

    code = "fleet_name_taken"


class FleetNotEmpty(Conflict):
    """Devices in service belong to the fleet."""

    code = "fleet_not_empty"


class FleetInvalid(Invalid):
    """A name, description or default that no fleet can have."""

    code = "fleet_invalid"


def _name_taken(_: psycopg.Error) -> IotisticError:
    return FleetNameTaken("There is a fleet of this name.", hint="Choose another, or change that one.")


def _bad_name(_: psycopg.Error) -> IotisticError:
    return FleetInvalid(
        "The name of a fleet has 1 to 100 lower-case letters, digits, dots, dashes or underscores, and begins and ends "
        "with a letter or digit."
    )


def _bad_description(_: psycopg.Error) -> IotisticError:
    return FleetInvalid("A description has 1 to 1000 characters.")


def _bad_tags(_: psycopg.Error) -> IotisticError:
    return FleetInvalid("A default tag has a key or a value that no tag can have.")


def _bad_pace(_: psycopg.Error) -> IotisticError:
    return FleetInvalid(
        "The devices of a fleet are expected every 15 seconds to 366 days.",
        hint="Contacts are noted at most once in 15 seconds.",
    )


def _not_empty(_: psycopg.Error) -> IotisticError:
    return FleetNotEmpty(
        "Devices belong to the fleet.", hint="Move them to another fleet, or to none, first."
    )


CONSTRAINTS: ConstraintErrors = {
    "fleets_name_key": _name_taken,
    "fleets_name_check": _bad_name,
    "fleets_description_check": _bad_description,
    "fleets_default_tags_check": _bad_tags,
    "fleets_expected_every_check": _bad_pace,
    "device_tags_value_allowed_check": tag_value_not_allowed,
    "devices_fleet_id_fkey": _not_empty,
    "device_search_fleet_id_fkey": _not_empty,
}
