"""The roles of a server and their rights in our databases: what is not as it should be, and making it so."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from iotistic.bootstrap.endpoints import Endpoints
from iotistic.bootstrap.provisioning import histories
from iotistic.config import Settings
from iotistic.database import roles
from iotistic.database.errors import translated
from iotistic.database.identifiers import identifier
from iotistic.database.pool import Connection, connect
from iotistic.database.roles import OWNER, ROLES, Step
from iotistic.migrations import History
from iotistic.migrations.files import look_into

__all__ = ["RolePlan", "apply_roles", "plan_roles"]

_SERVER: Final = "postgres"
_APPLICATION: Final = "iotistic-roles"


@dataclass(frozen=True, slots=True, kw_only=True)
class RolePlan:
    """Everything it takes, in order. Empty: nothing."""

    server: Sequence[Step]
    """Roles themselves."""
    databases: Sequence[tuple[str, Sequence[Step]]]
    """By database: who may enter it, and what they may do there."""
    absent: Sequence[str]
    """Databases that are not there yet; the next start of a service or `iotistic migrate` makes and fills them."""
    passwords: Sequence[str]
    """Logins that get the password that is kept in the data folder."""

    @property
    def steps(self) -> list[Step]:
        return [*self.server, *(step for _, steps in self.databases for step in steps)]

    @property
    def is_empty(self) -> bool:
        return not self.steps and not self.passwords


async def plan_roles(settings: Settings) -> RolePlan:
    """Looks, and changes nothing."""
    databases: list[tuple[str, Sequence[Step]]] = []
    absent: list[str] = []
    async with _administrator(settings, _SERVER) as connection:
        server = await roles.inspect_roles(connection)
        passwords = await _passwords(settings, connection)
        catalog = roles.RoleCatalog(connection)
        for name, _ in histories(settings.names):
            if await catalog.database_owner(name) is None:
                absent.append(name)
                continue
            async with _administrator(settings, name) as inside:
                databases.append((name, await _inside(inside, name)))
    return RolePlan(server=server, databases=databases, absent=absent, passwords=passwords)


async def apply_roles(settings: Settings, plan: RolePlan) -> None:
    """Carries a plan out: the roles in one transaction, each database in one. Safe to repeat after any interruption."""
    folder = Endpoints(settings).folder
    async with _administrator(settings, _SERVER) as connection:
        await roles.carry_out(connection, plan.server)
        for login in plan.passwords:
            await roles.set_password(connection, login, folder.secret(login))
    planned = dict(plan.databases)
    for name, history in histories(settings.names):
        if planned.get(name):
            async with _administrator(settings, name) as connection, connection.transaction():
                takes_over = bool(await roles.inspect_ownership(connection))
                await roles.carry_out(connection, planned[name])
                if takes_over:
                    await _repeat_grants(connection, history)


async def _inside(connection: Connection, name: str) -> list[Step]:
    return [
        *await roles.inspect_admission(connection, name),
        *await roles.inspect_rights(connection),
        *await roles.inspect_ownership(connection),
    ]


async def _passwords(settings: Settings, connection: Connection) -> list[str]:
    """Logins without a password; and where each job signs in by itself, those whose password is another than the one kept."""
    endpoints = Endpoints(settings)
    catalog, found = roles.RoleCatalog(connection), list[str]()
    logins = [endpoints.login(role) for role in ROLES]
    if not await _is_superuser(connection):
        present = await catalog.accounts(logins)
        return [login for login in logins if login not in present]
    for login in logins:
        stored, kept = await catalog.verifier(login), endpoints.folder.find_secret(login)
        differs = kept is None or not roles.verifier_matches(stored, kept)
        if stored is None or (differs and endpoints.has_own_logins):
            found.append(login)
    return found


async def _is_superuser(connection: Connection) -> bool:
    return connection.info.parameter_status("is_superuser") == "on"


async def _repeat_grants(connection: Connection, history: History) -> None:
    """The repeatable migrations as the owner: rights that were given on all tables are taken back on a few."""
    cursor = await connection.execute("SELECT to_regclass('public.schema_migrations') IS NOT NULL")
    if await cursor.fetchone() != (True,):
        return
    await connection.execute(sql.SQL("SET LOCAL ROLE {}").format(identifier(OWNER.name)))
    for file in look_into(history.folder, service=history.service).files():
        if file.repeatable:
            await connection.execute(file.content)


@asynccontextmanager
async def _administrator(settings: Settings, database: str) -> AsyncGenerator[Connection]:
    connection = await connect(
        Endpoints(settings).superuser(), database, application_name=_APPLICATION, autocommit=True
    )
    try:
        with translated():
            yield connection
    finally:
        await connection.close()
