"""Which operating-system account the server runs as: PostgreSQL refuses root."""

import os
import pwd
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from iotistic.database.server.errors import AccountUnusable, FolderUnreachable

__all__ = ["Account", "Credentials", "blocking_folder", "choose_account", "require_reachable"]

_CANDIDATES = ("iotistic", "postgres", "nobody")
_ROOT = 0


class Credentials(TypedDict, total=False):
    """The arguments of `subprocess.Popen` that drop privileges."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The account of the server's processes and files."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    """Every group it is in, `gid` among them."""

    @property
    def is_current(self) -> bool:
        """Whether this process already runs as that account, so that nothing has to be dropped or given away."""
        return self.uid == os.geteuid()

    @property
    def credentials(self) -> Credentials:
        """What to hand to `subprocess.Popen`; empty when this process is that account already."""
        if self.is_current:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": list(self.groups)}

    def adopt(self, path: Path) -> None:
        """Make a file or folder of this process the account's. A symbolic link is changed itself, never followed."""
        if not self.is_current:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def choose_account(
    configured: str | None,
    *,
    owner: int | None,
    uid: int,
    find: Callable[[str | int], Account | None] | None = None,
) -> Account:
    """The account to run as: this user, or for root the first usable of configured, the data's owner, iotistic, postgres, nobody.

    `owner` is the uid that owns the existing PGDATA, None when there is none; `uid` is this process's; `find` looks up an
    account by name or number. Raises AccountUnusable.
    """
    look_up = find or _find_account
    if uid != _ROOT:
        return _account_of_user(look_up, uid, configured=configured, owner=owner)
    if configured is not None:
        return _configured_account(look_up, configured, owner=owner)
    if owner is not None:
        return _account_of_owner(look_up, owner)
    for name in _CANDIDATES:
        account = look_up(name)
        if account is not None and account.uid != _ROOT:
            return account
    raise AccountUnusable(
        f"PostgreSQL refuses to run as root, and none of the accounts {', '.join(_CANDIDATES)} exists.",
        hint="Create one (useradd --system iotistic), name one with IOTISTIC_SERVER_ACCOUNT, or run the command as an ordinary user.",
    )


def blocking_folder(path: Path, account: Account) -> Path | None:
    """The first folder from / down to `path` that `account` may not pass, judged by the permission bits; None when all let it.

    Access lists are not looked at: they may grant what the bits deny, rarely the other way.
    """
    absolute = path.resolve()
    for folder in [*reversed(absolute.parents), absolute]:
        try:
            status = folder.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISDIR(status.st_mode):
            return None  # an obstacle of another kind, which using it will name
        if status.st_uid == account.uid:
            allowed = status.st_mode & 0o100
        elif status.st_gid in account.groups:
            allowed = status.st_mode & 0o010
        else:
            allowed = status.st_mode & 0o001
        if not allowed:
            return folder
    return None


def require_reachable(path: Path, account: Account) -> None:
    """Raises FolderUnreachable when `account` cannot get to `path`."""
    blocked = None if account.is_current else blocking_folder(path, account)
    if blocked is None:
        return
    way = f"enter {path}" if blocked == path.resolve() else f"pass through {blocked} to {path}"
    raise FolderUnreachable(
        f"The server would run as {account.name}, who may not {way}.",
        hint=(
            "Take a data folder that account can reach (--data-dir /var/lib/iotistic), run the command as an ordinary user, "
            f"or let others pass (chmod o+x {blocked})."
        ),
        folder=str(blocked),
        account=account.name,
    )


def _account_of_user(
    look_up: Callable[[str | int], Account | None], uid: int, *, configured: str | None, owner: int | None
) -> Account:
    account = look_up(uid)
    if account is None:
        raise AccountUnusable(
            f"This process runs as uid {uid}, which has no entry among the accounts; PostgreSQL's initdb refuses that.",
            hint="In a container, add a line for it to /etc/passwd, or run as a user that has one.",
            uid=uid,
        )
    if configured is not None and configured != account.name:
        raise AccountUnusable(
            f"The server is to run as {configured}, and only root may start it as another account than {account.name}.",
            hint=f"Run the command as {configured} or as root, or leave IOTISTIC_SERVER_ACCOUNT unset.",
            account=configured,
        )
    if owner is not None and owner != uid:
        other = look_up(owner)
        raise AccountUnusable(
            f"The data belongs to {other.name if other else f'uid {owner}'}, and you are {account.name}.",
            hint="Run the command as the data's owner or as root, or take a folder of your own with --data-dir.",
            owner=owner,
        )
    return account


def _configured_account(
    look_up: Callable[[str | int], Account | None], configured: str, *, owner: int | None
) -> Account:
    account = look_up(configured)
    if account is None or account.uid == _ROOT:
        fact = "does not exist" if account is None else "is root, which PostgreSQL refuses"
        raise AccountUnusable(
            f"The account {configured} meant for the server {fact}.",
            hint="Name an unprivileged account in IOTISTIC_SERVER_ACCOUNT (useradd --system iotistic makes one), or leave it unset.",
            account=configured,
        )
    if owner not in {None, account.uid}:
        raise AccountUnusable(
            f"The data belongs to uid {owner}, and the server is to run as {configured} (uid {account.uid}).",
            hint=f"Give the data away (chown -R {configured} on the postgres folder, server stopped), or leave IOTISTIC_SERVER_ACCOUNT unset.",
            account=configured,
            owner=owner,
        )
    return account


def _account_of_owner(look_up: Callable[[str | int], Account | None], owner: int) -> Account:
    if owner == _ROOT:
        raise AccountUnusable(
            "The data belongs to root, and PostgreSQL refuses to run as root.",
            hint="Give the postgres folder to the account the server is to run as (chown -R), or take another --data-dir.",
            owner=owner,
        )
    account = look_up(owner)
    if account is None:
        raise AccountUnusable(
            f"The data belongs to uid {owner}, which is no account of this system.",
            hint="Give the postgres folder to the account the server is to run as (chown -R), or take another --data-dir.",
            owner=owner,
        )
    return account


def _find_account(name: str | int) -> Account | None:
    try:
        entry = pwd.getpwnam(name) if isinstance(name, str) else pwd.getpwuid(name)
    except KeyError:
        return None
    groups = tuple(os.getgrouplist(entry.pw_name, entry.pw_gid))
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, groups=groups)
