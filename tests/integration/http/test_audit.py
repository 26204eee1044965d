"""Who may see who changed what, and what a request leaves behind."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from iotistic.bootstrap.platform import Platform
from iotistic.secret import Secret
from iotistic.security import Role
from tests.integration.http.conftest import PASSWORD, EnrolledDevice, MakeClient

AUDIT = "/api/v1/audit"


@pytest.fixture
def admin(people: dict[Role, Secret], client_with: MakeClient) -> httpx.AsyncClient:
    """Somebody who may see it."""
    return client_with(people["admin"])


@pytest_asyncio.fixture(autouse=True)
async def _tidy(platform: Platform) -> AsyncIterator[None]:
    yield
    async with platform.begin() as work:
        await work.connection.execute("DELETE FROM devices WHERE name LIKE 'audited-%'")


async def entries(admin: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a query's values
    response = await admin.get(AUDIT, params=query)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


async def test_a_stranger_a_device_and_lower_roles_see_nothing(
    stranger: httpx.AsyncClient,
    device: EnrolledDevice,
    people: dict[Role, Secret],
    client_with: MakeClient,
) -> None:
    assert (await stranger.get(AUDIT)).status_code == 401
    assert (await device.client.get(AUDIT)).status_code == 403
    for role in ("viewer", "operator", "manager"):
        refused = await client_with(people[role]).get(AUDIT)
        assert (refused.status_code, refused.json()["code"]) == (403, "role_too_low")
    for role in ("admin", "owner"):
        assert (await client_with(people[role]).get(AUDIT)).status_code == 200


async def test_a_change_by_a_person_is_told_with_person_key_and_request(
    admin: httpx.AsyncClient, operator: httpx.AsyncClient
) -> None:
    request_id = f"test-{uuid4()}"
    made = await operator.post(
        "/api/v1/devices",
        json={"name": "audited-1", "kind": "sensor", "tags": {"site": "berlin"}},
        headers={"X-Request-ID": request_id},
    )
    assert made.status_code == 201
    told = await entries(admin, request_id=request_id)
    key_id = (await operator.get("/api/v1/auth/me")).json()["key_id"]
    assert {(e["actor_kind"], e["actor"], e["key_id"]) for e in told} == {("user", "operator", key_id)}
    assert {(e["resource"], e["device_uuid"]) for e in told} == {
        ("devices", made.json()["uuid"]),
        ("device_tags", made.json()["uuid"]),
    }


async def test_reading_leaves_no_entry(admin: httpx.AsyncClient, viewer: httpx.AsyncClient) -> None:
    request_id = f"test-{uuid4()}"
    await viewer.get("/api/v1/devices", headers={"X-Request-ID": request_id})
    assert await entries(admin, request_id=request_id) == []


async def test_a_login_is_told_as_the_key_that_the_person_got(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    request_id = f"test-{uuid4()}"
    await stranger.post(
        "/api/v1/auth/login",
        json={"username": "viewer", "password": PASSWORD.reveal()},
        headers={"X-Request-ID": request_id},
    )
    # The first login of a database makes the key that signs tokens, too.
    told = [entry for entry in await entries(admin, request_id=request_id) if entry["resource"] == "sessions"]
    assert [(entry["actor"], entry["action"]) for entry in told] == [("viewer", "created")]


async def test_a_claim_is_told_with_the_claim_key_that_it_came_with(
    admin: httpx.AsyncClient, stranger: httpx.AsyncClient, claim_key: Secret
) -> None:
    request_id = f"test-{uuid4()}"
    enrolled = await stranger.post(
        "/api/v1/devices/enrol",
        json={"name": "audited-2", "kind": "sensor"},
        headers={"Authorization": f"Bearer {claim_key.reveal()}", "X-Request-ID": request_id},
    )
    assert enrolled.status_code == 201
    told = await entries(admin, request_id=request_id)
    assert {entry["actor_kind"] for entry in told} == {"claim_key"}
    assert {entry["resource"] for entry in told} == {"provisioning_keys"}
    assert claim_key.reveal() not in str(told)
    assert enrolled.json()["api_key"] not in str(told)


async def test_pages_follow_one_another_with_the_same_filter(
    admin: httpx.AsyncClient, operator: httpx.AsyncClient
) -> None:
    device = (await operator.post("/api/v1/devices", json={"name": "audited-3", "kind": "sensor"})).json()
    for name in ("audited-4", "audited-5"):
        await operator.patch(f"/api/v1/devices/{device['uuid']}", json={"name": name})
    first = await admin.get(AUDIT, params={"device": device["uuid"], "limit": 2})
    assert [entry["after"]["name"] for entry in first.json()["items"]] == ["audited-5", "audited-4"]
    link = first.headers["link"].split(";")[0].strip("<>")
    second = (await admin.get(link)).json()
    assert [(entry["action"], entry["after"]["name"]) for entry in second["items"]] == [
        ("created", "audited-3")
    ]
    assert second["next"] is None


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "after=nonsense", "device=7", "from=yesterday", "resource_id=7", "actor=%00"],
)
async def test_a_question_that_makes_no_sense_is_refused(admin: httpx.AsyncClient, query: str) -> None:
    response = await admin.get(f"{AUDIT}?{query}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"].startswith("query.")


async def test_a_change_says_from_where_it_was_asked_for(
    admin: httpx.AsyncClient, operator: httpx.AsyncClient
) -> None:
    request_id = f"test-{uuid4()}"
    body = {"name": "audited-address", "kind": "sensor"}
    await operator.post("/api/v1/devices", json=body, headers={"X-Request-ID": request_id})
    found = await entries(admin, request_id=request_id)
    assert {one["address"] for one in found} == {"192.0.2.7"}


async def refused(platform: Platform, admin: httpx.AsyncClient, resource: str) -> dict[str, Any]:
    await platform.keep_refusals()
    newest = (await entries(admin, action="refused", resource=resource, limit=1))[0]
    assert (newest["actor"], newest["address"], newest["resource_id"]) == (
        "stranger",
        "192.0.2.7",
        "192.0.2.7",
    )
    told: dict[str, Any] = newest["after"]
    return told


async def test_refused_logins_are_told_with_the_accounts_that_were_tried(
    platform: Platform, admin: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    await platform.keep_refusals()
    for username in ("viewer", "viewer", "my secret in the wrong field"):
        body = {"username": username, "password": "wrong"}
        assert (await stranger.post("/api/v1/auth/login", json=body)).status_code == 401
    told = await refused(platform, admin, "logins")
    assert (told["count"], told["reasons"], told["names"]) == (3, {"login_refused": 3}, ["viewer"])


async def test_refused_keys_are_told_once_for_all_that_were_tried(
    platform: Platform, admin: httpx.AsyncClient, client_with: MakeClient, device: EnrolledDevice
) -> None:
    await platform.keep_refusals()
    async with platform.begin() as work:
        await work.security.revoke_device_keys(device.uuid, reason="test")
    async with asyncio.timeout(60):
        while (await device.client.get(f"{device.path}/shadow")).status_code != 401:
            await asyncio.sleep(0.01)
    junk = client_with(Secret("iot_d_nothing"))
    for _ in range(5):
        assert (await junk.get("/api/v1/devices")).status_code == 401
    told = await refused(platform, admin, "keys")
    assert told["reasons"] == {"revoked": 1, "malformed": 5}
    assert len(told["names"]) == 1
    assert device.key.reveal() not in str(told)
