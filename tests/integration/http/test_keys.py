"""Keys over HTTP: made and replaced by people, fetched by devices, and refused in every process at once."""

import asyncio
from itertools import count

import httpx
import pytest
from fastapi import FastAPI

from iotistic.bootstrap.key_rounds import advance_rotations
from iotistic.bootstrap.platform import Platform, open_platform
from iotistic.http import create_platform_app
from iotistic.secret import Secret
from iotistic.security import Principal, Role
from tests.integration.http.conftest import EnrolledDevice, MakeClient, MakeDevice

BRIEFLY = {"lasts_seconds": 600}
"""Not longer than the keys of the callers here: no key makes one of its bearer's that outlives it."""
SUCCESSOR = "/api/v1/auth/key/successor"
REPORT = {"reports": [{"metrics": {"cpu_usage": 1.0}}]}
_numbers = count(1)


@pytest.fixture
def manager(people: dict[Role, Secret], client_with: MakeClient) -> httpx.AsyncClient:
    return client_with(people["manager"])


@pytest.fixture
async def exporter(platform: Platform) -> str:
    """A service that looks at everything."""
    name = f"exporter-{next(_numbers)}"
    async with platform.begin() as work:
        await work.security.create_service(name, "viewer")
    return name


async def key_of(client: httpx.AsyncClient) -> str:
    return str((await client.get("/api/v1/auth/me")).json()["key_id"])


async def status_soon(client: httpx.AsyncClient, path: str, status: int) -> float:
    """How long it took until it was answered so: the news is on its way for a moment."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(60):
        while (await client.get(path)).status_code != status:
            await asyncio.sleep(0.005)
    return loop.time() - began


async def test_a_service_gets_a_key_that_carries_its_scopes_and_no_more(
    manager: httpx.AsyncClient, client_with: MakeClient, exporter: str
) -> None:
    made = await manager.post(
        "/api/v1/keys", json={"username": exporter, "label": "export", "scopes": ["telemetry:read"]}
    )
    assert made.status_code == 201, made.text
    assert made.json()["key"].startswith("iot_svc_")
    service = client_with(Secret(made.json()["key"]))
    assert (await service.get("/api/v1/metrics/latest?names=cpu_usage")).status_code == 200
    refused = await service.get("/api/v1/devices")
    assert (refused.status_code, refused.json()["code"]) == (403, "role_too_low")
    seen = (await manager.get(f"/api/v1/keys/{made.json()['key_id']}")).json()
    assert (seen["username"], seen["scopes"], seen["created_by"]) == (exporter, ["telemetry:read"], "manager")
    assert made.json()["key"] not in str(seen)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": "nobody", "scopes": ["telemetry:read"]}, 404),
        ({"username": "operator", "scopes": ["telemetry:read"]}, 403),
        ({"username": "nobody", "scopes": []}, 422),
        ({"username": "nobody", "scopes": ["no permission"]}, 422),
        ({"username": "nobody", "networks": ["192.0.2.1/24"]}, 422),
        ({"username": "nobody", "lasts_seconds": 0}, 422),
        ({"username": "nobody", "label": "x" * 101}, 422),
    ],
)
async def test_what_is_no_key_is_told(manager: httpx.AsyncClient, body: object, status: int) -> None:
    refused = await manager.post("/api/v1/keys", json=body)
    assert refused.status_code == status, refused.text


async def test_a_scope_that_there_is_not_is_told(manager: httpx.AsyncClient, exporter: str) -> None:
    refused = await manager.post("/api/v1/keys", json={"username": exporter, "scopes": ["cows:milk"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "key_invalid")


async def test_an_answer_with_a_key_is_kept_by_nobody(manager: httpx.AsyncClient) -> None:
    for path in (
        "/api/v1/keys",
        "/api/v1/auth/keys",
        "/api/v1/keys/x/rotation",
        "/api/v1/auth/keys/x/rotation",
    ):
        refused = await manager.post(path, json={}, headers={"Idempotency-Key": "once"})
        assert refused.json()["code"] == "idempotency_unsupported", path


async def test_people_keep_keys_of_their_own_and_see_no_others(
    operator: httpx.AsyncClient, viewer: httpx.AsyncClient, client_with: MakeClient
) -> None:
    made = (await operator.post("/api/v1/auth/keys", json={"label": "mine"} | BRIEFLY)).json()
    mine = client_with(Secret(made["key"]))
    assert (await mine.get("/api/v1/auth/me")).json()["username"] == "operator"
    assert made["key_id"] in {key["key_id"] for key in (await mine.get("/api/v1/auth/keys")).json()}
    assert made["key_id"] not in (await viewer.get("/api/v1/auth/keys")).text
    for method, path in (("DELETE", ""), ("POST", "/rotation")):
        refused = await viewer.request(method, f"/api/v1/auth/keys/{made['key_id']}{path}", json={})
        assert (refused.status_code, refused.json()["code"]) == (404, "key_not_found")
    revoked = await operator.delete(f"/api/v1/auth/keys/{made['key_id']}")
    assert (revoked.status_code, revoked.json()["state"]) == (200, "revoked")
    await status_soon(mine, "/api/v1/auth/me", 401)


async def test_a_key_of_ones_own_is_replaced_with_two_good_at_once(
    operator: httpx.AsyncClient, client_with: MakeClient
) -> None:
    made = (await operator.post("/api/v1/auth/keys", json=BRIEFLY)).json()
    told = (await operator.post(f"/api/v1/auth/keys/{made['key_id']}/rotation", json={})).json()
    old, new = client_with(Secret(made["key"])), client_with(Secret(told["key"]))
    assert told["old"]["state"] == "retiring"
    assert "key-retires" in (await old.get("/api/v1/auth/me")).headers
    assert "key-retires" not in (await new.get("/api/v1/auth/me")).headers
    await status_soon(old, "/api/v1/auth/me", 401)
    again = await operator.post(f"/api/v1/auth/keys/{made['key_id']}/rotation", json={})
    assert (again.status_code, again.json()["code"]) == (409, "key_over")


async def test_a_device_is_told_to_fetch_its_next_key_and_goes_on_with_it(
    manager: httpx.AsyncClient, device: EnrolledDevice, client_with: MakeClient
) -> None:
    path = f"{device.path}/metrics"
    assert "key-retires" not in (await device.client.post(path, json=REPORT)).headers
    asked = await manager.post(f"/api/v1/keys/{await key_of(device.client)}/rotation", json={})
    assert (asked.status_code, asked.json()["key"]) == (200, None)
    async with asyncio.timeout(60):
        while "key-retires" not in (answer := await device.client.post(path, json=REPORT)).headers:
            await asyncio.sleep(0.005)
    assert answer.status_code == 200
    fetched = await device.client.post(SUCCESSOR)
    assert fetched.status_code == 200, fetched.text
    assert fetched.json()["device_uuid"] == str(device.uuid)
    following = client_with(Secret(fetched.json()["api_key"]))
    assert (await following.post(path, json=REPORT)).status_code == 200
    await status_soon(device.client, "/api/v1/auth/me", 401)
    refused = await device.client.post(SUCCESSOR)
    assert (refused.status_code, refused.json()["code"]) == (401, "successor_refused")
    report = (await manager.get("/api/v1/keys/report")).json()
    assert report["devices"] > 0


async def test_after_the_grace_the_old_key_does_nothing_but_fetch(
    manager: httpx.AsyncClient, device: EnrolledDevice, client_with: MakeClient
) -> None:
    key_id = await key_of(device.client)
    await manager.post(f"/api/v1/keys/{key_id}/rotation", json={"grace_seconds": 0})
    await status_soon(device.client, "/api/v1/auth/me", 401)
    assert (await device.client.post(f"{device.path}/metrics", json=REPORT)).status_code == 401
    fetched = await device.client.post(SUCCESSOR)
    assert (await client_with(Secret(fetched.json()["api_key"])).get("/api/v1/auth/me")).status_code == 200


async def test_nothing_else_fetches_a_key(
    stranger: httpx.AsyncClient, operator: httpx.AsyncClient, device: EnrolledDevice, client_with: MakeClient
) -> None:
    assert (await stranger.post(SUCCESSOR)).json()["code"] == "key_missing"
    codes = set()
    for client in (
        operator,
        device.client,
        client_with(Secret("junk")),
        client_with(Secret(device.key.reveal()[:-1] + "x")),
    ):
        refused = await client.post(SUCCESSOR)
        assert refused.status_code == 401
        codes.add(refused.text.replace(refused.json()["request_id"], ""))
    assert len(codes) == 1


async def test_a_key_is_taken_only_from_its_networks_also_from_memory(
    app: FastAPI, operator: httpx.AsyncClient
) -> None:
    made = (
        await operator.post(
            "/api/v1/auth/keys", json={"networks": ["192.0.2.0/29", "2001:db8::/64"]} | BRIEFLY
        )
    ).json()

    async def answer(address: str) -> int:
        transport = httpx.ASGITransport(app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            headers = {"Authorization": f"Bearer {made['key']}"}
            return (await client.get("/api/v1/auth/me", headers=headers)).status_code

    for address in ("192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7"):
        assert await answer(address) == 200
    for address in ("192.0.2.8", "2001:db8:1::1", "testclient", "10.0.0.1"):
        assert await answer(address) == 401
    assert await answer("192.0.2.0") == 200


async def test_the_keys_of_a_fleet_are_replaced_by_the_housekeeper(
    platform: Platform, manager: httpx.AsyncClient, make_device: MakeDevice
) -> None:
    fleet = f"rotating-{next(_numbers)}"
    devices = [await make_device() for _ in range(3)]
    other = await make_device()
    assert (await manager.post("/api/v1/fleets", json={"name": fleet})).status_code == 201
    for device in devices:
        await manager.put(f"{device.path}/fleet", json={"fleet": fleet})
    begun = await manager.post("/api/v1/keys/rotations", json={"fleet": fleet, "reason": "yearly"})
    assert (begun.status_code, begun.json()["requested_by"]) == (202, "manager")
    assert await advance_rotations(platform) == f"rotation {begun.json()['id']}: 3 keys marked"
    assert await advance_rotations(platform) is None
    report = (await manager.get(f"/api/v1/keys/report?fleet={fleet}")).json()
    assert (report["devices"], report["on_old_key"]) == (3, 3)
    retiring = (await manager.get("/api/v1/keys?retiring=true&limit=1000")).json()["items"]
    assert {str(device.uuid) for device in devices} <= {key["device_uuid"] for key in retiring}
    assert str(other.uuid) not in {key["device_uuid"] for key in retiring}
    listed = (await manager.get("/api/v1/keys/rotations")).json()
    assert listed[0]["finished_at"] is not None
    assert (
        await manager.post("/api/v1/keys/rotations", json={"fleet": "no-such", "reason": "x"})
    ).status_code == 404


async def test_keys_are_listed_page_by_page_and_nobody_looks_who_only_views(
    manager: httpx.AsyncClient, viewer: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    page = (await manager.get("/api/v1/keys?limit=1")).json()
    following = (await manager.get(f"/api/v1/keys?limit=1&after={page['next']}")).json()
    assert page["items"][0]["key_id"] < following["items"][0]["key_id"]
    of_device = (await manager.get(f"/api/v1/keys?device={device.uuid}")).json()["items"]
    assert [key["kind"] for key in of_device] == ["device"]
    for path in ("/api/v1/keys", "/api/v1/keys/report", "/api/v1/keys/rotations", "/api/v1/keys/x"):
        assert (await viewer.get(path)).status_code == 403


async def test_the_last_use_of_a_key_is_written_down(
    platform: Platform, manager: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    key_id = await key_of(device.client)
    await platform.key_uses.flush()
    seen = (await manager.get(f"/api/v1/keys/{key_id}")).json()
    assert seen["last_used_from"] == "192.0.2.7"
    assert seen["last_used_at"] is not None


async def test_a_thousand_uses_of_a_key_are_one_write(platform: Platform, device: EnrolledDevice) -> None:
    await platform.key_uses.flush()
    for _ in range(1000):
        assert isinstance(await platform.authenticate(device.key, "192.0.2.7"), Principal)
    assert list(platform.key_uses._used) == [(await _principal(platform, device)).key_id]


async def _principal(platform: Platform, device: EnrolledDevice) -> Principal:
    found = await platform.authenticate(device.key, None)
    assert isinstance(found, Principal)
    return found


async def test_what_is_revoked_in_one_process_is_refused_in_another_within_a_second(
    platform: Platform, manager: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    """Two platforms on one database: each with its pool, its memory of keys and its own ear."""
    other = await open_platform(platform.settings, application_name="test-other")
    try:
        transport = httpx.ASGITransport(create_platform_app(other), client=("192.0.2.9", 1))
        headers = {"Authorization": f"Bearer {device.key.reveal()}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://other", headers=headers) as client:
            async with asyncio.timeout(60):
                while other.key_cache.find(device.key) is None:
                    assert (await client.get("/api/v1/auth/me")).status_code == 200
            key_id = await key_of(device.client)
            assert (await manager.delete(f"/api/v1/keys/{key_id}")).status_code == 200
            # A second on a machine of its own; this one may be busy with other tests.
            assert await status_soon(client, "/api/v1/auth/me", 401) < 30
        assert (await device.client.get("/api/v1/auth/me")).status_code == 401
    finally:
        await other.close()


async def test_a_key_in_the_query_string_is_no_key_and_in_no_log(
    stranger: httpx.AsyncClient, device: EnrolledDevice, caplog: pytest.LogCaptureFixture
) -> None:
    # Ours alone: the client of this test logs every address that it calls.
    with caplog.at_level("DEBUG", logger="iotistic"):
        for name in ("api_key", "key", "access_token", "token"):
            answer = await stranger.get(f"/api/v1/auth/me?{name}={device.key.reveal()}")
            assert answer.json()["code"] == "key_missing"
        await device.client.post(SUCCESSOR)
        await device.client.get(f"{device.path}/nowhere")
    own = [record for record in caplog.records if record.name.startswith("iotistic")]
    assert own
    assert device.key.reveal() not in "".join(str(vars(record)) for record in own)


async def test_the_case_of_a_key_matters(device: EnrolledDevice, client_with: MakeClient) -> None:
    text = device.key.reveal()
    for other in (text.upper(), text.swapcase(), text.replace("iot_dev", "IOT_DEV"), text + " ", f" {text}"):
        if other.strip() != text:
            assert (await client_with(Secret(other)).get("/api/v1/auth/me")).status_code == 401
