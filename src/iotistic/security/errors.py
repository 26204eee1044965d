"""What can go wrong when people and devices want in."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Conflict, Invalid, IotisticError, NotFound, Unauthenticated, Unavailable

__all__ = [
    "CONSTRAINTS",
    "HasherBusy",
    "LoginRefused",
    "PasswordUnusable",
    "UserInvalid",
    "UserNotFound",
    "UsernameTaken",
]


class LoginRefused(Unauthenticated):
    """Unknown name, wrong password or inactive account: one answer for all three."""

    code = "login_refused"


class UserNotFound(NotFound):
    """There is no account of this name."""

    code = "user_not_found"


class UsernameTaken(Conflict):
    """Another account has this name."""

    code = "username_taken"


class UserInvalid(Invalid):
    """A name or role that no account can have."""

    code = "user_invalid"


class PasswordUnusable(Invalid):
    """Too short, or longer than bcrypt reads."""

    code = "password_unusable"


class HasherBusy(Unavailable):
    """More passwords wait to be checked than can be checked in reasonable time."""

    code = "login_busy"


def _username_taken(_: psycopg.Error) -> IotisticError:
    return UsernameTaken("Another account has this name.", hint="Choose another name.")


def _bad_username(_: psycopg.Error) -> IotisticError:
    return UserInvalid("A user name has 1 to 63 lower-case letters, digits, dots, dashes or underscores.")


def _bad_role(_: psycopg.Error) -> IotisticError:
    return UserInvalid("A role is owner, admin, manager, operator or viewer.")


CONSTRAINTS: ConstraintErrors = {
    "users_username_key": _username_taken,
    "users_username_check": _bad_username,
    "users_role_check": _bad_role,
}
