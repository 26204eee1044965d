"""How roles and their rights are on a server now. Changes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements

__all__ = ["AccountFacts", "DatabaseFacts", "RoleCatalog"]

_QUERIES = Queries("iotistic.database.roles")

Rights = Mapping[str, frozenset[str]]
"""What each grantee may; PUBLIC is the empty name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """One role of the server."""

    name: str
    can_login: bool
    connection_limit: int
    comment: str
    settings: list[str]
    """name=value of what it starts with in every database."""
    powers: list[str]
    """SUPERUSER and the like: none of ours needs any."""
    member_of: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """Things in the schema public that belong to somebody else than the owner."""

    owner: str
    objects: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    """One database."""

    name: str
    owner: str
    rights: Rights
    """On the database as a whole."""
    schema_rights: Rights
    """On the schema public."""
    default_rights: Rights
    """On what the owner makes: rSELECT is reading a table, `fEXECUTE anywhere` a function of any schema."""
    has_statistics: bool
    """Whether pg_stat_statements is installed."""
    strays: tuple[Stray, ...]


@final
class RoleCatalog:
    """Asks on one connection; for rights in a database one to that database."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def accounts(self, names: Iterable[str]) -> dict[str, AccountFacts]:
        """Those of these roles that exist, by name."""
        found = await self._sql.many("list_accounts", AccountFacts, names=list(names))
        return {account.name: account for account in found}

    async def verifier(self, name: str) -> str | None:
        """A role's password as stored; None for no role or no password. Needs a superuser."""
        verifier: str | None = await self._sql.value("find_verifier", name=name)
        return verifier

    async def database(self, name: str, owner: str) -> DatabaseFacts:
        """The connected database, whose name this is, and what belongs to whom in it."""
        return DatabaseFacts(
            name=name,
            owner=await self.database_owner(name) or "",
            rights=await self.database_rights(name),
            schema_rights=_by_grantee(await self._sql.rows("list_schema_rights")),
            default_rights=_by_grantee(await self._sql.rows("list_default_rights", owner=owner)),
            has_statistics=await self._sql.value("has_extension", name="pg_stat_statements"),
            strays=tuple(await self._sql.many("list_strays", Stray, owner=owner)),
        )

    async def database_owner(self, name: str) -> str | None:
        owner: str | None = await self._sql.value("find_owner_of_database", name=name)
        return owner

    async def database_rights(self, name: str) -> Rights:
        """On a database as a whole, whichever is connected."""
        return _by_grantee(await self._sql.rows("list_database_rights", name=name))


def _by_grantee(rows: Iterable[tuple[str, str]]) -> Rights:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for grantee, privilege in rows:
        found[grantee].add(privilege)
    return {grantee: frozenset(privileges) for grantee, privileges in found.items()}
