"""What can be wrong about things of a model."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Conflict, Invalid, IotisticError, NotFound

__all__ = ["CONSTRAINTS", "EntityInvalid", "EntityNotFound", "TwinConflict"]


class EntityNotFound(NotFound):
    """The model has no thing of this GlobalId."""

    code = "twin_entity_not_found"


class EntityInvalid(Invalid):
    """What no thing of a model can be."""

    code = "twin_entity_invalid"


class TwinConflict(Conflict):
    """What is there already does not go together with it."""

    code = "twin_conflict"


def _lies_elsewhere(_: psycopg.Error) -> IotisticError:
    return TwinConflict(
        "The thing lies in another one already.", hint="Take it out there first: a thing lies in one place."
    )


def _device_taken(_: psycopg.Error) -> IotisticError:
    return TwinConflict("The device is another thing already.", hint="Take the device off that thing first.")


def _in_itself(_: psycopg.Error) -> IotisticError:
    return TwinConflict("A thing has no relation to itself.")


def _no_device(_: psycopg.Error) -> IotisticError:
    return EntityInvalid("There is no such device.")


def _bad_model(_: psycopg.Error) -> IotisticError:
    return EntityInvalid(
        "The name of a model has 1 to 100 lower-case letters, digits, dots, dashes or underscores."
    )


def _bad_id(_: psycopg.Error) -> IotisticError:
    return EntityInvalid("A GlobalId has 1 to 22 letters, digits, _ or $.")


def _bad_class(_: psycopg.Error) -> IotisticError:
    return EntityInvalid("A class begins with Ifc: IfcSpace, IfcPump, ...")


def _bad_name(_: psycopg.Error) -> IotisticError:
    return EntityInvalid("A name has 1 to 500 characters.")


CONSTRAINTS: ConstraintErrors = {
    "digital_twin_entities_model_check": _bad_model,
    "digital_twin_entities_global_id_check": _bad_id,
    "digital_twin_entities_ifc_class_check": _bad_class,
    "digital_twin_entities_name_check": _bad_name,
    "digital_twin_entities_device_uuid_fkey": _no_device,
    "digital_twin_entities_device_uuid_key": _device_taken,
    "digital_twin_relationships_target_id_key": _lies_elsewhere,
    "digital_twin_relationships_target_id_check": _in_itself,
}
