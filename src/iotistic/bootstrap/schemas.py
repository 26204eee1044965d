"""What the schemas of all databases lack."""

from iotistic import migrations
from iotistic.bootstrap.endpoints import Endpoints
from iotistic.bootstrap.provisioning import histories
from iotistic.config import Settings
from iotistic.errors import IotisticError

__all__ = ["pending_migrations"]


async def pending_migrations(settings: Settings) -> tuple[list[str], list[str]]:
    """Databases with pending files, and what is wrong with the files of others."""
    endpoint, pending, problems = Endpoints(settings).of("owner"), list[str](), list[str]()
    for database, history in histories(settings.names):
        try:
            status = await migrations.inspect(endpoint, database, history)
        except IotisticError as error:
            problems.append(f"{database}: {error.message}")
            continue
        if not status.at_head:
            pending.append(database)
    return pending, problems
