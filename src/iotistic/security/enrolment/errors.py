"""What can go wrong when a device wants in. `outcome` among the facts is what the record of attempts says; a caller never sees it."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Conflict, Exhausted, Invalid, IotisticError, NotFound, Unauthenticated

__all__ = [
    "CONSTRAINTS",
    "ClaimKeyInvalid",
    "ClaimKeyNotFound",
    "ClaimKeyRefused",
    "ClaimantInvalid",
    "DeviceEnrolled",
    "ProofRefused",
    "TooManyAttempts",
    "claim_refused",
    "proof_refused",
]


class ClaimKeyRefused(Unauthenticated):
    """The claim key is unknown, expired, used up, taken back, or not for this serial."""

    code = "claim_key_refused"


class ProofRefused(Unauthenticated):
    """The answer is not the one asked for, or comes too late."""

    code = "proof_refused"


class DeviceEnrolled(Conflict):
    """The serial belongs to a device that has a key: a claim key alone does not replace it."""

    code = "device_enrolled"


class TooManyAttempts(Exhausted):
    """One network, or one claim key, was refused too often in a short time."""

    code = "too_many_attempts"


class ClaimantInvalid(Invalid):
    """A serial or name that no device can have."""

    code = "claimant_invalid"


class ClaimKeyInvalid(Invalid):
    """A label, a number of uses or serials that no claim key can have."""

    code = "claim_key_invalid"


class ClaimKeyNotFound(NotFound):
    """There is no claim key of this id."""

    code = "claim_key_not_found"


def claim_refused(outcome: str) -> ClaimKeyRefused:
    """One answer whatever is wrong: strangers ask."""
    return ClaimKeyRefused(
        "The claim key is unknown, expired, used up or not for this device.",
        hint="Ask the platform's operator for a new one.",
        outcome=outcome,
    )


def proof_refused(outcome: str) -> ProofRefused:
    """One answer whatever is wrong."""
    return ProofRefused(
        "The answer is not the one asked for, or comes too late.",
        hint="Claim again, and answer with the HMAC-SHA-256 of the challenge under the new key.",
        outcome=outcome,
    )


def _bad_serial(_: psycopg.Error) -> IotisticError:
    return ClaimantInvalid("A serial has 1 to 200 characters.", outcome="claim_invalid")


def _bad_name(_: psycopg.Error) -> IotisticError:
    return ClaimantInvalid("A name has 1 to 200 characters.", outcome="claim_invalid")


def _bad_kind(_: psycopg.Error) -> IotisticError:
    return ClaimantInvalid(
        "A kind is a lower-case word such as host or gateway: letters, digits, - and _, at most 50.",
        outcome="claim_invalid",
    )


def _bad_label(_: psycopg.Error) -> IotisticError:
    return ClaimKeyInvalid("A label has 1 to 200 characters.")


def _bad_uses(_: psycopg.Error) -> IotisticError:
    return ClaimKeyInvalid("A claim key lets at least one device in.")


def _bad_serials(_: psycopg.Error) -> IotisticError:
    return ClaimKeyInvalid("A claim key is for 1 to 10,000 serials, or for any.")


CONSTRAINTS: ConstraintErrors = {
    "enrolments_serial_check": _bad_serial,
    "enrolments_name_check": _bad_name,
    "enrolments_kind_check": _bad_kind,
    "provisioning_keys_label_check": _bad_label,
    "provisioning_keys_max_uses_check": _bad_uses,
    "provisioning_keys_allowed_serials_check": _bad_serials,
}
