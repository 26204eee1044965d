"""New passwords for database roles, without one failed connection.

Each role has two logins. The idle one gets a new password and is tried; then the word in the data folder that says which one is in use is
replaced, and whoever connects from then on uses it. When nobody works as the old one any more, it loses its password.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from iotistic.bootstrap.endpoints import Endpoints
from iotistic.bootstrap.logins import use_login
from iotistic.config import Settings
from iotistic.database import locks
from iotistic.database.pool import Connection, connect
from iotistic.database.roles import LoginSession, Role, RoleCatalog, Sessions, prepare_login, take_password
from iotistic.errors import Conflict, Invalid
from iotistic.secret import Secret

__all__ = ["GRACE", "Rotation", "RotationUnfinished", "finish_rotation", "rotate_password"]

GRACE = timedelta(seconds=15)
"""How long the old password works at least: a connection that began with it may take `connect_timeout`, 10 s."""
_APPLICATION = "iotistic-rotation"
_LOCK_WAIT = timedelta(minutes=1)


class RotationUnfinished(Conflict):
    """The login that is to take over still has a password, or sessions, from the time before."""

    code = "rotation_unfinished"


class LoginsShared(Invalid):
    """Everything signs in as one configured role: its password is its administrator's."""

    code = "logins_shared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What was done."""

    role: Role
    new: str
    """The login in use now."""
    old: str
    """The one before."""
    left: Sequence[LoginSession]
    """Who still works as the old one, which keeps its password until they have gone."""


async def rotate_password(
    settings: Settings,
    role: Role,
    *,
    wait: timedelta,
    grace: timedelta = GRACE,
    narrate: Callable[[str], None] = lambda _: None,
) -> Rotation:
    """The other login takes over with a new password. Raises RotationUnfinished, or LoginsShared."""
    endpoints = _own_logins(settings)
    async with _administrator(endpoints) as connection:
        old = endpoints.login(role)
        new = _other(role, old)
        await _refuse_unfinished(connection, role, new)
        password = Secret.random()
        await prepare_login(connection, role, new, password)
        await _try(endpoints, new, password)
        endpoints.folder.replace_secret(new, password)
        use_login(endpoints.folder, role, new)
        narrate(
            f"{role.name} signs in as {new} from now on; {old} works for another {grace.total_seconds():g} s."
        )
        await asyncio.sleep(grace.total_seconds())
        left = await _retire(connection, old, wait)
    return Rotation(role=role, new=new, old=old, left=left)


async def finish_rotation(settings: Settings, role: Role, *, wait: timedelta) -> Rotation:
    """Takes the password of the login that is not in use, once nobody works as it: after a rotation that could not, or was cut off."""
    endpoints = _own_logins(settings)
    async with _administrator(endpoints) as connection:
        new = endpoints.login(role)
        old = _other(role, new)
        left = await _retire(connection, old, wait)
    return Rotation(role=role, new=new, old=old, left=left)


def _own_logins(settings: Settings) -> Endpoints:
    endpoints = Endpoints(settings)
    if not endpoints.has_own_logins:
        raise LoginsShared(
            "Everything signs in as the one role that is configured; its password is not kept here.",
            hint="`iotistic db roles apply` and IOTISTIC_DB_ROLES=each give each job logins of its own.",
        )
    return endpoints


def _other(role: Role, login: str) -> str:
    first, second = role.logins
    return second if login == first else first


async def _refuse_unfinished(connection: Connection, role: Role, new: str) -> None:
    sessions = await Sessions(connection, new).list()
    if sessions or await RoleCatalog(connection).verifier(new) is not None:
        raise RotationUnfinished(
            f"{new} still has the password of the last rotation, and {len(sessions)} sessions.",
            hint=f"`iotistic db rotate-password {role.purpose} --finish` takes it once they have gone.",
            login=new,
        )


async def _try(endpoints: Endpoints, login: str, password: Secret) -> None:
    """Signs in once with what everybody is about to use."""
    trial = replace(endpoints.superuser(), user=login, password=password)
    connection = await connect(trial, endpoints.platform_database, application_name=_APPLICATION)
    await connection.close()


async def _retire(connection: Connection, old: str, wait: timedelta) -> Sequence[LoginSession]:
    left = await Sessions(connection, old).wait_for_end(wait)
    if not left and await RoleCatalog(connection).accounts([old]):
        await take_password(connection, old)
    return left


@asynccontextmanager
async def _administrator(endpoints: Endpoints) -> AsyncGenerator[Connection]:
    connection = await connect(
        endpoints.superuser(), "postgres", application_name=_APPLICATION, autocommit=True
    )
    try:
        async with locks.hold(connection, locks.LockKey.PROVISIONING, wait=_LOCK_WAIT):
            yield connection
    finally:
        await connection.close()
