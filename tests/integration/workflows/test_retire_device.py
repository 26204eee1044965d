"""Taking a device out of service, and back."""

from datetime import timedelta
from uuid import uuid4

import pytest

from iotistic.database.pool import Connection
from iotistic.devices import DeviceNotFound, DeviceService
from iotistic.jobs import JobDesk, JobService
from iotistic.security import Principal, Refusal
from iotistic.workflows import Enrolment, enrol_device, restore_device, retire_device
from tests.integration.jobs.conftest import make_job
from tests.support.services import security_service


async def enrol(connection: Connection, name: str = "pump") -> Enrolment:
    security = security_service(connection)
    claim = await security.create_claim_key(max_uses=1, lasts=timedelta(hours=1), label="test")
    return await enrol_device(
        DeviceService(connection),
        security,
        claim_key=claim.text,
        name=name,
        kind="sensor",
        serial="s1",
        facts={},
    )


async def test_a_stranger_cannot_be_retired(connection: Connection) -> None:
    with pytest.raises(DeviceNotFound):
        await retire_device(
            DeviceService(connection),
            security_service(connection),
            JobDesk(connection),
            uuid4(),
            reason="test",
        )


async def test_a_retired_device_takes_its_keys_with_it_and_frees_its_name(connection: Connection) -> None:
    devices, security = DeviceService(connection), security_service(connection)
    pump = await enrol(connection)
    await devices.touch_contacts([pump.device_uuid])
    done = await retire_device(devices, security, JobDesk(connection), pump.device_uuid, reason="broken")
    assert (done.was_in_service, done.keys_revoked, done.device.connection_status) == (True, 1, "offline")
    assert await security.authenticate(pump.api_key) == Refusal(reason="revoked")
    again = await enrol(connection)
    assert again.created
    assert again.device_uuid != pump.device_uuid


async def test_a_retired_device_leaves_its_jobs(connection: Connection) -> None:
    devices, security, desk = DeviceService(connection), security_service(connection), JobDesk(connection)
    pump = await enrol(connection)
    job = await make_job(connection, [pump.device_uuid])
    done = await retire_device(devices, security, desk, pump.device_uuid, reason="broken")
    assert done.jobs_left == 1
    assert (await JobService(connection).get_execution(job.id, pump.device_uuid)).status == "cancelled"
    again = await retire_device(devices, security, desk, pump.device_uuid, reason="again")
    assert again.jobs_left == 0


async def test_a_retirement_that_was_cut_short_is_taken_up(connection: Connection) -> None:
    devices, security = DeviceService(connection), security_service(connection)
    pump = await enrol(connection)
    await devices.retire_device(pump.device_uuid)
    assert await security.authenticate(pump.api_key) == Refusal(reason="retired_device")
    taken_up = await retire_device(devices, security, JobDesk(connection), pump.device_uuid, reason="again")
    assert (taken_up.was_in_service, taken_up.keys_revoked) == (False, 1)
    nothing_left = await retire_device(
        devices, security, JobDesk(connection), pump.device_uuid, reason="again"
    )
    assert (nothing_left.was_in_service, nothing_left.keys_revoked) == (False, 0)
    assert nothing_left.device.retired_at == taken_up.device.retired_at


async def test_a_restored_device_enrols_again_as_itself(connection: Connection) -> None:
    devices, security = DeviceService(connection), security_service(connection)
    pump = await enrol(connection)
    await retire_device(devices, security, JobDesk(connection), pump.device_uuid, reason="test")
    assert (await restore_device(devices, pump.device_uuid)).retired_at is None
    assert await security.authenticate(pump.api_key) == Refusal(reason="revoked")
    again = await enrol(connection)
    assert (again.device_uuid, again.created) == (pump.device_uuid, False)
    assert isinstance(await security.authenticate(again.api_key), Principal)
    assert await restore_device(devices, pump.device_uuid) == await devices.get_device(pump.device_uuid)
