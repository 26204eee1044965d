"""One empty database per test, and the server's superuser."""

from collections.abc import AsyncIterator

import pytest_asyncio
from tests.support.histories import Place, a_place

from iotistic.database.server import RunningServer


@pytest_asyncio.fixture
async def place(server: RunningServer) -> AsyncIterator[Place]:
    """A database with nothing in it."""
    async with a_place(server.endpoint) as place:
        yield place
