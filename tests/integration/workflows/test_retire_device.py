"""Taking a device out of service, and back."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from iotistic.database.pool import Connection
from iotistic.devices import DeviceNotFound, DeviceService
from iotistic.jobs import JobService
from iotistic.mqtt import MqttService
from iotistic.security import Principal, Refusal
from iotistic.security.enrolment import DeviceEnrolled
from iotistic.twin import EntityDraft, TwinService
from iotistic.vpn import IssuedCertificate, VpnService
from iotistic.workflows import permit_enrolment, restore_device, retire_device
from tests.integration.jobs.conftest import make_job
from tests.support.enrolment import Enrolled, enrol_device, keepers, registrar
from tests.support.services import enrolment_service, security_service


async def enrol(connection: Connection, name: str = "pump") -> Enrolled:
    claim = await enrolment_service(connection).create_claim_key(
        max_uses=1, lasts=timedelta(hours=1), label="test", created_by="test"
    )
    return await enrol_device(registrar(connection), claim_key=claim.text, name=name, serial="s1")


async def test_a_stranger_cannot_be_retired(connection: Connection) -> None:
    with pytest.raises(DeviceNotFound):
        await retire_device(
            keepers(connection),
            uuid4(),
            reason="test",
        )


async def test_a_retired_device_takes_its_keys_with_it_and_frees_its_name(connection: Connection) -> None:
    devices, security = DeviceService(connection), security_service(connection)
    pump = await enrol(connection)
    await devices.touch_contacts([pump.device_uuid])
    done = await retire_device(keepers(connection), pump.device_uuid, reason="broken")
    assert (done.was_in_service, done.keys_revoked, done.device.connection_status) == (True, 1, "offline")
    assert await security.authenticate(pump.api_key) == Refusal(reason="revoked")
    again = await enrol(connection)
    assert again.created
    assert again.device_uuid != pump.device_uuid


async def test_a_retired_device_leaves_its_jobs(connection: Connection) -> None:
    pump = await enrol(connection)
    job = await make_job(connection, [pump.device_uuid])
    done = await retire_device(keepers(connection), pump.device_uuid, reason="broken")
    assert done.jobs_left == 1
    assert (await JobService(connection).get_execution(job.id, pump.device_uuid)).status == "cancelled"
    again = await retire_device(keepers(connection), pump.device_uuid, reason="again")
    assert again.jobs_left == 0


async def test_a_retirement_that_was_cut_short_is_taken_up(connection: Connection) -> None:
    devices, security = DeviceService(connection), security_service(connection)
    pump = await enrol(connection)
    await devices.retire_device(pump.device_uuid)
    assert await security.authenticate(pump.api_key) == Refusal(reason="retired_device")
    taken_up = await retire_device(keepers(connection), pump.device_uuid, reason="again")
    assert (taken_up.was_in_service, taken_up.keys_revoked) == (False, 1)
    nothing_left = await retire_device(keepers(connection), pump.device_uuid, reason="again")
    assert (nothing_left.was_in_service, nothing_left.keys_revoked) == (False, 0)
    assert nothing_left.device.retired_at == taken_up.device.retired_at


async def test_a_restored_device_enrols_again_as_itself_once_it_is_permitted(connection: Connection) -> None:
    devices, security = DeviceService(connection), security_service(connection)
    pump = await enrol(connection)
    await retire_device(keepers(connection), pump.device_uuid, reason="test")
    assert (await restore_device(devices, pump.device_uuid)).retired_at is None
    assert await security.authenticate(pump.api_key) == Refusal(reason="revoked")
    with pytest.raises(DeviceEnrolled):
        async with connection.transaction():
            await enrol(connection)
    await permit_enrolment(registrar(connection), pump.device_uuid, by="ada", lasts=timedelta(hours=1))
    again = await enrol(connection)
    assert (again.device_uuid, again.created) == (pump.device_uuid, False)
    assert isinstance(await security.authenticate(again.api_key), Principal)
    assert await restore_device(devices, pump.device_uuid) == await devices.get_device(pump.device_uuid)


async def furnish(connection: Connection) -> Enrolled:
    """A device with all that a device can have."""
    pump = await enrol(connection)
    now = datetime.now(UTC)
    await VpnService(connection).record_certificate(
        IssuedCertificate(
            fingerprint=b"f" * 32,
            device_uuid=pump.device_uuid,
            common_name=str(pump.device_uuid),
            serial="1a2b3c4d5e6f",
            issuer="CN=test",
            not_before=now - timedelta(hours=1),
            not_after=now + timedelta(days=30),
        )
    )
    await TwinService(connection).put_entity(
        "plant", "3cUkl32yn9qRSPvBJ4fSRi", EntityDraft(ifc_class="IfcPump", name="Pump 7")
    )
    await TwinService(connection).link_device("plant", "3cUkl32yn9qRSPvBJ4fSRi", pump.device_uuid)
    return pump


@pytest.mark.parametrize("done", range(7))
async def test_wherever_a_retirement_is_killed_the_same_again_finishes_it(
    connection: Connection, done: int
) -> None:
    pump = await furnish(connection)
    uuid, at = pump.device_uuid, keepers(connection)
    steps: list[Callable[[], Awaitable[object]]] = [
        lambda: at.devices.retire_device(uuid),
        lambda: at.security.revoke_device_keys(uuid, reason="test"),
        lambda: at.enrolment.withdraw_permit(uuid),
        lambda: at.mqtt.remove_device_user(uuid),
        lambda: at.vpn.revoke_of_device(uuid, "cessation_of_operation"),
        lambda: at.twin.unlink_device(uuid),
    ]
    for step in steps[:done]:  # committed, and then the process was killed
        await step()
    await retire_device(at, uuid, reason="test")
    assert (await at.devices.get_device(uuid)).retired_at is not None
    assert not isinstance(await at.security.authenticate(pump.api_key), Principal)
    assert await MqttService(connection).list_users() == []
    assert await MqttService(connection).list_acls(username=str(uuid)) == []
    [certificate] = await VpnService(connection).list_certificates(device_uuid=uuid)
    assert certificate.state == "revoked"
    assert await TwinService(connection).find_entity_of_device(uuid) is None
    again = await retire_device(at, uuid, reason="test")
    assert (
        again.was_in_service, again.keys_revoked, again.mqtt_account_removed, again.certificates_revoked, again.twin_unlinked,
    ) == (False, 0, False, 0, False)  # fmt: skip


async def test_a_restored_device_gets_nothing_back_that_retiring_took(connection: Connection) -> None:
    pump = await furnish(connection)
    at = keepers(connection)
    done = await retire_device(at, pump.device_uuid, reason="test")
    assert (done.mqtt_account_removed, done.certificates_revoked, done.twin_unlinked) == (True, 1, True)
    await restore_device(at.devices, pump.device_uuid)
    assert not isinstance(await at.security.authenticate(pump.api_key), Principal)
    assert await MqttService(connection).list_users() == []
    assert await TwinService(connection).find_entity_of_device(pump.device_uuid) is None
