"""From an empty server to databases that can be served: roles, databases, migrations, partitions. Safe to repeat."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from iotistic import migrations
from iotistic.bootstrap.endpoints import Endpoints
from iotistic.config import DatabaseNames, Settings
from iotistic.database import locks
from iotistic.database.capabilities import require_supported
from iotistic.database.pool import Connection, connect
from iotistic.database.roles import (
    admit_roles,
    ensure_database,
    ensure_own_database,
    ensure_roles,
    grant_defaults,
)
from iotistic.migrations import Event, EventKind, History
from iotistic.partitioning import Maintainer, room

__all__ = ["histories", "make_partitions", "provision", "run_migrations"]

Narrate = Callable[[str], None]

_APPLICATION = "iotistic-provision"
_TOLD: Final = {
    EventKind.LOCK_WAIT,
    EventKind.RECONNECT,
    EventKind.RESUMED,
    EventKind.RETRY,
    EventKind.WARNING,
}


def histories(names: DatabaseNames) -> list[tuple[str, History]]:
    """Each database with the migrations it gets."""
    return [
        (names.platform, migrations.PLATFORM),
        (names.billing, migrations.BILLING),
        (names.vpn, migrations.VPN),
    ]


async def provision(settings: Settings, narrate: Narrate) -> None:
    """Makes what is missing.

    On the embedded server: roles, with passwords kept in the data folder, and the databases with default rights. On a
    configured one only missing databases, owned by whoever was configured: its roles are its administrator's
    (`docs/runbooks/managed-server.md`). Raises DatabaseMissing where that is not allowed, VersionUnsupported on a server
    that is too old or too new.
    """
    endpoints = Endpoints(settings)
    connection = await connect(
        endpoints.superuser(), "postgres", application_name=_APPLICATION, autocommit=True
    )
    try:
        require_supported(connection.info.server_version)
        async with locks.hold(connection, locks.LockKey.PROVISIONING, wait=timedelta(minutes=1)):
            if endpoints.embedded:
                made = await ensure_roles(
                    connection,
                    lambda role: endpoints.folder.secret(endpoints.login(role)),
                    login_of=endpoints.login,
                )
                if made:
                    narrate(f"made roles {', '.join(made)}")
            for database, _ in histories(settings.names):
                if await _make(endpoints, connection, database):
                    narrate(f"made database {database}")
    finally:
        await connection.close()


async def run_migrations(settings: Settings, narrate: Narrate, *, warn: Narrate) -> None:
    """Brings all three databases to the newest schema, or waits until somebody else has: `IOTISTIC_STARTUP_MIGRATIONS`.

    `warn` hears at once what keeps it waiting, and of dangers in pending files.

    Raises what `migrations.bring_up` raises.
    """
    endpoint = Endpoints(settings).of("owner")
    for database, history in histories(settings.names):
        started = await migrations.bring_up(
            settings.startup_migrations,
            endpoint,
            database,
            history,
            application="iotistic",
            lint=settings.startup_lint,
            observe=_teller(warn),
        )
        if started.report is not None and started.report.applied:
            number = len(started.report.applied)
            narrate(f"{database}: {number} migration{'s' if number > 1 else ''} applied")


def _teller(warn: Narrate) -> Callable[[Event], None]:
    """Says what keeps a start waiting, and what is dangerous; not each of a hundred files."""

    def tell(event: Event) -> None:
        if event.kind in _TOLD:
            warn(event.message)

    return tell


async def make_partitions(settings: Settings, narrate: Narrate) -> None:
    """Makes the days ahead, so that the first report has a place. A step that fails is told; the housekeeper tries again."""
    connection = await connect(
        Endpoints(settings).of("owner"),
        settings.names.platform,
        application_name=_APPLICATION,
        autocommit=True,
    )
    try:
        outcome = await Maintainer(connection).run(room)
    finally:
        await connection.close()
    if outcome.done:
        number = len(outcome.done)
        narrate(f"{settings.names.platform}: {number} partition step{'s' if number > 1 else ''} done")
    for failure in outcome.failed:
        narrate(f"{settings.names.platform}: {failure.step} failed: {failure.error}")


async def _make(endpoints: Endpoints, connection: Connection, database: str) -> bool:
    """Makes one database if it is missing; answers whether it was."""
    if endpoints.embedded:
        made = await ensure_database(connection, database)
        # Every time, not only on the new one: a start may have been killed in between.
        await admit_roles(connection, database)
        await _grant(endpoints, database)
        return made
    return await ensure_own_database(connection, database)


async def _grant(endpoints: Endpoints, database: str) -> None:
    connection = await connect(
        endpoints.superuser(), database, application_name=_APPLICATION, autocommit=True
    )
    try:
        await grant_defaults(connection)
    finally:
        await connection.close()
