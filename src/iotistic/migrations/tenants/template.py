"""A new tenant's database as a copy of one that is at the newest schema already: 0.1 s, however long the history is.

The template is made once for each state of the files, under a name that tells which; nobody can connect to it, so that nothing
ever keeps it from being copied. The one made before it is kept: while a release goes out, two of them are served side by side.
"""

import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, LiteralString

from psycopg import errors as driver
from psycopg import sql

from iotistic.config import Endpoint
from iotistic.database.errors import translated
from iotistic.database.locks import LockKey, hold
from iotistic.database.pool import Connection, connect
from iotistic.database.roles import works_as
from iotistic.errors import Conflict, Denied
from iotistic.migrations.files import look_into
from iotistic.migrations.history import History
from iotistic.migrations.runner import apply
from iotistic.migrations.scratch import Prepare

__all__ = ["Admit", "CreatedTenant", "TenantExists", "create_tenant", "template_name"]

Admit = Callable[[Connection, str], Awaitable[None]]
"""What is done for a new database from outside: the rights to connect, which no template hands on."""

_PREFIX: Final = "iotistic_template_"
_UNFINISHED: Final = "_unfinished"
_LONGEST: Final = 63 - len(_PREFIX) - len(_UNFINISHED) - 13
_KEPT: Final = 1
_WAIT: Final = timedelta(minutes=5)


class TenantExists(Conflict):
    """A database of that name is there already."""

    code = "migration_tenant_exists"


class CreationDenied(Denied):
    """The role may not make databases."""

    code = "migration_tenant_creation_denied"


@dataclass(frozen=True, kw_only=True, slots=True)
class CreatedTenant:
    """A new database at the newest schema."""

    database: str
    template: str
    """What it was copied from."""
    template_made: bool
    """Whether that had to be made first: the files are new to this server."""
    head: int | None
    """The number of the newest file in it."""
    took: timedelta


async def create_tenant(
    endpoint: Endpoint,
    database: str,
    history: History,
    *,
    beside: str = "postgres",
    maintenance: Endpoint | None = None,
    prepare: Prepare | None = None,
    admit: Admit | None = None,
) -> CreatedTenant:
    """Makes `database`, owned by `endpoint`'s role, from a template of `history`; then runs the history, which finds nothing to do.

    `beside` is a database to connect to meanwhile; `maintenance` makes databases where `endpoint`'s role may not, `prepare` runs
    in a new template before the first file. A killed attempt leaves at most an unfinished template, which the next one drops.
    Raises TenantExists, CreationDenied, and what `apply` raises.
    """
    began = time.monotonic()
    folder = look_into(history.folder, service=history.service)
    folder.files()
    template = template_name(history.service, folder.fingerprint)
    administrator = maintenance or endpoint
    connection = await connect(administrator, beside, application_name="migrate:template", autocommit=True)
    try:
        with translated():
            if await _exists(connection, database):
                raise TenantExists(
                    f"There is a database {database} already.", hint="Give the new tenant another name."
                )
            async with hold(connection, LockKey.PROVISIONING, wait=_WAIT):
                made = not await _exists(connection, template)
                if made:
                    await _make_template(
                        connection, endpoint, history, template, administrator=administrator, prepare=prepare
                    )
                await _copy(connection, template, database, owner=works_as(endpoint.user))
            if admit is not None:
                await admit(connection, database)
    finally:
        await connection.close()
    report = await apply(endpoint, database, history, application="iotistic migrate")
    return CreatedTenant(
        database=database,
        template=template,
        template_made=made,
        head=report.head,
        took=timedelta(seconds=time.monotonic() - began),
    )


def template_name(service: str, fingerprint: str) -> str:
    """What the template of these files is called: `iotistic_template_shop_0123456789ab`."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in service.lower())
    return f"{_PREFIX}{plain[:_LONGEST]}_{fingerprint[:12]}"


async def _make_template(
    connection: Connection,
    endpoint: Endpoint,
    history: History,
    template: str,
    *,
    administrator: Endpoint,
    prepare: Prepare | None,
) -> None:
    """Under another name until it is whole. Of the same history's other templates only the newest is kept."""
    unfinished = template + _UNFINISHED
    for name in _outdated(template, await _databases(connection, template.rpartition("_")[0] + "_")):
        await _run(connection, "ALTER DATABASE {} IS_TEMPLATE false", name)
        await _run(connection, "DROP DATABASE {} WITH (FORCE)", name)
    await _create(connection, unfinished, template="template0", owner=works_as(endpoint.user))
    if prepare is not None:
        inside = await connect(
            administrator, unfinished, application_name="migrate:template", autocommit=True
        )
        try:
            await prepare(inside)
        finally:
            await inside.close()
    await apply(endpoint, unfinished, history, application="iotistic migrate")
    # The server itself waits up to 5 s for the session that has just left.
    await _run(connection, "ALTER DATABASE {} RENAME TO {}", unfinished, template)
    await _run(connection, "ALTER DATABASE {} IS_TEMPLATE true ALLOW_CONNECTIONS false", template)


def _outdated(template: str, names: Sequence[str]) -> list[str]:
    """Those of `names`, newest first, that make room for `template`: unfinished ones, and all but the newest whole one."""
    # Not by the beginning alone: the service shop has no say over templates of shop_eu.
    own = re.compile(rf"{re.escape(template.rpartition('_')[0])}_[0-9a-f]{{12}}({_UNFINISHED})?")
    matches = [match for match in map(own.fullmatch, names) if match is not None]
    whole = [match[0] for match in matches if match[1] is None]
    return [match[0] for match in matches if match[1] is not None] + whole[_KEPT:]


async def _copy(connection: Connection, template: str, database: str, *, owner: str) -> None:
    try:
        await _create(connection, database, template=template, owner=owner)
    except driver.DuplicateDatabase as error:  # somebody else was faster
        raise TenantExists(f"There is a database {database} already.") from error


async def _create(connection: Connection, name: str, *, template: str, owner: str) -> None:
    # wal_log copies 8 MB in 0.1 s; file_copy checkpoints the whole server first, and again afterwards.
    statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} ENCODING 'UTF8' STRATEGY wal_log")
    try:
        await connection.execute(
            statement.format(sql.Identifier(name), sql.Identifier(owner), sql.Identifier(template))
        )
    except driver.InsufficientPrivilege as error:
        raise CreationDenied(
            f"The role {connection.info.user} may not make the database {name}.",
            hint="Use a role with CREATEDB, for example the superuser, by --url.",
        ) from error


async def _exists(connection: Connection, database: str) -> bool:
    return database in await _databases(connection, database)


async def _databases(connection: Connection, beginning: str) -> list[str]:
    """The databases whose names begin so, newest first."""
    # By number, since a server keeps no date of them. When numbers begin anew, after 4 billion, a template is made once too often.
    cursor = await connection.execute(
        "SELECT datname FROM pg_catalog.pg_database WHERE starts_with(datname, %s) ORDER BY oid DESC",
        (beginning,),
    )
    return [row[0] for row in await cursor.fetchall()]


async def _run(connection: Connection, statement: LiteralString, *names: str) -> None:
    await connection.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))
