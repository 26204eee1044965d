"""The way into the platform for commands about partitions."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from iotistic.bootstrap.platform import Platform, open_platform
from iotistic.config import Settings
from iotistic.database.pool import Connection

__all__ = ["opened", "owner_session"]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[Platform]:
    """The platform, without ingest."""
    platform = await open_platform(settings, application_name="iotistic-partitions", with_ingest=False)
    try:
        yield platform
    finally:
        await platform.close()


@asynccontextmanager
async def owner_session(settings: Settings) -> AsyncGenerator[Connection]:
    """A session of the owner of the tables."""
    async with opened(settings) as platform:
        connection = await platform.owner_connection("partitions")
        try:
            yield connection
        finally:
            await connection.close()
