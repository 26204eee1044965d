"""Operating-system accounts as tests need them."""

import os
import pwd

from iotistic.database.server.account import Account

__all__ = ["account_named", "current_account"]


def current_account() -> Account:
    """The account that runs the tests."""
    return _account(pwd.getpwuid(os.geteuid()))


def account_named(name: str) -> Account:
    """An existing account of this system."""
    return _account(pwd.getpwnam(name))


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(
        name=entry.pw_name,
        uid=entry.pw_uid,
        gid=entry.pw_gid,
        groups=tuple(os.getgrouplist(entry.pw_name, entry.pw_gid)),
    )
