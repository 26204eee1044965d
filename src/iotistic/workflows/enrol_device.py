"""Letting a device in: a claim key, an entry in the registry, a key of its own."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from iotistic.devices import DeviceService
from iotistic.secret import Secret
from iotistic.security import SecurityService

__all__ = ["Enrolment", "enrol_device"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What a device that was let in needs to know."""

    device_uuid: UUID
    api_key: Secret
    """Its own key from now on: told once."""
    created: bool
    """False: the device was known by its serial and got a new key, its old ones are revoked."""


async def enrol_device(
    devices: DeviceService,
    security: SecurityService,
    *,
    claim_key: Secret,
    name: str,
    kind: str,
    serial: str | None,
    facts: dict[str, Any],
) -> Enrolment:
    """Registers the device and issues its key, or, for a serial in service, replaces its keys.

    The claim is counted in the same transaction: a refused name costs no use, and neither does a device that asks again because
    it got no answer. A device that lost its key keeps its identity, its history and the name people gave it. Raises ClaimKeyRefused,
    ClaimantInvalid, DeviceNameTaken or DeviceInvalid.
    """
    claim = await security.claim(claim_key, serial=serial)
    known = None if serial is None else await devices.find_device_by_serial(serial)
    if known is not None:
        await security.revoke_device_keys(known.uuid, reason=f"enrolled again with claim key {claim}")
    device = known or await devices.create_device(name=name, kind=kind, serial=serial)
    if facts:
        await devices.record_host(device.uuid, facts, [])
    issued = await security.issue_device_key(device.uuid, reason=f"enrolled with claim key {claim}")
    return Enrolment(device_uuid=device.uuid, api_key=issued.text, created=known is None)
