"""The real application on one real database for all tests of this folder, and who calls it: each test makes its own devices."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import get_args
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from iotistic.bootstrap.platform import Platform, open_platform
from iotistic.config import DatabaseNames, RateSettings, Settings
from iotistic.database.pool import connect
from iotistic.http import create_platform_app
from iotistic.partitioning import Maintainer
from iotistic.secret import Secret
from iotistic.security import PasswordHasher, Role
from tests.support.databases import Databases, TestDatabase
from tests.support.enrolment import enrol_device

PASSWORD = Secret("a password of 26 characters")

_numbers = count(1)


@dataclass(frozen=True, kw_only=True)
class EnrolledDevice:
    """A device and its way to the API."""

    uuid: UUID
    name: str
    key: Secret
    client: httpx.AsyncClient

    @property
    def path(self) -> str:
        return f"/api/v1/devices/{self.uuid}"


MakeDevice = Callable[[], Awaitable[EnrolledDevice]]
MakeClient = Callable[[Secret | None], httpx.AsyncClient]


@pytest_asyncio.fixture(scope="session")
async def api_database(databases: Databases) -> AsyncIterator[TestDatabase]:
    """A database of the API's own, with partitions for today."""
    async with databases.platform() as database:
        owner = await connect(
            database.endpoint("owner"), database.name, application_name="test", autocommit=True
        )
        await Maintainer(owner).run()
        await owner.close()
        yield database


@pytest_asyncio.fixture(scope="session")
async def platform(
    api_database: TestDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Platform]:
    """The platform as the service opens it, connected as the application role."""
    settings = Settings(
        data_dir=Path(tmp_path_factory.mktemp("data")),
        database=api_database.endpoint("app"),
        names=DatabaseNames(platform=api_database.name),
        pepper=Secret("the pepper of these tests"),
        rates=RateSettings(
            per_key=0, per_account=0, per_address=0
        ),  # all tests share a few keys and one address
    )
    platform = await open_platform(settings, application_name="test-api")
    platform._hasher = PasswordHasher(
        cost=4
    )  # a login as expensive as the real one would take minutes of the suite
    yield platform
    await platform.close()


@pytest.fixture(scope="session")
def app(platform: Platform) -> FastAPI:
    """The application."""
    return create_platform_app(platform)


@pytest_asyncio.fixture(scope="session")
async def client_with(app: FastAPI) -> AsyncIterator[MakeClient]:
    """Makes a client that sends this key, or none."""
    made: list[httpx.AsyncClient] = []

    def make(key: Secret | None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {key.reveal()}"} if key else {}
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, client=("192.0.2.7", 4711)),
            base_url="http://test",
            headers=headers,
        )
        made.append(client)
        return client

    yield make
    for client in made:
        await client.aclose()


@pytest.fixture(scope="session")
def stranger(client_with: MakeClient) -> httpx.AsyncClient:
    """Somebody without a key."""
    return client_with(None)


@pytest_asyncio.fixture(scope="session")
async def people(platform: Platform) -> dict[Role, Secret]:
    """An account for each role, named as the role; its key."""
    keys: dict[Role, Secret] = {}
    async with platform.begin() as work:
        for role in get_args(Role):
            user = await work.security.create_user(role, PASSWORD, role)
            keys[role] = (
                await work.security.issue_user_key(user.id, lasts=timedelta(hours=1), reason="test")
            ).text
    return keys


@pytest.fixture(scope="session")
def viewer(people: dict[Role, Secret], client_with: MakeClient) -> httpx.AsyncClient:
    """Somebody who may look."""
    return client_with(people["viewer"])


@pytest.fixture(scope="session")
def operator(people: dict[Role, Secret], client_with: MakeClient) -> httpx.AsyncClient:
    """Somebody who may change things."""
    return client_with(people["operator"])


@pytest.fixture(scope="session")
def make_device(platform: Platform, client_with: MakeClient) -> MakeDevice:
    """Enrols another device."""

    async def make() -> EnrolledDevice:
        name = f"device-{next(_numbers):04}"
        claim = await make_claim_key(platform)
        async with platform.begin() as work:
            enrolled = await enrol_device(work.registrar, claim_key=claim, name=name, kind="host")
        return EnrolledDevice(
            uuid=enrolled.device_uuid, name=name, key=enrolled.api_key, client=client_with(enrolled.api_key)
        )

    return make


@pytest_asyncio.fixture
async def device(make_device: MakeDevice) -> EnrolledDevice:
    """A device."""
    return await make_device()


@pytest_asyncio.fixture
async def other_device(make_device: MakeDevice) -> EnrolledDevice:
    """Another device, which has nothing to do with the first."""
    return await make_device()


@pytest_asyncio.fixture
async def claim_key(platform: Platform) -> Secret:
    """Lets one device in."""
    return await make_claim_key(platform)


async def make_claim_key(platform: Platform, *, max_uses: int = 1) -> Secret:
    async with platform.begin() as work:
        issued = await work.enrolment.create_claim_key(
            max_uses=max_uses, lasts=timedelta(hours=1), label="test", created_by="test"
        )
    return issued.text
