"""From an empty server to migrated databases: roles, databases, default rights, migrations. Safe to repeat."""

from collections.abc import Callable
from datetime import timedelta

from iotistic import migrations
from iotistic.bootstrap.endpoints import Endpoints
from iotistic.config import DatabaseNames, Settings
from iotistic.database import locks
from iotistic.database.capabilities import require_supported
from iotistic.database.pool import connect
from iotistic.database.roles import ensure_database, ensure_roles, grant_defaults
from iotistic.migrations import History

__all__ = ["histories", "provision", "run_migrations"]

Narrate = Callable[[str], None]


def histories(names: DatabaseNames) -> list[tuple[str, History]]:
    """Each database with the migrations it gets."""
    return [
        (names.platform, migrations.PLATFORM),
        (names.billing, migrations.BILLING),
        (names.vpn, migrations.VPN),
    ]


async def provision(settings: Settings, narrate: Narrate) -> None:
    """Makes what is missing on the embedded server: roles with passwords kept in the data folder, and the databases.

    A configured server is left as its administrator made it: `docs/runbooks/managed-server.md` says what it needs.
    """
    endpoints = Endpoints(settings)
    if not endpoints.embedded:
        return
    superuser = endpoints.superuser()
    connection = await connect(superuser, "postgres", application_name="iotistic-provision", autocommit=True)
    try:
        require_supported(connection.info.server_version)
        async with locks.hold(connection, locks.LockKey.PROVISIONING, wait=timedelta(minutes=1)):
            for line in await ensure_roles(connection, lambda role: endpoints.folder.secret(role.name)):
                narrate(line)
            for database, _ in histories(settings.names):
                if await ensure_database(connection, database):
                    narrate(f"made database {database}")
                    await _prepare(endpoints, database)
    finally:
        await connection.close()


async def run_migrations(settings: Settings, narrate: Narrate) -> None:
    """Brings all three databases to the newest schema. Raises what `migrations.apply` raises."""
    owner = Endpoints(settings).of("owner")
    for database, history in histories(settings.names):
        report = await migrations.apply(owner, database, history, application="iotistic")
        if report.applied:
            narrate(f"{database}: {len(report.applied)} migrations applied")


async def _prepare(endpoints: Endpoints, database: str) -> None:
    connection = await connect(
        endpoints.superuser(), database, application_name="iotistic-provision", autocommit=True
    )
    try:
        await grant_defaults(connection)
    finally:
        await connection.close()
