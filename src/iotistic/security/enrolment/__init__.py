"""How a device that is not known yet gets a key of its own: claim keys, challenges, and a record of who tried."""

from iotistic.security.enrolment.attempts import AttemptService
from iotistic.security.enrolment.challenge import answer_to
from iotistic.security.enrolment.errors import (
    ClaimantInvalid,
    ClaimKeyInvalid,
    ClaimKeyNotFound,
    ClaimKeyRefused,
    DeviceEnrolled,
    ProofRefused,
    TooManyAttempts,
)
from iotistic.security.enrolment.limits import AttemptLimits, counted_network
from iotistic.security.enrolment.model import (
    Attempt,
    AttemptSeen,
    Challenge,
    Claimant,
    ClaimKey,
    Outcome,
    Permit,
    StoredEnrolment,
)
from iotistic.security.enrolment.service import EnrolmentService

__all__ = [
    "Attempt",
    "AttemptLimits",
    "AttemptSeen",
    "AttemptService",
    "Challenge",
    "ClaimKey",
    "ClaimKeyInvalid",
    "ClaimKeyNotFound",
    "ClaimKeyRefused",
    "Claimant",
    "ClaimantInvalid",
    "DeviceEnrolled",
    "EnrolmentService",
    "Outcome",
    "Permit",
    "ProofRefused",
    "StoredEnrolment",
    "TooManyAttempts",
    "answer_to",
    "counted_network",
]
