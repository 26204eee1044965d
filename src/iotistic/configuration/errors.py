"""What can be wrong about settings in the database."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Invalid, IotisticError, NotFound

__all__ = ["CONSTRAINTS", "SettingInvalid", "SettingNotFound"]


class SettingNotFound(NotFound):
    """There is no setting of this key."""

    code = "setting_not_found"


class SettingInvalid(Invalid):
    """A key that no setting can have, or no value."""

    code = "setting_invalid"


def _bad_key(_: psycopg.Error) -> IotisticError:
    return SettingInvalid(
        "The key of a setting is a dotted name of at most 200 letters, digits, dots, dashes, underscores."
    )


CONSTRAINTS: ConstraintErrors = {"system_config_key_check": _bad_key}
