"""The same refusal seen from inside, by an administrator who still gets in: which of its causes it is."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import final

from iotistic.database.errors import translated
from iotistic.database.locks import Holder, LockKey, list_holders
from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.operations.reach.model import Problem

__all__ = ["InsideView"]

QUERIES = Queries("iotistic.operations.reach")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleFacts:
    """What decides whether a role gets in."""

    can_login: bool
    has_password: bool
    has_ended: bool
    """Whether its VALID UNTIL has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of connections, -1 where there is none, and how many are taken."""

    role_limit: int
    database_limit: int
    server_limit: int
    of_role: int
    of_database: int
    of_server: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Takers:
    """Sessions of one role that call themselves the same."""

    role: str
    application: str
    sessions: int


@final
class InsideView:
    """Asks on a connection of an administrator, to any database of the server. Changes nothing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sql = Statements(connection, QUERIES)

    async def narrow(self, problem: Problem, *, user: str, database: str) -> Problem:
        """The problem with the one cause it has, where that can be seen. Raises DatabaseDenied to who may not look."""
        look = self._looks().get(problem.code)
        if look is None:
            return problem
        with translated():
            return await look(problem, user, database)

    def _looks(self) -> dict[str, Callable[[Problem, str, str], Awaitable[Problem]]]:
        return {"28P01": self._password, "53300": self._limit, "55000": self._closed}

    async def _password(self, problem: Problem, user: str, _: str) -> Problem:
        return explain_password(problem, user, await self._sql.one("role_facts", RoleFacts, role=user))

    async def _limit(self, problem: Problem, user: str, database: str) -> Problem:
        limits = await self._sql.one("limits", Limits, role=user, database=database)
        if limits is None:
            return problem
        return explain_limit(problem, user, database, limits, await self._sql.many("largest_holders", Takers))

    async def _closed(self, problem: Problem, _: str, database: str) -> Problem:
        holders = await list_holders(self._connection, LockKey.OPERATIONS)
        return explain_closed(problem, database, holders.get(database))


def explain_password(problem: Problem, user: str, role: RoleFacts | None) -> Problem:
    """Which of the four it is: no role, no password, past its end, or simply another password."""
    if role is None:
        return replace(
            problem,
            cause=f"There is no role {user} on this server.",
            fix="Correct DB_USER; `iotistic db roles apply` makes the roles of the platform.",
        )
    if not role.has_password:
        return replace(
            problem,
            cause=f"The role {user} has no password, so none can be right.",
            fix=f"Give it one with psql's \\password {user}, which sends a verifier and not the password.",
        )
    if role.has_ended:
        return replace(
            problem,
            cause=f"The password of {user} has ended (VALID UNTIL).",
            fix=f"Give it a new one, and ALTER ROLE {user} VALID UNTIL 'infinity'; of a platform role: `iotistic db rotate-password`.",
        )
    return replace(
        problem,
        cause=f"The role {user} is there and its password is valid: another one was sent.",
        fix="Correct DB_PASSWORD. POSTGRES_PASSWORD counts at a volume's first start only; after that `.env` changes what clients "
        "send, not what the server knows.",
    )


def explain_limit(
    problem: Problem, user: str, database: str, limits: Limits, takers: Sequence[Takers]
) -> Problem:
    """Which limit was reached, and who has most."""
    most = ", ".join(f"{taker.role} ({taker.application}) {taker.sessions}" for taker in takers)
    who = f" Most have: {most}." if most else ""
    if 0 <= limits.role_limit <= limits.of_role:
        return replace(
            problem,
            cause=f"The role {user} may have {limits.role_limit} connections and has {limits.of_role}.{who}",
            fix=f"End what is idle (`iotistic db activity`), or ALTER ROLE {user} CONNECTION LIMIT {_more(limits.role_limit)};",
        )
    if 0 <= limits.database_limit <= limits.of_database:
        return replace(
            problem,
            cause=f"The database {database} may have {limits.database_limit} connections and has {limits.of_database}.{who}",
            fix=f"End what is idle (`iotistic db activity`), or ALTER DATABASE {database} CONNECTION LIMIT {_more(limits.database_limit)};",
        )
    return replace(
        problem,
        cause=f"{limits.of_server} of the server's {limits.server_limit} connections are taken; the last ones are kept for "
        f"administrators.{who}",
    )


def explain_closed(problem: Problem, database: str, holder: Holder | None) -> Problem:
    """Whether a restore is at it."""
    if holder is None:
        return replace(
            problem,
            cause=f"The database {database} takes no connections, and no work of ours is at it: somebody closed it.",
            fix=f"As its owner: ALTER DATABASE {database} ALLOW_CONNECTIONS true;",
        )
    return replace(
        problem,
        cause=f"The database {database} takes no connections while {holder} works on it.",
        fix="Wait until it is done (`iotistic status` shows it).",
    )


def _more(limit: int) -> int:
    return max(10, 2 * limit)
