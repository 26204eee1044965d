"""Reading MQTT accounts, certificates and the digital twin over HTTP."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from iotistic.bootstrap.platform import Platform
from iotistic.mqtt import BrokerStats
from iotistic.secret import Secret
from iotistic.security import Role
from iotistic.twin import EntityDraft
from iotistic.vpn import IssuedCertificate
from tests.integration.http.conftest import EnrolledDevice, MakeClient

API = "/api/v1"
NOW = datetime.now(UTC)


@pytest.fixture
def viewer(people: dict[Role, Secret], client_with: MakeClient) -> httpx.AsyncClient:
    return client_with(people["viewer"])


@pytest_asyncio.fixture
async def filled(platform: Platform, device: EnrolledDevice) -> AsyncIterator[EnrolledDevice]:
    """A device with an account, a certificate and a place in a building."""
    async with platform.begin() as work:
        await work.mqtt.create_user("svc-http", kind="service")
        await work.vpn.record_certificate(
            IssuedCertificate(
                fingerprint=hashlib.sha256(device.uuid.bytes).digest(),
                issuer="Test",
                serial=f"a{device.uuid.hex}",
                common_name=device.name[:64],
                device_uuid=device.uuid,
                not_before=NOW - timedelta(days=1),
                not_after=NOW + timedelta(days=1),
            )
        )
        await work.twin.put_entity("http", "HOUSE", EntityDraft(ifc_class="IfcBuilding", name="House"))
        await work.twin.put_entity(
            "http", "PUMP", EntityDraft(ifc_class="IfcPump", properties={"a": {"b": 1}})
        )
        await work.twin.relate("http", "HOUSE", "contains", "PUMP")
        await work.twin.link_device("http", "PUMP", device.uuid)
    yield device
    async with platform.begin() as work:
        for statement in (
            "DELETE FROM digital_twin_entities",
            "DELETE FROM mqtt_users",
            "DELETE FROM vpn_certificates",
        ):
            await work.connection.execute(statement)  # type: ignore[call-overload]


async def read(client: httpx.AsyncClient, path: str, **query: Any) -> Any:  # noqa: ANN401 - any JSON
    answer = await client.get(f"{API}{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


PATHS = [
    "/mqtt/users",
    "/mqtt/users/svc-http",
    "/mqtt/acls",
    "/mqtt/check?username=svc-http&topic=a",
    "/mqtt/brokers/1/stats",
    "/mqtt/brokers/1/topics",
    "/vpn/certificates",
    "/vpn/certificates/" + "a" * 64,
    "/twin/models",
    "/twin/models/http/entities",
    "/twin/models/http/entities/PUMP",
    "/twin/models/http/entities/PUMP/parts",
]


@pytest.mark.parametrize("path", PATHS)
async def test_a_stranger_and_a_device_read_nothing_of_it(
    stranger: httpx.AsyncClient, device: EnrolledDevice, path: str
) -> None:
    assert (await stranger.get(f"{API}{path}")).status_code == 401
    assert (await device.client.get(f"{API}{path}")).status_code == 403


async def test_accounts_and_rules_are_read_without_hashes(
    viewer: httpx.AsyncClient, filled: EnrolledDevice
) -> None:
    name = str(filled.uuid)
    first = await read(viewer, "/mqtt/users", limit=1)
    rest = await read(viewer, "/mqtt/users", after=first["next"])
    everybody = [*first["items"], *rest["items"]]
    usernames = [one["username"] for one in everybody]
    assert usernames == sorted(usernames)
    assert {name, "svc-http"} <= set(usernames)
    assert all("hash" not in key for one in everybody for key in one)
    devices = [one["username"] for one in (await read(viewer, "/mqtt/users", kind="device"))["items"]]
    assert name in devices
    assert "svc-http" not in devices
    assert (await read(viewer, f"/mqtt/users/{name}"))["device_uuid"] == name
    rules = (await read(viewer, "/mqtt/acls", username=name))["items"]
    assert [(one["access"], one["origin"]) for one in rules] == [(2, "template"), (5, "template")]
    assert (await viewer.get(f"{API}/mqtt/users/nobody")).json()["code"] == "mqtt_user_not_found"


async def test_one_can_ask_what_a_broker_would_decide(
    viewer: httpx.AsyncClient, filled: EnrolledDevice
) -> None:
    name = str(filled.uuid)
    yes = await read(viewer, "/mqtt/check", username=name, topic=f"iot/device/{name}/up/x")
    assert (yes["allowed"], yes["rule"]["topic"]) == (True, "iot/device/%u/up/#")
    no = await read(viewer, "/mqtt/check", username=name, topic="iot/device/#", access="subscribe")
    assert (no["allowed"], no["reason"], no["rule"]) == (False, "no_rule", None)


async def test_a_device_learns_where_the_broker_is_as_soon_as_one_is_in_use(
    platform: Platform, device: EnrolledDevice, stranger: httpx.AsyncClient
) -> None:
    path = f"{API}/mqtt/broker"
    assert (await stranger.get(path)).status_code == 401
    missing = await device.client.get(path)
    assert (missing.status_code, missing.json()["code"]) == (404, "mqtt_broker_not_found")
    async with platform.begin() as work:
        before = (await work.configuration.get_setting("mqtt.brokers.1")).value
        await work.configuration.set_setting(
            "mqtt.brokers.1", {**before, "isActive": True, "username": "platform"}
        )
    try:
        async with asyncio.timeout(20):
            while (answer := await device.client.get(path)).status_code != 200:
                await asyncio.sleep(0.01)
        assert answer.json() == {
            "protocol": "mqtt",
            "host": "localhost",
            "port": 1883,
            "keep_alive": 60,
            "verify_certificate": True,
            "ca_cert": None,
        }
    finally:
        async with platform.begin() as work:
            await work.configuration.set_setting("mqtt.brokers.1", before)


async def test_what_brokers_say_is_read_by_time(platform: Platform, viewer: httpx.AsyncClient) -> None:
    async with platform.begin() as work:
        await work.mqtt.record_broker_stats([BrokerStats(broker_id=7, timestamp=NOW, clients_connected=3)])
    found = await read(viewer, "/mqtt/brokers/7/stats", **{"from": (NOW - timedelta(minutes=1)).isoformat()})
    assert [(one["clients_connected"], one["bytes_sent"]) for one in found] == [(3, None)]
    assert await read(viewer, "/mqtt/brokers/7/topics") == []
    assert (await viewer.get(f"{API}/mqtt/brokers/0/stats")).status_code == 422


async def test_certificates_are_read_by_device_and_fingerprint(
    viewer: httpx.AsyncClient, filled: EnrolledDevice
) -> None:
    (one,) = (await read(viewer, "/vpn/certificates", device=str(filled.uuid)))["items"]
    assert one["state"] == "valid"
    assert await read(viewer, f"/vpn/certificates/{one['fingerprint']}") == one
    missing = await viewer.get(f"{API}/vpn/certificates/{'0' * 64}")
    assert (missing.status_code, missing.json()["code"]) == (404, "certificate_not_found")
    assert (await viewer.get(f"{API}/vpn/certificates/{'x' * 64}")).status_code == 422
    assert (await viewer.get(f"{API}/vpn/certificates/{':' * 70}")).status_code in {404, 422}


async def test_a_building_is_read_from_the_top_and_from_a_device(
    viewer: httpx.AsyncClient, filled: EnrolledDevice
) -> None:
    assert await read(viewer, "/twin/models") == [{"model": "http", "entities": 2, "devices": 1}]
    page = await read(viewer, "/twin/models/http/entities", limit=1)
    rest = await read(viewer, "/twin/models/http/entities", after=page["next"])
    assert [one["global_id"] for one in (*page["items"], *rest["items"])] == ["HOUSE", "PUMP"]
    parts = await read(viewer, "/twin/models/http/entities/HOUSE/parts")
    assert [(one["global_id"], one["depth"]) for one in parts] == [("HOUSE", 0), ("PUMP", 1)]
    thing = await read(viewer, f"/twin/devices/{filled.uuid}")
    assert (thing["global_id"], thing["properties"]) == ("PUMP", {"a": {"b": 1}})
    places = await read(viewer, "/twin/models/http/entities/PUMP/places")
    assert [one["global_id"] for one in places] == ["HOUSE"]
    (relation,) = await read(viewer, "/twin/models/http/entities/PUMP/relations")
    assert (relation["kind"], relation["direction"], relation["global_id"]) == ("contains", "from", "HOUSE")
    for missing in ("/twin/models/http/entities/pump", "/twin/devices/3c0fbd7e-5c1d-4b86-9a52-2d1f4a6e8b90"):
        assert (await viewer.get(f"{API}{missing}")).json()["code"] == "twin_entity_not_found"
