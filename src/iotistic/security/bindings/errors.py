"""What can go wrong when roles are given and taken."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Invalid, IotisticError, NotFound
from iotistic.security.errors import ROLE_CONSTRAINTS

__all__ = ["CONSTRAINTS", "BindingInvalid", "BindingNotFound"]


class BindingNotFound(NotFound):
    """Nobody has this role on this."""

    code = "role_binding_not_found"


class BindingInvalid(Invalid):
    """A role that there is not, or one that cannot be given so."""

    code = "role_binding_invalid"


def _no_role(_: psycopg.Error) -> IotisticError:
    return BindingInvalid("A role is owner, admin, manager, operator or viewer.")


def _partial_owner(_: psycopg.Error) -> IotisticError:
    return BindingInvalid(
        "An owner is owner of everything and until it is taken back.",
        hint="Give the role admin or manager on a fleet or device.",
    )


def _no_device(_: psycopg.Error) -> IotisticError:
    return BindingNotFound("There is no such device.")


CONSTRAINTS: ConstraintErrors = {
    **ROLE_CONSTRAINTS,
    "role_bindings_role_fkey": _no_role,
    "role_bindings_role_check": _partial_owner,
    "role_bindings_device_uuid_fkey": _no_device,
}
