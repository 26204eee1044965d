"""What can go wrong when people and devices want in."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Conflict, Denied, Invalid, IotisticError, NotFound, Unauthenticated, Unavailable

__all__ = [
    "CONSTRAINTS",
    "ROLE_CONSTRAINTS",
    "GrantTooWide",
    "HasherBusy",
    "KeyHistoryMissing",
    "LastOwner",
    "LoginRefused",
    "PasswordUnusable",
    "UserInvalid",
    "UserNotFound",
    "UsernameTaken",
]


class LoginRefused(Unauthenticated):
    """Unknown name, wrong password or inactive account: one answer for all three."""

    code = "login_refused"


class KeyHistoryMissing(NotFound):
    """The note of where the history of keys ends is gone."""

    code = "key_history_missing"


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


class GrantTooWide(Denied):
    """Nobody gives or takes more than they hold, on the same thing and for as long."""

    code = "grant_too_wide"


class LastOwner(Conflict):
    """Somebody is always owner."""

    code = "last_owner"


def _too_wide(error: psycopg.Error) -> IotisticError:
    return GrantTooWide(
        f"You do not hold {error.diag.message_detail} there for as long, so you can neither give nor take a role with it.",
        hint="Ask somebody who does.",
    )


def _last_owner(_: psycopg.Error) -> IotisticError:
    return LastOwner("Nobody would be owner any more.", hint="Make somebody else owner first.")


def _bad_username(_: psycopg.Error) -> IotisticError:
    return UserInvalid("A user name has 1 to 63 lower-case letters, digits, dots, dashes or underscores.")


def _bad_role(_: psycopg.Error) -> IotisticError:
    return UserInvalid("A role is owner, admin, manager, operator or viewer.")


ROLE_CONSTRAINTS: ConstraintErrors = {
    "role_bindings_ceiling": _too_wide,
    "role_bindings_last_owner": _last_owner,
}
"""What the triggers on roles refuse, however the change comes."""

CONSTRAINTS: ConstraintErrors = {
    **ROLE_CONSTRAINTS,
    "users_username_check": _bad_username,
    "role_bindings_role_fkey": _bad_role,
}
