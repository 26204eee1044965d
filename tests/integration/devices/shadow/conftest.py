"""Devices of a test's own, and who writes their shadows."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest
import pytest_asyncio

from iotistic.database.pool import Connection, connect
from iotistic.devices import DeviceService
from iotistic.devices.shadow import Actor
from tests.support.databases import TestDatabase

ANNA = Actor(kind="user", name="anna")

MakeConnection = Callable[[], Awaitable[Connection]]


def itself(uuid: UUID) -> Actor:
    """The device as a writer."""
    return Actor(kind="device", name=str(uuid))


@pytest_asyncio.fixture
async def pump(connection: Connection) -> UUID:
    """A device in the transaction of the test."""
    return (await DeviceService(connection).create_device(name="pump", kind="sensor")).uuid


@pytest_asyncio.fixture
async def connecting(database: TestDatabase) -> AsyncIterator[MakeConnection]:
    """Makes connections to the test's own database, each in a transaction of its own."""
    made: list[Connection] = []

    async def make() -> Connection:
        connection = await connect(
            database.endpoint("app"), database.name, application_name="test", autocommit=False
        )
        made.append(connection)
        return connection

    yield make
    for connection in made:
        await connection.close()


@pytest_asyncio.fixture
async def committed_pump(connecting: MakeConnection) -> UUID:
    """A device that every connection to the test's own database sees."""
    connection = await connecting()
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    await connection.commit()
    return device.uuid


@pytest.fixture
def anna() -> Actor:
    """A person."""
    return ANNA
