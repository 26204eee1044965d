"""Which keys there are: making, replacing, revoking and listing them."""

from iotistic.security.keyring.errors import KeyNotFound, SuccessorRefused
from iotistic.security.keyring.model import Key, KeyDraft, KeyReport, KeyRotation, KeyState
from iotistic.security.keyring.rotations import RotationService
from iotistic.security.keyring.service import GRACE, SLEEP, KeyringService
from iotistic.security.keyring.uses import KeyUses

__all__ = [
    "GRACE",
    "SLEEP",
    "Key",
    "KeyDraft",
    "KeyNotFound",
    "KeyReport",
    "KeyRotation",
    "KeyState",
    "KeyUses",
    "KeyringService",
    "RotationService",
    "SuccessorRefused",
]
