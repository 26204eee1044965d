"""Looking at a server, and carrying a plan out."""

from collections.abc import Callable, Sequence

from psycopg import sql

from iotistic.database.errors import translated
from iotistic.database.identifiers import identifier
from iotistic.database.pool import Connection
from iotistic.database.roles.account_plan import plan_accounts
from iotistic.database.roles.book import OWNER, ROLES
from iotistic.database.roles.facts import RoleCatalog
from iotistic.database.roles.model import Role
from iotistic.database.roles.ownership_plan import plan_take_over
from iotistic.database.roles.rights_plan import plan_admission, plan_rights
from iotistic.database.roles.step import Step
from iotistic.database.roles.verifier import set_password, verifier_matches
from iotistic.errors import Unavailable
from iotistic.secret import Secret

__all__ = [
    "DatabaseMissing",
    "admit_roles",
    "carry_out",
    "ensure_database",
    "ensure_own_database",
    "ensure_password",
    "ensure_roles",
    "grant_defaults",
    "inspect_admission",
    "inspect_ownership",
    "inspect_rights",
    "inspect_roles",
    "may_create_databases",
]


class DatabaseMissing(Unavailable):
    """A configured server lacks one of our databases, and we may not make it."""

    code = "database_missing"


async def inspect_roles(connection: Connection) -> list[Step]:
    """What it takes that the server has our roles as they should be. Passwords are not looked at."""
    version = connection.info.server_version
    accounts = [account for role in ROLES for account in role.accounts(version)]
    return plan_accounts(
        accounts, await RoleCatalog(connection).accounts(account.name for account in accounts)
    )


async def inspect_admission(connection: Connection, database: str) -> list[Step]:
    """What it takes that our roles, and only they, may enter a database; it need not be the connected one."""
    catalog = RoleCatalog(connection)
    owner = await catalog.database_owner(database)
    return plan_admission(database, await catalog.database_rights(database), owner or "")


async def inspect_rights(connection: Connection) -> list[Step]:
    """What it takes that the roles have their rights in the connected database."""
    name = connection.info.dbname
    return plan_rights(await RoleCatalog(connection).database(name, OWNER.name))


async def inspect_ownership(connection: Connection) -> list[Step]:
    """What it takes that the owner owns what is in the connected database; the repeatable migrations have to follow at once."""
    name = connection.info.dbname
    return plan_take_over(await RoleCatalog(connection).database(name, OWNER.name))


async def carry_out(connection: Connection, steps: Sequence[Step]) -> None:
    """All of them, or none."""
    with translated():
        async with connection.transaction():
            for step in steps:
                await connection.execute(step.statement)


def _first_login(role: Role) -> str:
    return role.logins[0]


async def ensure_roles(
    connection: Connection,
    password_of: Callable[[Role], Secret],
    *,
    login_of: Callable[[Role], str] = _first_login,
) -> list[str]:
    """Makes the roles that are missing and mends passwords and settings that differ; answers which it made.

    Needs a superuser on an autocommit connection; nothing is ever dropped. Of a role's two logins `login_of` answers the one
    in use, `password_of` what it signs in with.
    """
    steps = await inspect_roles(connection)
    await carry_out(connection, steps)
    for role in ROLES:
        await ensure_password(connection, login_of(role), password_of(role))
    made = {account.name for role in ROLES for account in role.accounts(connection.info.server_version)}
    return sorted(name for name in made if any(step.title == f"role {name} is missing" for step in steps))


async def ensure_password(connection: Connection, login: str, password: Secret) -> bool:
    """Sets the password where another is stored; answers whether it had to. Needs a superuser."""
    if verifier_matches(await RoleCatalog(connection).verifier(login), password):
        return False
    await set_password(connection, login, password)
    return True


async def ensure_database(connection: Connection, name: str, *, owner: Role | None = OWNER) -> bool:
    """Makes the database if it is missing, for the owner role or, without one, for whoever asks; answers whether it was.

    Needs an autocommit connection.
    """
    with translated():
        if await RoleCatalog(connection).database_owner(name) is not None:
            return False
        belongs = sql.SQL("OWNER {}").format(identifier(owner.name)) if owner else sql.SQL("")
        await connection.execute(
            sql.SQL("CREATE DATABASE {} {} TEMPLATE template0 ENCODING 'UTF8'").format(
                identifier(name), belongs
            )
        )
    return True


async def ensure_own_database(connection: Connection, name: str) -> bool:
    """Makes the database for whoever asks if it is missing; answers whether it was. Raises DatabaseMissing where that is not allowed."""
    if not await may_create_databases(connection, unless_present=name):
        raise DatabaseMissing(
            f"The server has no database {name}, and {connection.info.user} may not make one.",
            hint=f"As its administrator: CREATE DATABASE {name} OWNER {connection.info.user};",
            database=name,
        )
    return await ensure_database(connection, name, owner=None)


async def may_create_databases(connection: Connection, *, unless_present: str) -> bool:
    """Whether the database is there, or this session may make it."""
    with translated():
        if await RoleCatalog(connection).database_owner(unless_present) is not None:
            return True
        cursor = await connection.execute(
            "SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user"
        )
        return await cursor.fetchone() == (True,)


async def admit_roles(connection: Connection, name: str) -> None:
    """Lets our roles into a database, and nobody else who is no superuser. A clone of a template needs this anew."""
    await carry_out(connection, await inspect_admission(connection, name))


async def grant_defaults(connection: Connection) -> None:
    """Sets, in the connected database, what each role may do with tables the owner makes from now on.

    Needs a superuser; safe to repeat. Rights on single tables (credentials, the broker's views) are granted by migrations.
    """
    await carry_out(connection, await inspect_rights(connection))
