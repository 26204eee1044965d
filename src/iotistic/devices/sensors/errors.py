"""What can be wrong about sensors."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.devices.errors import DeviceNotFound
from iotistic.errors import Conflict, Invalid, IotisticError, NotFound

__all__ = [
    "CONSTRAINTS",
    "SensorChanged",
    "SensorInvalid",
    "SensorNameTaken",
    "SensorNotFound",
    "TooManySensors",
]


class SensorNotFound(NotFound):
    """The device has no sensor of this name."""

    code = "sensor_not_found"


class SensorNameTaken(Conflict):
    """The device has a sensor of this name."""

    code = "sensor_name_taken"


class TooManySensors(Conflict):
    """The device has as many sensors as one can have."""

    code = "too_many_sensors"


class SensorChanged(Conflict):
    """What a device reports is about an earlier statement of the sensor; `current_version` says which holds."""

    code = "sensor_changed"


class SensorInvalid(Invalid):
    """Something that no sensor can be."""

    code = "sensor_invalid"


def _name_taken(_: psycopg.Error) -> IotisticError:
    return SensorNameTaken(
        "The device has a sensor of this name.", hint="Choose another, or change that one."
    )


def _unknown_device(_: psycopg.Error) -> IotisticError:
    return DeviceNotFound("There is no such device.")


def _bad_name(_: psycopg.Error) -> IotisticError:
    return SensorInvalid(
        "The name of a sensor has 1 to 100 lower-case letters, digits, dots, dashes or underscores, and begins and ends "
        "with a letter or digit."
    )


def _bad_protocol(_: psycopg.Error) -> IotisticError:
    return SensorInvalid("There is no such protocol.", hint="`other` is for those that have no name here.")


def _bad_pace(_: psycopg.Error) -> IotisticError:
    return SensorInvalid("A sensor is read every 0.1 seconds to once a day.")


def _bad_description(_: psycopg.Error) -> IotisticError:
    return SensorInvalid("A description has 1 to 1000 characters.")


def _bad_connection(_: psycopg.Error) -> IotisticError:
    return SensorInvalid("The connection is a JSON object of at most 16 KiB.")


def _bad_data_points(_: psycopg.Error) -> IotisticError:
    return SensorInvalid("The data points are a JSON array of objects, at most 64 KiB.")


def _bad_report(_: psycopg.Error) -> IotisticError:
    return SensorInvalid(
        "A device reports `deployed` without an error, or `failed` with one of 1 to 2000 characters."
    )


CONSTRAINTS: ConstraintErrors = {
    "device_sensors_pkey": _name_taken,
    "device_sensors_device_uuid_fkey": _unknown_device,
    "device_sensors_name_check": _bad_name,
    "device_sensors_protocol_check": _bad_protocol,
    "device_sensors_poll_every_check": _bad_pace,
    "device_sensors_description_check": _bad_description,
    "device_sensors_connection_check": _bad_connection,
    "device_sensors_data_points_check": _bad_data_points,
    "device_sensors_deployment_check": _bad_report,
    "device_sensors_deployment_error_check": _bad_report,
    "device_sensors_deployment_reported_at_check": _bad_report,
}
