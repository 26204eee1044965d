"""The MQTT account of a device, through its whole life: it comes with enrolling and goes with retiring."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable
from datetime import timedelta
from uuid import UUID

import pytest

from iotistic.database.pool import Connection, connect
from iotistic.mqtt import Access, MqttService, MqttUserExists
from iotistic.secret import Secret
from iotistic.security.enrolment import Claimant, answer_to
from iotistic.workflows import (
    Claimed,
    claim_device,
    permit_enrolment,
    prove_device,
    restore_device,
    retire_device,
)
from tests.support.databases import TestDatabase
from tests.support.enrolment import Enrolled, enrol_device, keepers, registrar
from tests.support.services import enrolment_service

HOUR = timedelta(hours=1)
PUMP = Claimant(name="pump", kind="sensor", serial="s1")


async def claim(
    connection: Connection, claimant: Claimant = PUMP, *, previous: Secret | None = None
) -> Claimed:
    key = await enrolment_service(connection).create_claim_key(
        max_uses=1, lasts=HOUR, label="test", created_by="test"
    )
    return await claim_device(registrar(connection), claimant, claim_key=key.text, previous_key=previous)


async def prove(connection: Connection, claimed: Claimed) -> UUID:
    challenge = claimed.challenge
    answer = answer_to(challenge.challenge, challenge.api_key)
    return (await prove_device(registrar(connection), challenge.enrolment_id, answer)).device_uuid


async def enrol(connection: Connection, *, previous: Secret | None = None) -> Enrolled:
    key = await enrolment_service(connection).create_claim_key(
        max_uses=1, lasts=HOUR, label="test", created_by="test"
    )
    return await enrol_device(
        registrar(connection), claim_key=key.text, name="pump", serial="s1", previous_key=previous
    )


async def lets_in(connection: Connection, username: str, password: Secret) -> bool:
    """What a broker does with the view that it reads."""
    cursor = await connection.execute(
        "SELECT password_hash FROM mqtt_broker_users WHERE username = %s", (username,)
    )
    row = await cursor.fetchone()
    if row is None:
        return False
    _, digest, iterations, salt, expected = row[0].split("$")
    found = hashlib.pbkdf2_hmac(digest, password.reveal().encode(), base64.b64decode(salt), int(iterations))
    return base64.b64encode(found).decode() == expected


async def allowed(connection: Connection, uuid: UUID, topic: str, access: Access) -> bool:
    verdict = await MqttService(connection).judge(str(uuid), client_id=str(uuid), topic=topic, access=access)
    return verdict.allowed


async def test_a_claim_alone_makes_no_account(connection: Connection) -> None:
    await claim(connection)
    assert await MqttService(connection).list_users() == []


async def test_a_device_that_is_in_has_its_account_and_its_own_topics_and_no_others(
    connection: Connection,
) -> None:
    pump = await enrol(connection)
    other = await prove(
        connection, await claim(connection, Claimant(name="valve", kind="sensor", serial="s2"))
    )
    mine, theirs = f"iot/device/{pump.device_uuid}", f"iot/device/{other}"
    assert await lets_in(connection, str(pump.device_uuid), pump.mqtt_password)
    assert not await lets_in(connection, str(other), pump.mqtt_password)
    assert await allowed(connection, pump.device_uuid, f"{mine}/up/metrics", Access.PUBLISH)
    assert await allowed(connection, pump.device_uuid, f"{mine}/down/jobs", Access.SUBSCRIBE)
    assert not await allowed(connection, pump.device_uuid, f"{mine}/down/jobs", Access.PUBLISH)
    assert not await allowed(connection, pump.device_uuid, f"{theirs}/up/metrics", Access.PUBLISH)
    assert not await allowed(connection, pump.device_uuid, f"{theirs}/down/jobs", Access.SUBSCRIBE)


async def test_the_same_answer_again_changes_nothing_about_the_account(connection: Connection) -> None:
    claimed = await claim(connection)
    uuid = await prove(connection, claimed)
    before = await MqttService(connection).get_user(str(uuid))
    assert await prove(connection, claimed) == uuid
    assert await MqttService(connection).get_user(str(uuid)) == before
    assert await lets_in(connection, str(uuid), claimed.mqtt_password)


async def test_enrolling_again_renews_the_password_and_keeps_what_people_said(connection: Connection) -> None:
    mqtt = MqttService(connection)
    pump = await enrol(connection)
    username = str(pump.device_uuid)
    await mqtt.allow(username, "weather/#", Access.RECEIVE)
    again = await enrol(connection, previous=pump.api_key)
    assert again.device_uuid == pump.device_uuid
    assert await lets_in(connection, username, again.mqtt_password)
    assert not await lets_in(connection, username, pump.mqtt_password)
    assert len(await mqtt.list_users()) == 1
    assert {rule.origin for rule in await mqtt.list_acls(username=username)} == {"template", "manual"}
    assert len(await mqtt.list_acls(username=username)) == 3
    await mqtt.set_active(username, is_active=False)
    third = await enrol(connection, previous=again.api_key)
    assert not await lets_in(connection, username, third.mqtt_password)


async def test_a_retired_device_has_no_account_until_it_is_restored_and_enrols_again(
    connection: Connection,
) -> None:
    pump = await enrol(connection)
    username = str(pump.device_uuid)
    at = keepers(connection)
    assert (await retire_device(at, pump.device_uuid, reason="test")).mqtt_account_removed
    assert not await lets_in(connection, username, pump.mqtt_password)
    await restore_device(at.devices, pump.device_uuid)
    assert not await lets_in(connection, username, pump.mqtt_password)
    await permit_enrolment(registrar(connection), pump.device_uuid, by="ada", lasts=HOUR)
    again = await enrol(connection)
    assert again.device_uuid == pump.device_uuid
    assert await lets_in(connection, username, again.mqtt_password)
    assert not await lets_in(connection, username, pump.mqtt_password)


async def test_a_device_that_had_no_account_gets_one_when_it_enrols_again(connection: Connection) -> None:
    pump = await enrol(connection)
    await MqttService(connection).remove_device_user(pump.device_uuid)
    again = await enrol(connection, previous=pump.api_key)
    assert await lets_in(connection, str(pump.device_uuid), again.mqtt_password)


async def test_an_account_of_another_that_has_the_name_is_not_taken_over(connection: Connection) -> None:
    pump = await enrol(connection)
    mqtt = MqttService(connection)
    await mqtt.remove_device_user(pump.device_uuid)
    password = await mqtt.create_user(str(pump.device_uuid), kind="service")
    with pytest.raises(MqttUserExists):
        async with connection.transaction():
            await enrol(connection, previous=pump.api_key)
    assert await lets_in(connection, str(pump.device_uuid), password)


async def test_two_answers_at_once_make_one_account(database: TestDatabase) -> None:
    connections = [
        await connect(database.endpoint("app"), database.name, application_name="test", autocommit=True)
        for _ in range(4)
    ]
    async with connections[0].transaction():
        claimed = await claim(connections[0])

    async def answer(connection: Connection) -> UUID:
        async with connection.transaction():
            return await prove(connection, claimed)

    answers: list[Awaitable[UUID]] = [answer(connection) for connection in connections]
    [uuid] = set(await asyncio.gather(*answers))
    assert await lets_in(connections[0], str(uuid), claimed.mqtt_password)
    assert len(await MqttService(connections[0]).list_users()) == 1
    for connection in connections:
        await connection.close()
