"""What can go wrong with keys."""

from typing import Literal

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Conflict, Invalid, IotisticError, NotFound, Unauthenticated, Unavailable
from iotistic.security.errors import KEY_CONSTRAINTS

__all__ = [
    "CONSTRAINTS",
    "BearerNotFound",
    "FetchRefusal",
    "KeyNotFound",
    "KeyOver",
    "PepperMissing",
    "RotationInvalid",
    "SuccessorRefused",
]


class KeyNotFound(NotFound):
    """There is no key of this id."""

    code = "key_not_found"


class BearerNotFound(NotFound):
    """There is no account or device that the key would be for."""

    code = "bearer_not_found"


class KeyOver(Conflict):
    """A key that is revoked or expired is not replaced."""

    code = "key_over"


class RotationInvalid(Invalid):
    """A rotation that cannot be."""

    code = "rotation_invalid"


FetchRefusal = Literal[
    "malformed",
    "unknown",
    "wrong_secret",
    "wrong_network",
    "revoked",
    "retired_device",
    "not_being_replaced",
    "too_late",
    "fetched_before",
]


class SuccessorRefused(Unauthenticated):
    """With this key no next key is fetched; `why` is for our log, and told to no caller."""

    code = "successor_refused"

    def __init__(self, why: FetchRefusal) -> None:
        super().__init__(
            "With this key no next one is fetched.",
            hint="A device whose key is not being replaced goes on with it; any other enrols again, once an operator permits it.",
            presented=True,
        )
        self.why = why


class PepperMissing(Unavailable):
    """The key may be good: the pepper it was hashed under is not configured here."""

    code = "key_unverifiable"


def _no_bearer(_: psycopg.Error) -> IotisticError:
    return BearerNotFound("There is no such device.")


def _bad_grace(_: psycopg.Error) -> IotisticError:
    return RotationInvalid("A grace is at most 366 days.")


CONSTRAINTS: ConstraintErrors = {
    **KEY_CONSTRAINTS,
    "api_keys_device_uuid_fkey": _no_bearer,
    "key_rotations_grace_check": _bad_grace,
}
