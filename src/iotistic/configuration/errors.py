"""What can be wrong about settings in the database."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Conflict, Invalid, IotisticError, NotFound

__all__ = ["CONSTRAINTS", "SettingInUse", "SettingInvalid", "SettingNotFound", "SettingUnknown"]


class SettingNotFound(NotFound):
    """There is no setting of this key."""

    code = "setting_not_found"


class SettingUnknown(Invalid):
    """No setting is called so, and the key does not lie under `custom.`."""

    code = "setting_unknown"


class SettingInvalid(Invalid):
    """A value that the key cannot have."""

    code = "setting_invalid"


class SettingInUse(Conflict):
    """Another setting names this one, or names one that is not there."""

    code = "setting_in_use"


def _bad_key(_: psycopg.Error) -> IotisticError:
    return SettingInvalid(
        "The key of a setting is a dotted name of at most 200 letters, digits, dots, dashes, underscores."
    )


def _bad_value(_: psycopg.Error) -> IotisticError:
    return SettingInvalid(
        "A setting is neither null nor a private key.", hint="Write file:/path where the key lies."
    )


def _half_tls(error: psycopg.Error) -> IotisticError:
    """The trigger says which rule: a text of our own (refuse_half_tls)."""
    return SettingInvalid(f"{error.diag.message_primary}.")


CONSTRAINTS: ConstraintErrors = {
    "system_config_key_check": _bad_key,
    "system_config_value_check": _bad_value,
    "system_config_mqtt_tls_check": _half_tls,
}
