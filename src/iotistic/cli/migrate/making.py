"""A database that is not there yet, made before its first migration."""

from datetime import timedelta

from iotistic.cli.migrate.where import Place, is_ours
from iotistic.database import locks
from iotistic.database.errors import DatabaseUnavailable
from iotistic.database.pool import connect
from iotistic.database.roles import ensure_own_database

__all__ = ["make_missing"]

_ANY = "postgres"
"""A database that every server has."""


async def make_missing(place: Place) -> bool:
    """Makes the place's database where it is one of ours and the server lacks it; answers whether it was.

    Raises DatabaseMissing where the login may not. A server that cannot be reached at all is somebody else's to tell.
    """
    if not is_ours(place.history):
        return False
    try:
        connection = await connect(place.endpoint, _ANY, application_name="iotistic migrate", autocommit=True)
    except DatabaseUnavailable:
        return False
    try:
        async with locks.hold(connection, locks.LockKey.PROVISIONING, wait=timedelta(minutes=1)):
            return await ensure_own_database(connection, place.database)
    finally:
        await connection.close()
