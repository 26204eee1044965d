"""What a database role is to be."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import LiteralString

__all__ = ["Account", "Role"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One role of the server, as CREATE ROLE makes it."""

    name: str
    can_login: bool
    comment: str
    settings: dict[str, str]
    """Session settings it starts with."""
    member_of: tuple[str, ...]
    """Roles it has the rights of."""
    connection_limit: int
    """The most sessions at once; -1 is no limit."""
    is_spare: bool = False
    """Made only when passwords are rotated for the first time."""


@dataclass(frozen=True, kw_only=True)
class Role:
    """One job in the databases: whose rights, and who may sign in with them."""

    name: str
    """Its name in PostgreSQL: what grants name."""
    purpose: str
    """The short name commands take (`--role readonly`)."""
    comment: str
    """What it is for, as stored in the server."""
    connection_limit: int
    """The most sessions of one login, so that one job gone wild leaves room for the others."""
    login: str | None = None
    """Who signs in to work as it, where it does so itself not; None: it does."""
    member_of: tuple[str, ...] = ()
    """Roles it has the rights of."""
    member_of_before_17: tuple[str, ...] | None = None
    """The same on PostgreSQL 15 and 16, where those do not exist yet; None: no difference."""
    settings: dict[str, str] = field(default_factory=dict[str, str])
    """Session settings it starts with."""
    database_rights: LiteralString = "CONNECT"
    """What it may do with a database as a whole."""
    table_rights: LiteralString | None = None
    """What it may do with every table the owner makes; None: only what a migration grants by name."""

    @cached_property
    def logins(self) -> tuple[str, str]:
        """The two names that sign in in turn, so that a password is changed while the other one works."""
        first = self.login or self.name
        return first, f"{first}_b"

    def accounts(self, server_version: int) -> tuple[Account, ...]:
        """The roles it takes on a server of this version (180006), in the order to make them."""
        groups = self.member_of
        if self.member_of_before_17 is not None and server_version < _MAINTAIN:
            groups = self.member_of_before_17
        first, spare = self.logins
        itself = self._account(self.name, groups, can_login=self.login is None)
        others = [self._account(spare, (self.name,), can_login=True, is_spare=True)]
        if self.login is not None:
            others.insert(0, self._account(first, (self.name,), can_login=True))
        return itself, *others

    def _account(
        self, name: str, member_of: tuple[str, ...], *, can_login: bool, is_spare: bool = False
    ) -> Account:
        stands_in = name != self.name
        return Account(
            name=name,
            can_login=can_login,
            comment=f"Signs in as {self.name}" if stands_in else self.comment,
            # Settings and limits are not inherited; and what a session makes shall belong to the role, not to who signed in.
            settings={**self.settings, "role": self.name} if stands_in else self.settings,
            member_of=member_of,
            connection_limit=self.connection_limit,
            is_spare=is_spare,
        )


_MAINTAIN = 170000
"""From here on pg_maintain exists."""
