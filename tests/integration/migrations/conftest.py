"""One empty database for the tests of the runner, emptied before each."""

from collections.abc import AsyncIterator

import pytest_asyncio

from iotistic.database.server import RunningServer
from tests.support.histories import Place, a_place


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def shared_place(server: RunningServer) -> AsyncIterator[Place]:
    """The database that `place` empties."""
    async with a_place(server.endpoint) as place:
        yield place


@pytest_asyncio.fixture
async def place(shared_place: Place) -> Place:
    """A database with nothing in it."""
    await shared_place.empty()
    return shared_place
