"""Enrolment when an answer is lost, when many come at once, and when somebody else has the key."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from iotistic.database.pool import Connection, connect
from iotistic.devices import DeviceService
from iotistic.secret import Secret
from iotistic.security import ClaimantInvalid, ClaimKeyRefused, IssuedKey, Principal, Refusal
from iotistic.workflows import Enrolment, enrol_device
from tests.support.databases import TestDatabase
from tests.support.services import security_service

HOUR = timedelta(hours=1)


async def enrol(connection: Connection, key: IssuedKey, *, name: str, serial: str | None) -> Enrolment:
    return await enrol_device(
        DeviceService(connection),
        security_service(connection),
        claim_key=key.text,
        name=name,
        kind="sensor",
        serial=serial,
        facts={},
    )


@asynccontextmanager
async def opened(database: TestDatabase, connections: int) -> AsyncIterator[list[Connection]]:
    made = [
        await connect(database.endpoint("app"), database.name, application_name="test")
        for _ in range(connections)
    ]
    yield made
    for connection in made:
        await connection.close()


async def uses(connection: Connection, key: IssuedKey) -> int:
    cursor = await connection.execute("SELECT uses FROM provisioning_keys WHERE key_id = %s", (key.key_id,))
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_a_used_up_key_lets_no_stranger_in(connection: Connection) -> None:
    key = await security_service(connection).create_claim_key(max_uses=1, lasts=HOUR, label="test")
    await enrol(connection, key, name="pump", serial="s1")
    for stranger in ("s2", "S1", "s1 ", None):
        with pytest.raises(ClaimKeyRefused):
            await enrol(connection, key, name="stranger", serial=stranger)


async def test_a_device_whose_answer_was_lost_comes_in_with_a_key_for_one(connection: Connection) -> None:
    security = security_service(connection)
    key = await security.create_claim_key(max_uses=1, lasts=HOUR, label="test")
    lost = await enrol(connection, key, name="pump", serial="s1")
    again = await enrol(connection, key, name="pump", serial="s1")
    assert (again.device_uuid, again.created) == (lost.device_uuid, False)
    assert await uses(connection, key) == 1
    assert await security.authenticate(lost.api_key) == Refusal(reason="revoked")
    assert isinstance(await security.authenticate(again.api_key), Principal)


async def test_coming_again_does_not_outlive_the_key(connection: Connection) -> None:
    key = await security_service(connection).create_claim_key(max_uses=1, lasts=HOUR, label="test")
    await enrol(connection, key, name="pump", serial="s1")
    await connection.execute("UPDATE provisioning_keys SET expires_at = now()")
    with pytest.raises(ClaimKeyRefused):
        await enrol(connection, key, name="pump", serial="s1")
    await connection.execute("UPDATE provisioning_keys SET expires_at = now() + interval '1 microsecond'")
    await enrol(connection, key, name="pump", serial="s1")


async def test_another_claim_key_counts_the_same_device_for_itself(connection: Connection) -> None:
    security = security_service(connection)
    first = await security.create_claim_key(max_uses=5, lasts=HOUR, label="test")
    second = await security.create_claim_key(max_uses=5, lasts=HOUR, label="test")
    await enrol(connection, first, name="pump", serial="s1")
    await enrol(connection, second, name="pump", serial="s1")
    assert (await uses(connection, first), await uses(connection, second)) == (1, 1)


async def test_a_refused_enrolment_is_not_remembered_as_a_use(connection: Connection) -> None:
    security = security_service(connection)
    key = await security.create_claim_key(max_uses=1, lasts=HOUR, label="test")
    with pytest.raises(RuntimeError, match="killed"):
        async with connection.transaction():
            await enrol(connection, key, name="pump", serial="s1")
            raise RuntimeError("killed before the commit")
    assert await uses(connection, key) == 0
    assert (await enrol(connection, key, name="pump", serial="s1")).created


@pytest.mark.parametrize("serial", ["", "x" * 201, "x" * 10_000])
async def test_an_impossible_serial_is_refused_in_words(connection: Connection, serial: str) -> None:
    key = await security_service(connection).create_claim_key(max_uses=1, lasts=HOUR, label="test")
    with pytest.raises(ClaimantInvalid, match="1 to 200"):
        await enrol(connection, key, name="pump", serial=serial)


async def test_one_device_that_asks_many_times_at_once_is_one_device(database: TestDatabase) -> None:
    async with opened(database, 8) as connections:
        key = await security_service(connections[0]).create_claim_key(max_uses=1, lasts=HOUR, label="test")
        await connections[0].commit()

        async def ask(connection: Connection) -> Enrolment:
            async with connection.transaction():
                return await enrol(connection, key, name="pump", serial="s1")

        answers = await asyncio.gather(*map(ask, connections))
        assert len({answer.device_uuid for answer in answers}) == 1
        assert sum(answer.created for answer in answers) == 1
        assert await uses(connections[0], key) == 1
        good = [await _opens(connections[0], answer.api_key) for answer in answers]
        assert sum(good) == 1


async def test_many_devices_at_once_do_not_overdraw_a_key(database: TestDatabase) -> None:
    async with opened(database, 10) as connections:
        key = await security_service(connections[0]).create_claim_key(max_uses=20, lasts=HOUR, label="test")
        await connections[0].commit()

        async def come(number: int, connection: Connection) -> int:
            entered = 0
            for attempt in range(5):
                try:
                    async with connection.transaction():
                        await enrol(connection, key, name=f"{number}-{attempt}", serial=f"{number}-{attempt}")
                    entered += 1
                except ClaimKeyRefused:
                    pass
            return entered

        assert sum(await asyncio.gather(*(come(n, c) for n, c in enumerate(connections)))) == 20
        assert await uses(connections[0], key) == 20
        cursor = await connections[0].execute("SELECT count(*) FROM devices")
        assert await cursor.fetchone() == (20,)


async def _opens(connection: Connection, key: Secret) -> bool:
    return isinstance(await security_service(connection).authenticate(key), Principal)
