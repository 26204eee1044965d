"""Letting a device in: a claim key and a challenge, then the proof that it has the key it was given."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from iotistic.devices import Device, DeviceService
from iotistic.errors import Conflict, Invalid
from iotistic.mqtt import MqttService
from iotistic.secret import Secret
from iotistic.security import Principal, SecurityService
from iotistic.security.enrolment import Challenge, Claimant, EnrolmentService, Permit, StoredEnrolment

__all__ = [
    "Claimed",
    "DeviceRetired",
    "Enrolment",
    "Registrar",
    "claim_device",
    "permit_enrolment",
    "prove_device",
]


class DeviceRetired(Conflict):
    """The device is out of service."""

    code = "device_retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrar:
    """The services that enrolling takes, on one transaction."""

    devices: DeviceService
    security: SecurityService
    enrolment: EnrolmentService
    mqtt: MqttService
    acts: Callable[[str], Awaitable[None]] | None = None
    """Told which claim key acts, once it is known to be good, for the audit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What a device gets for a claim: secrets that open nothing before the challenge is answered."""

    challenge: Challenge
    mqtt_password: Secret
    """Of its MQTT account, which is called by its uuid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What became of a device that proved itself."""

    device_uuid: UUID
    serial: str | None
    claim_key_id: str
    """The public part of the claim key that let it in."""
    created: bool
    """False: the device was known by its serial; what keys it had are revoked."""


async def claim_device(
    at: Registrar,
    claimant: Claimant,
    *,
    claim_key: Secret,
    previous_key: Secret | None = None,
    address: str | None = None,
) -> Claimed:
    """The first step: a key and an MQTT password that open nothing yet, and a challenge to answer with the key. Changes no device.

    For a serial in service that ever had a key, the claim must bring that device's valid key, from an `address` that the key is taken
    from, or somebody must permit it. A refusal costs no use of the claim key. Raises ClaimKeyRefused, ClaimantInvalid, DeviceEnrolled, DeviceNameTaken or DeviceInvalid.
    """
    previous = None if previous_key is None else await _shown_device(at.security, previous_key, address)
    password = at.mqtt.mint_password()
    challenge = await at.enrolment.claim(
        claim_key, claimant, mqtt_password_hash=password.password_hash, previous_device=previous
    )
    known = await _find_known(at.devices, claimant.serial)
    if known is None:
        await _require_registrable(at.devices, claimant)
    else:
        await at.enrolment.require_right(known.uuid, previous_device=previous)
    return Claimed(challenge=challenge, mqtt_password=password.text)


async def _shown_device(security: SecurityService, key: Secret, address: str | None) -> UUID | None:
    """Which device a key proves its bearer to be, who comes from there."""
    shown = await security.authenticate(key)
    return shown.device_uuid if isinstance(shown, Principal) and shown.is_welcome_from(address) else None


async def prove_device(at: Registrar, enrolment_id: UUID, answer: str) -> Enrolment:
    """The second step: registers the device, or gives a known one its new key in the place of its old ones.

    Either has its MQTT account then, with the password that it was given with the key and no older one. A device that was registered
    before it came, or that lost its key, keeps its identity, its history and the name people gave it. What held at the claim is looked at again, since minutes may lie between. Raises ProofRefused, DeviceEnrolled or DeviceNameTaken.
    """
    proved = await at.enrolment.prove(enrolment_id, answer)
    if proved.device_uuid is not None:
        return _enrolment(proved, proved.device_uuid, created=False)
    if at.acts is not None:
        await at.acts(proved.claim_key_id)
    known = await _find_known(at.devices, proved.serial)
    if known is not None:
        await at.enrolment.require_right(known.uuid, previous_device=proved.previous_device_uuid)
        await at.enrolment.use_permit(known.uuid)
        await at.security.revoke_device_keys(
            known.uuid, reason=f"enrolled again with claim key {proved.claim_key_id}"
        )
    device = known or await at.devices.create_device(name=proved.name, kind=proved.kind, serial=proved.serial)
    if proved.facts:
        await at.devices.record_host(device.uuid, proved.facts, [])
    await at.enrolment.complete(proved, device.uuid)
    await at.mqtt.put_device_user(device.uuid, proved.mqtt_password_hash)
    return _enrolment(proved, device.uuid, created=known is None)


def _enrolment(proved: StoredEnrolment, device_uuid: UUID, *, created: bool) -> Enrolment:
    return Enrolment(
        device_uuid=device_uuid, serial=proved.serial, claim_key_id=proved.claim_key_id, created=created
    )


async def _find_known(devices: DeviceService, serial: str | None) -> Device | None:
    return None if serial is None else await devices.find_device_by_serial(serial)


async def _require_registrable(devices: DeviceService, claimant: Claimant) -> None:
    try:
        await devices.require_registrable(name=claimant.name, kind=claimant.kind, serial=claimant.serial)
    except (Conflict, Invalid) as error:
        error.facts["outcome"] = "device_name_taken" if isinstance(error, Conflict) else "claim_invalid"
        raise


async def permit_enrolment(at: Registrar, uuid: UUID, *, by: str, lasts: timedelta) -> Permit:
    """Lets a device in service enrol again without its old key, once, within `lasts`. Raises DeviceNotFound or DeviceRetired."""
    device = await at.devices.get_device(uuid)
    if device.retired_at is not None:
        raise DeviceRetired(
            f"The device {device.name!r} is out of service.",
            hint=f"Restore it first: iotistic devices restore {uuid}",
        )
    return await at.enrolment.permit(uuid, by=by, lasts=lasts)
