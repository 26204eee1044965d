"""What can be wrong about how often a device is expected."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.devices.errors import DeviceNotFound
from iotistic.errors import Invalid, IotisticError

__all__ = ["CONSTRAINTS", "ExpectationInvalid"]


class ExpectationInvalid(Invalid):
    """A pace that no device can be expected at."""

    code = "expectation_invalid"


def _bad_interval(_: psycopg.Error) -> IotisticError:
    return ExpectationInvalid(
        "A device is expected every 15 seconds to 366 days.",
        hint="Contacts are noted at most once in 15 seconds.",
    )


def _unknown(_: psycopg.Error) -> IotisticError:
    return DeviceNotFound("There is no such device.")


CONSTRAINTS: ConstraintErrors = {
    "contact_expectations_expected_every_check": _bad_interval,
    "contact_expectations_device_uuid_fkey": _unknown,
}
