"""What can be wrong about MQTT accounts and rules."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Conflict, Invalid, IotisticError, NotFound

__all__ = [
    "CONSTRAINTS",
    "MqttAclNotFound",
    "MqttInvalid",
    "MqttUserExists",
    "MqttUserNotFound",
    "username_taken",
]


class MqttUserNotFound(NotFound):
    """There is no account of this name."""

    code = "mqtt_user_not_found"


class MqttAclNotFound(NotFound):
    """There is no rule of this number."""

    code = "mqtt_acl_not_found"


class MqttUserExists(Conflict):
    """There is an account of this name, or of this device."""

    code = "mqtt_user_exists"


class MqttInvalid(Invalid):
    """A name, filter or access that no account or rule can have."""

    code = "mqtt_invalid"


def username_taken() -> MqttUserExists:
    """The refusal of a second account of a name."""
    return MqttUserExists(
        "There is an MQTT account of this name or device.", hint="Give it a new secret instead."
    )


def _exists(_: psycopg.Error) -> IotisticError:
    return username_taken()


def _no_device(_: psycopg.Error) -> IotisticError:
    return MqttInvalid("There is no such device.")


def _no_user(_: psycopg.Error) -> IotisticError:
    return MqttUserNotFound("There is no MQTT account of this name.")


def _bad_name(_: psycopg.Error) -> IotisticError:
    return MqttInvalid(
        "A username has 1 to 128 letters, digits or _.:@-, and begins with a letter or digit:"
        " + # / and % would widen a rule that it is put into."
    )


def _bad_client(_: psycopg.Error) -> IotisticError:
    return MqttInvalid("A client id has 1 to 128 letters, digits or _.:@-.")


def _bad_kind(_: psycopg.Error) -> IotisticError:
    return MqttInvalid("An account of the kind device has a device, and no other has one.")


def _no_super(_: psycopg.Error) -> IotisticError:
    return MqttInvalid("Only a service may be a superuser.")


def _bad_topic(_: psycopg.Error) -> IotisticError:
    return MqttInvalid(
        "That is no topic filter of 1 to 500 characters.", hint="+ is a whole level, # the last one: a/+/c/#."
    )


def _bad_access(_: psycopg.Error) -> IotisticError:
    return MqttInvalid("Access is a sum of 1 (receive), 2 (publish) and 4 (subscribe).")


CONSTRAINTS: ConstraintErrors = {
    "mqtt_users_pkey": _exists,
    "mqtt_users_device_uuid_key": _exists,
    "mqtt_users_device_uuid_fkey": _no_device,
    "mqtt_users_username_check": _bad_name,
    "mqtt_users_client_id_check": _bad_client,
    "mqtt_users_kind_check": _bad_kind,
    "mqtt_users_is_superuser_check": _no_super,
    "mqtt_acls_username_fkey": _no_user,
    "mqtt_acls_client_id_check": _bad_client,
    "mqtt_acls_topic_check": _bad_topic,
    "mqtt_acls_access_check": _bad_access,
}
