"""One real PostgreSQL for the run, one migrated template, and a rolled-back transaction per test by default."""

import os
import signal
from collections.abc import AsyncIterator

import pytest_asyncio
from hypothesis import HealthCheck, settings
from psycopg import AsyncConnection

from iotistic.database.pool import connect
from iotistic.database.server import RunningServer, Source
from tests.support.databases import Databases, TestDatabase
from tests.support.secret_watch import pytest_runtest_makereport, pytest_sessionfinish
from tests.support.server import start_test_server, stop_test_server

__all__ = ["pytest_runtest_makereport", "pytest_sessionfinish"]

# How fast examples are made is the machine's affair: a busy one must not fail a property that holds.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# A shell gives its background jobs an ignored SIGINT, and so does whoever starts the suite as one: commands that tests end by Ctrl-C
# would inherit it and never end.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_PREFERRED: Source | None = "system" if os.environ.get("TEST_SERVER") == "system" else None


@pytest_asyncio.fixture(scope="session")
async def server() -> AsyncIterator[RunningServer]:
    """A throw-away server: the embedded one, or what TEST_SERVER names (embedded, system)."""
    running = await start_test_server(_PREFERRED)
    yield running
    await stop_test_server(running)


@pytest_asyncio.fixture(scope="session")
async def databases(server: RunningServer) -> Databases:
    """Makes migrated databases on that server, quickly, from a template."""
    return await Databases.prepare(server)


@pytest_asyncio.fixture(scope="session")
async def shared_database(databases: Databases) -> AsyncIterator[TestDatabase]:
    """A migrated platform database that tests leave as they found it."""
    async with databases.platform() as database:
        yield database


@pytest_asyncio.fixture
async def database(databases: Databases) -> AsyncIterator[TestDatabase]:
    """A migrated platform database of the test's own, for tests that commit, listen or use several connections."""
    async with databases.platform() as database:
        yield database


@pytest_asyncio.fixture
async def connection(shared_database: TestDatabase) -> AsyncIterator[AsyncConnection]:
    """A connection as the application role, in a transaction that is rolled back."""
    connection = await connect(shared_database.endpoint("app"), shared_database.name, application_name="test")
    yield connection
    await connection.rollback()
    await connection.close()


@pytest_asyncio.fixture
async def owner_connection(shared_database: TestDatabase) -> AsyncIterator[AsyncConnection]:
    """The same as the owner of the schema."""
    connection = await connect(
        shared_database.endpoint("owner"), shared_database.name, application_name="test"
    )
    yield connection
    await connection.rollback()
    await connection.close()
