"""Taking a device out of service with all that hangs on it, and back."""

from dataclasses import dataclass
from uuid import UUID

from iotistic.devices import Device, DeviceService
from iotistic.jobs import JobDesk
from iotistic.mqtt import MqttService
from iotistic.security import SecurityService
from iotistic.security.enrolment import EnrolmentService
from iotistic.twin import TwinService
from iotistic.vpn import VpnService

__all__ = ["Keepers", "Retirement", "restore_device", "retire_device"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keepers:
    """The services that keep something of a device, on one transaction."""

    devices: DeviceService
    security: SecurityService
    enrolment: EnrolmentService
    jobs: JobDesk
    mqtt: MqttService
    vpn: VpnService
    twin: TwinService


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """What became of a device and its belongings."""

    device: Device
    was_in_service: bool
    """False: it was out already; what was left undone is done now."""
    keys_revoked: int
    jobs_left: int
    """Jobs that it had not ended, and never will."""
    mqtt_account_removed: bool
    """With its rules."""
    certificates_revoked: int
    """Of the VPN."""
    twin_unlinked: bool
    """The twin's entity stays, and stands for no device."""


async def retire_device(at: Keepers, uuid: UUID, *, reason: str) -> Retirement:
    """Takes the device out of service with its keys, MQTT account, VPN certificates, twin link and open jobs.

    Its name and serial are free, its history stays.

    Each step finds out by itself whether it is done, so the same call takes up what an earlier one left: the first closes the
    door (no key of a retired device opens anything), the rest tidies up behind it. Raises DeviceNotFound.
    """
    was_in_service = await at.devices.retire_device(uuid)
    revoked = await at.security.revoke_device_keys(uuid, reason=reason)
    await at.enrolment.withdraw_permit(uuid)
    account = await at.mqtt.remove_device_user(uuid)
    certificates = await at.vpn.revoke_of_device(uuid, "cessation_of_operation")
    unlinked = await at.twin.unlink_device(uuid)
    left = await at.jobs.release_device(uuid, reason="the device was taken out of service")
    return Retirement(
        device=await at.devices.get_device(uuid),
        was_in_service=was_in_service,
        keys_revoked=revoked,
        jobs_left=len(left),
        mqtt_account_removed=account,
        certificates_revoked=certificates,
        twin_unlinked=unlinked,
    )


async def restore_device(devices: DeviceService, uuid: UUID, *, name: str | None = None) -> Device:
    """Takes the device back into service with its tags, fleet and history, as `name` if given; in service it stays as it is.

    What retiring took does not come back: its keys and VPN certificates stay revoked, it has no MQTT account, its twin stands for no
    device, its jobs stay left. It enrols again once somebody permits it. Raises DeviceNotFound, DeviceNameTaken or
    DeviceSerialTaken.
    """
    return await devices.restore_device(uuid, name=name)
