"""Who may come in: people with passwords, devices and people with keys. New devices: `iotistic.security.enrolment`."""

from iotistic.security.errors import (
    LoginRefused,
    PasswordUnusable,
    UserInvalid,
    UsernameTaken,
    UserNotFound,
)
from iotistic.security.grants import Grant, bounds_of
from iotistic.security.key_cache import KeyCache
from iotistic.security.key_check import KeyCheck
from iotistic.security.key_history import KeyHistory, parse_anchor
from iotistic.security.keys import IssuedKey, KeyKind, Peppers
from iotistic.security.model import Anchor, ChainReport, Principal, Refusal, Role, User
from iotistic.security.passwords import PasswordHasher, readable_password
from iotistic.security.permissions import Permission
from iotistic.security.service import SecurityService

__all__ = [
    "Anchor",
    "ChainReport",
    "Grant",
    "IssuedKey",
    "KeyCache",
    "KeyCheck",
    "KeyHistory",
    "KeyKind",
    "LoginRefused",
    "PasswordHasher",
    "PasswordUnusable",
    "Peppers",
    "Permission",
    "Principal",
    "Refusal",
    "Role",
    "SecurityService",
    "User",
    "UserInvalid",
    "UserNotFound",
    "UsernameTaken",
    "bounds_of",
    "parse_anchor",
    "readable_password",
]
