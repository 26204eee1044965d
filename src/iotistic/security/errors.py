"""What can go wrong when people and devices want in."""

import psycopg

from iotistic.database.errors import ConstraintErrors
from iotistic.errors import Conflict, Denied, Invalid, IotisticError, NotFound, Unauthenticated, Unavailable

__all__ = [
    "CONSTRAINTS",
    "KEY_CONSTRAINTS",
    "ROLE_CONSTRAINTS",
    "GrantTooWide",
    "HasherBusy",
    "KeyCeiling",
    "KeyHistoryMissing",
    "KeyInvalid",
    "KeyKept",
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


class KeyCeiling(Denied):
    """Nobody makes a key that may more than they."""

    code = "key_ceiling"


class KeyKept(Conflict):
    """A device has one key, and a second only while the first is being replaced."""

    code = "key_kept"


class KeyInvalid(Invalid):
    """A key that there cannot be."""

    code = "key_invalid"


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


def _key_ceiling(error: psycopg.Error) -> IotisticError:
    return KeyCeiling(
        f"This key may more than you: it needs {error.diag.message_detail}.",
        hint="Name fewer scopes, or ask somebody who holds them.",
    )


def _no_scope(error: psycopg.Error) -> IotisticError:
    return KeyInvalid(
        f"There is no permission {error.diag.message_detail!r} to be a scope.",
        hint="A scope is a resource and an action, as in devices:read; each operation in /docs names the one it needs.",
    )


def _bad_scopes(_: psycopg.Error) -> IotisticError:
    return KeyInvalid("Scopes are 1 to 100 permissions, of a person's or a service's key.")


def _bad_end(_: psycopg.Error) -> IotisticError:
    return KeyInvalid("A key ends after it begins.")


def _bad_networks(_: psycopg.Error) -> IotisticError:
    return KeyInvalid("A key is for 1 to 100 networks, or for any.")


def _key_kept(_: psycopg.Error) -> IotisticError:
    return KeyKept(
        "The device has a key already.",
        hint="Have it replaced: iotistic keys rotate --device DEVICE.",
    )


def _being_replaced(_: psycopg.Error) -> IotisticError:
    return KeyKept("A key is being replaced already.", hint="Wait for its end, or revoke it.")


def _as_issued(_: psycopg.Error) -> IotisticError:
    return KeyKept(
        "A key stays as it was issued, and only ever ends earlier; one that is revoked stays revoked."
    )


KEY_CONSTRAINTS: ConstraintErrors = {
    "api_keys_allowed_networks_check": _bad_networks,
    "api_keys_as_issued": _as_issued,
    "api_keys_ceiling": _key_ceiling,
    "api_keys_device_uuid_retiring_key": _being_replaced,
    "api_keys_device_uuid_staying_key": _key_kept,
    "api_keys_expires_at_check": _bad_end,
    "api_keys_replaces_key": _being_replaced,
    "api_keys_scopes_check": _bad_scopes,
    "api_keys_scopes_known": _no_scope,
}
"""What the table of keys and its trigger refuse."""

ROLE_CONSTRAINTS: ConstraintErrors = {
    "role_bindings_ceiling": _too_wide,
    "role_bindings_last_owner": _last_owner,
}
"""What the triggers on roles refuse, however the change comes."""

CONSTRAINTS: ConstraintErrors = {
    **KEY_CONSTRAINTS,
    **ROLE_CONSTRAINTS,
    "users_username_check": _bad_username,
    "role_bindings_role_fkey": _bad_role,
}
