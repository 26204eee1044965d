"""What can be wrong about the rules of tags."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.devices.errors import CONSTRAINTS as DEVICE_CONSTRAINTS
from iotistic.errors import Conflict, Invalid, IotisticError, NotFound, TooLarge

__all__ = [
    "CONSTRAINTS",
    "TagDefinitionInvalid",
    "TagDefinitionNotFound",
    "TagValuesInUse",
    "TooManyDevices",
]


class TagDefinitionNotFound(NotFound):
    """There are no rules about this key."""

    code = "tag_definition_not_found"


class TagDefinitionInvalid(Invalid):
    """A key or rule that no definition can have."""

    code = "tag_definition_invalid"


class TagValuesInUse(Conflict):
    """Devices or fleets have values that the new rule would forbid."""

    code = "tag_values_in_use"


class TooManyDevices(TooLarge):
    """More devices are meant than one request may change."""

    code = "too_many_devices"


def _bad_key(_: psycopg.Error) -> IotisticError:
    return TagDefinitionInvalid(
        "The key of a tag has 1 to 100 lower-case letters, digits, dots, dashes or underscores, and begins and ends with "
        "a letter or digit."
    )


def _bad_values(_: psycopg.Error) -> IotisticError:
    return TagDefinitionInvalid("Allowed are 1 to 1000 values, or any.")


def _bad_description(_: psycopg.Error) -> IotisticError:
    return TagDefinitionInvalid("A description has 1 to 1000 characters.")


CONSTRAINTS: ConstraintErrors = {
    **DEVICE_CONSTRAINTS,
    "tag_definitions_key_check": _bad_key,
    "tag_definitions_allowed_values_check": _bad_values,
    "tag_definitions_description_check": _bad_description,
}
