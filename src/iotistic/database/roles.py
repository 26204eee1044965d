"""Who works in the databases: one role a job, none of them superuser, each with only what its job needs.

Passwords are sent as SCRAM verifiers made on the client, so no clear text reaches a log or pg_stat_statements.
"""

import hashlib
import hmac
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import LiteralString

from psycopg import sql

from iotistic.database.errors import translated
from iotistic.database.identifiers import checked, identifier
from iotistic.database.pool import Connection
from iotistic.secret import Secret

__all__ = [
    "APP",
    "OWNER",
    "ROLES",
    "Role",
    "admit_roles",
    "ensure_database",
    "ensure_roles",
    "grant_defaults",
    "verifier_matches",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One login role."""

    name: str
    """Its name in PostgreSQL."""
    purpose: str
    """The short name commands take (`--role readonly`)."""
    comment: str
    """What it is for, as stored in the server."""
    member_of: tuple[str, ...] = ()
    """Predefined roles it has the rights of."""
    settings: dict[str, str] = field(default_factory=dict)
    """Session settings it starts with."""
    database_rights: LiteralString = "CONNECT"
    """What it may do with a database as a whole."""
    table_rights: LiteralString | None = None
    """What it may do with every table the owner makes; None: only what a migration grants by name."""


# Telemetry queries bind literal bounds; a generic plan would lock all partitions (733 locks at 365 days).
_CUSTOM_PLANS = {"plan_cache_mode": "force_custom_plan"}
# Ingest sorts out repeats in temporary tables.
_STAGING: LiteralString = "CONNECT, TEMPORARY"
_IDLE = {"idle_in_transaction_session_timeout": "60s"}

OWNER = Role(
    name="iotistic_owner",
    purpose="owner",
    comment="Owns every object; runs migrations and partition work",
    settings={"lock_timeout": "3s"},
)
APP = Role(
    name="iotistic_app",
    purpose="app",
    comment="The API and the services: reads and writes rows, changes no schema",
    settings={**_CUSTOM_PLANS, **_IDLE, "statement_timeout": "30s"},
    database_rights=_STAGING,
    table_rights="SELECT, INSERT, UPDATE, DELETE",
)
ROLES = (
    OWNER,
    APP,
    Role(
        name="iotistic_ingest",
        purpose="ingest",
        comment="Telemetry ingest: adds metrics and logs, sees neither users nor keys",
        settings={**_CUSTOM_PLANS, **_IDLE, "statement_timeout": "15s"},
        database_rights=_STAGING,
    ),
    Role(
        name="iotistic_broker",
        purpose="broker",
        comment="The MQTT broker's authentication queries",
        settings={**_IDLE, "statement_timeout": "2s"},
    ),
    Role(
        name="iotistic_readonly",
        purpose="readonly",
        comment="People and reports: reads everything but credentials",
        settings={
            **_CUSTOM_PLANS,
            **_IDLE,
            "statement_timeout": "5min",
            "default_transaction_read_only": "on",
        },
        table_rights="SELECT",
    ),
    Role(
        name="iotistic_monitor",
        purpose="monitor",
        comment="Statistics views only",
        member_of=("pg_monitor",),
        settings={"statement_timeout": "10s"},
    ),
    Role(
        name="iotistic_backup",
        purpose="backup",
        comment="Reads every row for a dump",
        member_of=("pg_read_all_data",),
    ),
)


async def ensure_roles(connection: Connection, password_of: Callable[[Role], Secret]) -> list[str]:
    """Makes the roles that are missing and mends passwords and settings that differ; answers which it made.

    Needs a superuser on an autocommit connection. Roles of this name that somebody else made are taken over as they are,
    with password and settings set; nothing is ever dropped.
    """
    made: list[str] = []
    with translated():
        cursor = await connection.execute(
            "SELECT rolname, rolpassword FROM pg_catalog.pg_authid WHERE rolname = ANY(%s)",
            ([r.name for r in ROLES],),
        )
        stored: dict[str, str | None] = dict(await cursor.fetchall())
        for role in ROLES:
            password = password_of(role)
            if role.name not in stored:
                await _create_role(connection, role)
                made.append(role.name)
            if not verifier_matches(stored.get(role.name), password):
                await _set_password(connection, role, password)
    return made


async def ensure_database(connection: Connection, name: str, *, owner: Role | None = OWNER) -> bool:
    """Makes the database if it is missing, for the owner role or, without one, for whoever asks; answers whether it was.

    Needs an autocommit connection.
    """
    with translated():
        if await _exists(connection, name):
            return False
        belongs = sql.SQL("OWNER {}").format(identifier(owner.name)) if owner else sql.SQL("")
        await connection.execute(
            sql.SQL("CREATE DATABASE {} {} TEMPLATE template0 ENCODING 'UTF8'").format(
                identifier(name), belongs
            )
        )
    return True


async def may_create_databases(connection: Connection, *, unless_present: str) -> bool:
    """Whether the database is there, or this session may make it."""
    with translated():
        if await _exists(connection, unless_present):
            return True
        cursor = await connection.execute(
            "SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user"
        )
        return await cursor.fetchone() == (True,)


async def admit_roles(connection: Connection, name: str) -> None:
    """Lets our roles into a database, and nobody else who is no superuser. A clone of a template needs this anew."""
    with translated():
        await connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(identifier(name)))
        for role in ROLES:
            await connection.execute(
                sql.SQL("GRANT {} ON DATABASE {} TO {}").format(
                    sql.SQL(role.database_rights), identifier(name), identifier(role.name)
                )
            )


async def grant_defaults(connection: Connection) -> None:
    """Sets, in the connected database, what each role may do with tables the owner makes from now on.

    Needs a superuser; safe to repeat. Rights on single tables (credentials, the broker's views) are granted by migrations.
    """
    owner = identifier(OWNER.name)
    with translated():
        await connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        await connection.execute(sql.SQL("GRANT CREATE, USAGE ON SCHEMA public TO {}").format(owner))
        await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        await connection.execute(
            sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC").format(
                owner
            )
        )
        for role in ROLES:
            name = identifier(role.name)
            await connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name))
            if role.table_rights is None:
                continue
            await connection.execute(
                sql.SQL(
                    "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public GRANT {} ON TABLES TO {}"
                ).format(owner, sql.SQL(role.table_rights), name)
            )
            await connection.execute(
                sql.SQL(
                    "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO {}"
                ).format(owner, name)
            )
        await connection.execute(
            sql.SQL(
                "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public GRANT USAGE ON SEQUENCES TO {}"
            ).format(owner, identifier(APP.name))
        )


def verifier_matches(verifier: str | None, password: Secret) -> bool:
    """Whether a stored SCRAM-SHA-256 verifier belongs to `password` (RFC 5802, section 3; RFC 7677).

    The form is SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, all binary parts in base64.
    """
    if verifier is None or not verifier.startswith("SCRAM-SHA-256$"):
        return False
    _, head, keys = verifier.split("$")
    iterations, salt = head.split(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.reveal().encode(), b64decode(salt), int(iterations))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), b64decode(keys.split(":")[0]))


async def _exists(connection: Connection, name: str) -> bool:
    cursor = await connection.execute("SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s", (name,))
    return await cursor.fetchone() is not None


async def _create_role(connection: Connection, role: Role) -> None:
    name = identifier(role.name)
    await connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
    await connection.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(name, sql.Literal(role.comment)))
    for group in role.member_of:
        await connection.execute(sql.SQL("GRANT {} TO {}").format(identifier(group), name))
    for setting, value in role.settings.items():
        await connection.execute(
            sql.SQL("ALTER ROLE {} SET {} = {}").format(
                name, identifier(checked(setting)), sql.Literal(value)
            )
        )


async def _set_password(connection: Connection, role: Role, password: Secret) -> None:
    verifier = connection.pgconn.encrypt_password(
        password.reveal().encode(), role.name.encode(), b"scram-sha-256"
    )
    await connection.execute(
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(identifier(role.name), sql.Literal(verifier.decode()))
    )
