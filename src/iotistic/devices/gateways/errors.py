"""What can be wrong about gateways."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.devices.errors import DeviceNotFound
from iotistic.errors import Invalid, IotisticError

__all__ = ["CONSTRAINTS", "GatewayInvalid"]


class GatewayInvalid(Invalid):
    """A grant that makes no sense."""

    code = "gateway_invalid"


def _itself(_: psycopg.Error) -> IotisticError:
    return GatewayInvalid("A gateway sends its own telemetry as a device does, without a grant.")


def _unknown(_: psycopg.Error) -> IotisticError:
    return DeviceNotFound("There is no such device.")


CONSTRAINTS: ConstraintErrors = {
    "gateway_devices_device_uuid_check": _itself,
    "gateway_devices_device_uuid_fkey": _unknown,
    "gateway_devices_gateway_uuid_fkey": _unknown,
}
