"""Every role there is: one a job, none of them superuser, each with only what its job needs."""

from typing import Final, LiteralString

from iotistic.database.roles.model import Role

__all__ = ["APP", "OWNER", "ROLES", "works_as"]

# Telemetry queries bind literal bounds; a generic plan would lock all partitions (733 locks at 365 days).
_CUSTOM_PLANS: Final = {"plan_cache_mode": "force_custom_plan"}
# Ingest sorts out repeats in temporary tables.
_STAGING: LiteralString = "CONNECT, TEMPORARY"


def _limits(*, statement: str, lock: str = "5s", idle: str = "60s") -> dict[str, str]:
    """What ends a session's work by itself, whatever its program asks for or forgets to; 0 is no limit."""
    return {
        "statement_timeout": statement,
        "lock_timeout": lock,
        "idle_in_transaction_session_timeout": idle,
    }


OWNER = Role(
    name="iotistic_owner",
    purpose="owner",
    login="iotistic_migrator",
    comment="Owns every object; nobody signs in as it",
    connection_limit=40,
    # A migration may take as long as it takes; whom it makes wait decides lock_timeout.
    settings=_limits(statement="0", lock="3s", idle="5min"),
)
APP = Role(
    name="iotistic_app",
    purpose="app",
    comment="The API and the services: reads and writes rows, changes no schema",
    connection_limit=80,
    settings={**_CUSTOM_PLANS, **_limits(statement="30s")},
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
        connection_limit=40,
        settings={**_CUSTOM_PLANS, **_limits(statement="15s")},
        database_rights=_STAGING,
    ),
    Role(
        name="iotistic_broker",
        purpose="broker",
        comment="The MQTT broker's authentication queries",
        connection_limit=20,
        settings=_limits(statement="2s", lock="1s", idle="10s"),
    ),
    Role(
        name="iotistic_readonly",
        purpose="readonly",
        comment="People and reports: reads everything but credentials",
        connection_limit=20,
        settings={**_CUSTOM_PLANS, **_limits(statement="5min"), "default_transaction_read_only": "on"},
        table_rights="SELECT",
    ),
    Role(
        name="iotistic_monitor",
        purpose="monitor",
        comment="Statistics views only",
        connection_limit=10,
        member_of=("pg_monitor",),
        settings=_limits(statement="10s", lock="1s"),
    ),
    Role(
        name="iotistic_backup",
        purpose="backup",
        comment="Reads every row for a dump",
        connection_limit=10,
        member_of=("pg_read_all_data",),
        # Of a parallel dump the session that holds the snapshot sits idle to the end.
        settings=_limits(statement="0", lock="60s", idle="0"),
    ),
    Role(
        name="iotistic_maintenance",
        purpose="maintenance",
        comment="Vacuums, analyses and reindexes; reads no row",
        connection_limit=10,
        member_of=("pg_maintain",),
        # Before 17 nobody but the owner may vacuum a table. A transaction that only reads may do so, too, and nothing else the owner may.
        member_of_before_17=(OWNER.name,),
        settings={**_limits(statement="0"), "default_transaction_read_only": "on"},
    ),
)


def works_as(login: str) -> str:
    """Whose rights a login of ours has, and to whom belongs what it makes; anybody else works as themselves."""
    return next((role.name for role in ROLES if login in role.logins), login)
