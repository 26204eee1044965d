"""Which changes are told to every process, and which are not worth it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import LiteralString

import pytest
import pytest_asyncio

from iotistic.database.pool import Connection, connect
from iotistic.devices import DeviceService
from iotistic.secret import Secret
from tests.support.databases import TestDatabase
from tests.support.services import security_service


@pytest_asyncio.fixture
async def actor(database: TestDatabase) -> AsyncIterator[Connection]:
    """Somebody who made a device and a person, each with a key."""
    connection = await connect(
        database.endpoint("app"), database.name, application_name="test", autocommit=True
    )
    security = security_service(connection)
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    await security.issue_device_key(device.uuid, reason="test")
    ada = await security.create_user("ada", Secret("correct horse"), "viewer")
    await security.issue_user_key(ada.id, lasts=timedelta(hours=1), reason="test")
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def listener(database: TestDatabase, actor: Connection) -> AsyncIterator[Connection]:
    assert actor  # what it makes is said before
    connection = await connect(
        database.endpoint("app"), database.name, application_name="test", autocommit=True
    )
    await connection.execute("LISTEN access_changed")
    yield connection
    await connection.close()


async def heard(listener: Connection, actor: Connection) -> list[str]:
    """Everything said so far, up to a word of our own."""
    await actor.execute("NOTIFY access_changed, 'that is all'")
    said: list[str] = []
    async for notice in listener.notifies(timeout=10):
        if notice.payload == "that is all":
            return said
        said.append(notice.payload)
    raise AssertionError("the word was not heard")


async def key_of(actor: Connection, kind: str) -> str:
    row = await (await actor.execute("SELECT key_id FROM api_keys WHERE kind = %s", (kind,))).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE api_keys SET revoked_at = now() WHERE kind = 'device'",
        "UPDATE api_keys SET expires_at = now() WHERE kind = 'device'",
        "DELETE FROM api_keys WHERE kind = 'device'",
        "DELETE FROM devices",
    ],
)
async def test_what_ends_a_key_names_it(
    listener: Connection, actor: Connection, change: LiteralString
) -> None:
    key_id = await key_of(actor, "device")
    await actor.execute(change)
    assert key_id in await heard(listener, actor)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE users SET is_active = false",
        "INSERT INTO role_bindings (user_id, role, granted_by) SELECT id, 'owner', '' FROM users",
        "UPDATE role_bindings SET expires_at = now()",
        "DELETE FROM role_bindings",
        "DELETE FROM users",
        "UPDATE devices SET retired_at = now()",
    ],
)
async def test_what_ends_a_bearer_makes_everybody_be_looked_up_again(
    listener: Connection, actor: Connection, change: LiteralString
) -> None:
    await actor.execute(change)
    assert "" in await heard(listener, actor)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE devices SET connection_status = 'online', updated_at = now()",
        "UPDATE devices SET name = 'another'",
        "UPDATE users SET created_at = now()",
        "INSERT INTO device_contacts (device_uuid) SELECT uuid FROM devices",
    ],
)
async def test_what_decides_nothing_makes_no_noise(
    listener: Connection, actor: Connection, change: LiteralString
) -> None:
    await actor.execute(change)
    assert await heard(listener, actor) == []


async def test_what_is_rolled_back_was_never_said(listener: Connection, actor: Connection) -> None:
    async with actor.transaction(force_rollback=True):
        await actor.execute("UPDATE api_keys SET revoked_at = now()")
    assert await heard(listener, actor) == []
