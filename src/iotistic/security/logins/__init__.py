"""How people prove who they are: a password, and a code where they have a second factor."""

from iotistic.security.logins.errors import LoginPaused, SecondFactorNeeded, SecondFactorRefused
from iotistic.security.logins.model import Credentials, LoggedIn
from iotistic.security.logins.service import LoginService

__all__ = [
    "Credentials",
    "LoggedIn",
    "LoginPaused",
    "LoginService",
    "SecondFactorNeeded",
    "SecondFactorRefused",
]
