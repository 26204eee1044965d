"""The platform's schema for tests, as a service start makes it."""

from iotistic import migrations
from iotistic.config import Endpoint

__all__ = ["migrate"]


async def migrate(endpoint: Endpoint, database: str) -> None:
    """Applies every platform migration. The days ahead are made by the tests that need them."""
    await migrations.apply(endpoint, database, migrations.PLATFORM, application="test")
