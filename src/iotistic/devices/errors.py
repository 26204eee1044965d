"""What can be wrong about devices, in the words of the registry."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Conflict, Invalid, IotisticError, NotFound

__all__ = [
    "CONSTRAINTS",
    "DeviceInvalid",
    "DeviceNameTaken",
    "DeviceNotFound",
    "DeviceSerialTaken",
    "FilterInvalid",
    "TagInvalid",
    "TagNotFound",
    "name_taken",
    "tag_value_not_allowed",
]


class DeviceNotFound(NotFound):
    """No device in the registry has this uuid or name."""

    code = "device_not_found"


class DeviceNameTaken(Conflict):
    """Another device in service has this name."""

    code = "device_name_taken"


class DeviceSerialTaken(Conflict):
    """Another device in service has this serial."""

    code = "device_serial_taken"


class DeviceInvalid(Invalid):
    """A name, kind or serial that no device can have."""

    code = "device_invalid"


class FilterInvalid(Invalid):
    """A combination of filters that no list of devices knows."""

    code = "filter_invalid"


class TagInvalid(Invalid):
    """A key or value that no tag can have."""

    code = "tag_invalid"


class TagNotFound(NotFound):
    """The device has no tag of this key."""

    code = "tag_not_found"


def name_taken(_: psycopg.Error | None = None) -> IotisticError:
    """The name belongs to another device in service."""
    return DeviceNameTaken(
        "Another device in service has this name.", hint="Choose another, or retire the other device."
    )


def _serial_taken(_: psycopg.Error) -> IotisticError:
    return DeviceSerialTaken(
        "Another device in service has this serial.", hint="Retire the other device first."
    )


def _unknown(_: psycopg.Error) -> IotisticError:
    return DeviceNotFound("There is no such device.")


def _bad_name(_: psycopg.Error) -> IotisticError:
    return DeviceInvalid("A name has 1 to 200 characters, and no blanks around them.")


def _bad_kind(_: psycopg.Error) -> IotisticError:
    return DeviceInvalid(
        "A kind is a lower-case word such as host or gateway: letters, digits, - and _, at most 50."
    )


def _bad_serial(_: psycopg.Error) -> IotisticError:
    return DeviceInvalid("A serial has 1 to 200 characters.")


def _bad_tag_key(_: psycopg.Error) -> IotisticError:
    return TagInvalid(
        "The key of a tag has 1 to 100 lower-case letters, digits, dots, dashes or underscores, and begins and ends with "
        "a letter or digit."
    )


def _bad_tag_value(_: psycopg.Error) -> IotisticError:
    return TagInvalid("The value of a tag has 1 to 255 characters, and no blanks around them.")


def tag_value_not_allowed(error: psycopg.Error) -> IotisticError:
    """The trigger says which tag and value: a text of our own (refuse_undefined_tag_value)."""
    return TagInvalid(
        f"{error.diag.message_primary}.", hint="`iotistic tags show KEY` lists the values it may have."
    )


CONSTRAINTS: ConstraintErrors = {
    "devices_name_key": name_taken,
    "devices_serial_key": _serial_taken,
    "devices_name_check": _bad_name,
    "devices_kind_check": _bad_kind,
    "devices_serial_check": _bad_serial,
    "device_tags_key_check": _bad_tag_key,
    "device_tags_value_check": _bad_tag_value,
    "device_tags_value_allowed_check": tag_value_not_allowed,
    "device_tags_device_uuid_fkey": _unknown,
    "network_interfaces_device_uuid_fkey": _unknown,
    "device_host_facts_device_uuid_fkey": _unknown,
}
