"""Certificates of the VPN: kept, found, taken back for good."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from iotistic.database.pool import Connection
from iotistic.devices import DeviceService
from iotistic.vpn import (
    CertificateExists,
    CertificateInvalid,
    CertificateNotFound,
    IssuedCertificate,
    VpnService,
)

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def issued(number: int, **changes: object) -> IssuedCertificate:
    facts: dict[str, object] = {
        "fingerprint": hashlib.sha256(str(number).encode()).digest(),
        "issuer": "Iotistic VPN",
        "serial": f"{number:x}",
        "common_name": f"device-{number}",
        "device_uuid": None,
        "not_before": NOW - DAY,
        "not_after": NOW + 90 * DAY,
    }
    return IssuedCertificate(**{**facts, **changes})  # type: ignore[arg-type]


def fingerprint(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


async def make_device(connection: Connection) -> UUID:
    return (await DeviceService(connection).create_device(name="pump", kind="sensor")).uuid


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "valid"),
        ({"not_before": NOW + DAY}, "early"),
        ({"not_after": NOW - timedelta(hours=1)}, "expired"),
    ],
)
async def test_a_certificate_says_in_which_state_it_is(
    connection: Connection, changes: dict[str, object], state: str
) -> None:
    vpn = VpnService(connection)
    await vpn.record_certificate(issued(1, **changes))
    assert (await vpn.get_certificate(fingerprint(1))).state == state


async def test_it_is_found_by_what_openssl_prints(connection: Connection) -> None:
    vpn = VpnService(connection)
    await vpn.record_certificate(issued(1))
    text = fingerprint(1).upper()
    printed = ":".join(text[place : place + 2] for place in range(0, 64, 2))
    assert (await vpn.get_certificate(printed)).serial == "1"
    with pytest.raises(CertificateNotFound):
        await vpn.get_certificate(fingerprint(2))
    with pytest.raises(CertificateInvalid):
        await vpn.get_certificate("no fingerprint")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"fingerprint": b"short"}, CertificateInvalid),
        ({"serial": "0a"}, CertificateInvalid),
        ({"serial": "A"}, CertificateInvalid),
        ({"serial": "1" * 41}, CertificateInvalid),
        ({"common_name": ""}, CertificateInvalid),
        ({"not_after": NOW - DAY}, CertificateInvalid),
        ({"device_uuid": uuid4()}, CertificateInvalid),
        ({"serial": "1"}, CertificateExists),
        ({"fingerprint": hashlib.sha256(b"1").digest()}, CertificateExists),
    ],
)
async def test_what_no_certificate_can_be_is_refused(
    connection: Connection, changes: dict[str, object], error: type[Exception]
) -> None:
    vpn = VpnService(connection)
    await vpn.record_certificate(issued(1))
    with pytest.raises(error):
        await vpn.record_certificate(issued(2, **changes))


async def test_another_authority_may_give_the_same_serial(connection: Connection) -> None:
    vpn = VpnService(connection)
    await vpn.record_certificate(issued(1))
    await vpn.record_certificate(issued(2, serial="1", issuer="Another"))


async def test_what_is_taken_back_stays_so_with_its_first_reason(connection: Connection) -> None:
    vpn = VpnService(connection)
    await vpn.record_certificate(issued(1))
    assert await vpn.revoke(fingerprint(1), "key_compromise")
    assert not await vpn.revoke(fingerprint(1), "superseded")
    found = await vpn.get_certificate(fingerprint(1))
    assert (found.state, found.revocation_reason) == ("revoked", "key_compromise")
    with pytest.raises(CertificateNotFound):
        await vpn.revoke(fingerprint(2), "superseded")


async def test_a_list_of_revoked_ones_forgets_only_what_ended_a_day_ago(connection: Connection) -> None:
    vpn = VpnService(connection)
    for number, ends in ((1, 90 * DAY), (2, timedelta(hours=-23)), (3, timedelta(hours=-25)), (4, 90 * DAY)):
        await vpn.record_certificate(issued(number, not_before=NOW - 9 * DAY, not_after=NOW + ends))
    for number in (1, 2, 3):
        await vpn.revoke(fingerprint(number), "superseded")
    assert sorted(one.serial for one in await vpn.list_revoked("Iotistic VPN")) == ["1", "2"]
    assert await vpn.list_revoked("Another") == []


async def test_a_device_loses_all_of_its_own_and_nobody_elses(connection: Connection) -> None:
    vpn = VpnService(connection)
    uuid = await make_device(connection)
    await vpn.record_certificate(issued(1, device_uuid=uuid))
    await vpn.record_certificate(issued(2, device_uuid=uuid, not_after=NOW + 10 * DAY))
    await vpn.record_certificate(issued(3))
    assert [one.serial for one in await vpn.list_ending(uuid, until=NOW + 30 * DAY)] == ["2"]
    assert await vpn.revoke_of_device(uuid, "cessation_of_operation") == 2
    assert await vpn.revoke_of_device(uuid, "cessation_of_operation") == 0
    assert await vpn.list_ending(uuid, until=NOW + 30 * DAY) == []
    assert (await vpn.get_certificate(fingerprint(3))).state == "valid"


async def test_a_certificate_outlives_its_device_and_stays_revoked(connection: Connection) -> None:
    vpn = VpnService(connection)
    uuid = await make_device(connection)
    await vpn.record_certificate(issued(1, device_uuid=uuid))
    await vpn.revoke_of_device(uuid, "cessation_of_operation")
    await connection.execute("DELETE FROM devices WHERE uuid = %s", (uuid,))
    found = await vpn.get_certificate(fingerprint(1))
    assert (found.device_uuid, found.state) == (None, "revoked")


async def test_certificates_are_listed_in_pages(connection: Connection) -> None:
    vpn = VpnService(connection)
    uuid = await make_device(connection)
    for number in range(1, 6):
        await vpn.record_certificate(issued(number, device_uuid=uuid if number == 3 else None))
    expected = sorted(fingerprint(number) for number in range(1, 6))
    first = await vpn.list_certificates(limit=2)
    rest = await vpn.list_certificates(after=first[-1].fingerprint)
    assert [one.fingerprint for one in (*first, *rest)] == expected
    assert [one.serial for one in await vpn.list_certificates(device_uuid=uuid)] == ["3"]
