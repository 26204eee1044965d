"""What people prove themselves with besides their password: codes of an authenticator app, and recovery codes."""

from iotistic.security.second_factor.errors import (
    CodeWrong,
    SecondFactorMissing,
    SecondFactorOn,
    TooManyCodes,
)
from iotistic.security.second_factor.model import AppEnrolment, Factor, SecondFactor
from iotistic.security.second_factor.service import SecondFactorService

__all__ = [
    "AppEnrolment",
    "CodeWrong",
    "Factor",
    "SecondFactor",
    "SecondFactorMissing",
    "SecondFactorOn",
    "SecondFactorService",
    "TooManyCodes",
]
