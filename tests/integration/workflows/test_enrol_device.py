from datetime import timedelta

import pytest

from iotistic.database.pool import Connection
from iotistic.devices import DeviceNameTaken, DeviceService
from iotistic.secret import Secret
from iotistic.security import ClaimKeyRefused, Principal, Refusal
from iotistic.workflows import Enrolment, enrol_device
from tests.support.services import security_service


async def claim(connection: Connection, uses: int = 5) -> Secret:
    issued = await security_service(connection).create_claim_key(
        max_uses=uses, lasts=timedelta(hours=1), label="test"
    )
    return issued.text


async def enrol(
    connection: Connection, key: Secret, *, name: str = "pump", serial: str | None = "s1"
) -> Enrolment:
    return await enrol_device(
        DeviceService(connection),
        security_service(connection),
        claim_key=key,
        name=name,
        kind="sensor",
        serial=serial,
        facts={"os": "linux"},
    )


async def test_a_stranger_without_a_claim_key_stays_out(connection: Connection) -> None:
    with pytest.raises(ClaimKeyRefused):
        await enrol(connection, Secret("nonsense"))
    assert await DeviceService(connection).find_device_by_name("pump") is None


async def test_a_new_device_gets_an_identity_and_a_key(connection: Connection) -> None:
    enrolment = await enrol(connection, await claim(connection))
    assert enrolment.created
    found = await security_service(connection).authenticate(enrolment.api_key)
    assert isinstance(found, Principal)
    assert found.device_uuid == enrolment.device_uuid
    host = await DeviceService(connection).find_host(enrolment.device_uuid)
    assert host is not None
    assert host.facts == {"os": "linux"}


async def test_a_device_that_lost_its_key_keeps_its_identity_and_loses_the_old_key(
    connection: Connection,
) -> None:
    key = await claim(connection)
    first = await enrol(connection, key)
    again = await enrol(connection, key, name="another name")
    assert not again.created
    assert again.device_uuid == first.device_uuid
    assert await security_service(connection).authenticate(first.api_key) == Refusal(reason="revoked")
    assert isinstance(await security_service(connection).authenticate(again.api_key), Principal)
    assert (await DeviceService(connection).get_device(first.device_uuid)).name == "pump"


async def test_without_a_serial_every_enrolment_is_a_new_device(connection: Connection) -> None:
    key = await claim(connection)
    one = await enrol(connection, key, name="one", serial=None)
    two = await enrol(connection, key, name="two", serial=None)
    assert one.device_uuid != two.device_uuid


async def test_a_refused_name_costs_no_use(connection: Connection) -> None:
    key = await claim(connection, uses=2)
    await enrol(connection, key, name="pump", serial="s1")
    async with connection.transaction() as _:
        pass
    with pytest.raises(DeviceNameTaken):
        async with connection.transaction():
            await enrol(connection, key, name="pump", serial="s2")
    await enrol(connection, key, name="other", serial="s2")
