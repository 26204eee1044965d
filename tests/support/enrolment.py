"""A device that enrols, both steps at once, for tests that are about something else."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.devices import DeviceService
from iotistic.jobs import JobDesk
from iotistic.mqtt import MqttService
from iotistic.secret import Secret
from iotistic.security.enrolment import Claimant, answer_to
from iotistic.twin import TwinService
from iotistic.vpn import VpnService
from iotistic.workflows import Keepers, Registrar, claim_device, prove_device
from tests.support.services import enrolment_service, security_service

__all__ = ["Enrolled", "enrol_device", "keepers", "registrar"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A device that came in."""

    device_uuid: UUID
    api_key: Secret
    mqtt_password: Secret
    created: bool


def registrar(connection: Connection) -> Registrar:
    """The services that enrolling takes, on a test's connection."""
    return Registrar(
        devices=DeviceService(connection),
        security=security_service(connection),
        enrolment=enrolment_service(connection),
        mqtt=MqttService(connection),
    )


def keepers(connection: Connection) -> Keepers:
    """Those who keep something of a device, on a test's connection."""
    return Keepers(
        devices=DeviceService(connection),
        security=security_service(connection),
        enrolment=enrolment_service(connection),
        jobs=JobDesk(connection),
        mqtt=MqttService(connection),
        vpn=VpnService(connection),
        twin=TwinService(connection),
    )


async def enrol_device(
    at: Registrar,
    *,
    claim_key: Secret,
    name: str,
    kind: str = "sensor",
    serial: str | None = None,
    facts: dict[str, Any] | None = None,
    previous_key: Secret | None = None,
) -> Enrolled:
    """Claims, answers, and is in."""
    claimant = Claimant(name=name, kind=kind, serial=serial, facts=facts or {})
    claimed = await claim_device(at, claimant, claim_key=claim_key, previous_key=previous_key)
    challenge = claimed.challenge
    answer = answer_to(challenge.challenge, challenge.api_key)
    done = await prove_device(at, challenge.enrolment_id, answer)
    return Enrolled(
        device_uuid=done.device_uuid,
        api_key=challenge.api_key,
        mqtt_password=claimed.mqtt_password,
        created=done.created,
    )
