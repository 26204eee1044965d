"""Who may not: strangers, the wrong kind of key, the wrong role, the wrong device. Told for every route there is."""

import asyncio
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from iotistic.bootstrap.platform import Platform
from iotistic.http import create_platform_app
from iotistic.http.access import OPEN_PATHS
from iotistic.secret import Secret
from iotistic.security import Role
from tests.integration.http.conftest import EnrolledDevice, MakeClient, MakeDevice

DOCUMENT: dict[str, Any] = create_platform_app().openapi()
OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
CLOSED = [(method, path) for method, path, _ in OPERATIONS if path not in OPEN_PATHS]
INGEST = [(method, path) for method, path, operation in OPERATIONS if "ingest" in operation["tags"]]
WITH_DEVICE_KEYS = [
    (method, path) for method, path, operation in OPERATIONS if "device_key" in str(operation.get("security"))
]
FOR_DEVICES = [(method, path) for method, path in WITH_DEVICE_KEYS if "{uuid}" in path]
FOR_PEOPLE = [
    route for route in CLOSED if route not in WITH_DEVICE_KEYS and route != ("GET", "/api/v1/auth/me")
]
OWN = {  # what anybody with an account keeps for oneself: test_dashboards shows that it is nobody else's
    ("POST", "/api/v1/dashboards"),
    ("PUT", "/api/v1/dashboards/{id}"),
    ("DELETE", "/api/v1/dashboards/{id}"),
}
CHANGES = [route for route in FOR_PEOPLE if route[0] != "GET" and "auth" not in route[1] and route not in OWN]


@pytest_asyncio.fixture(scope="module")
async def one(make_device: MakeDevice) -> EnrolledDevice:
    """A device that is refused, or refused to somebody, at every route: nothing happens to it, so all these tests share it."""
    return await make_device()


@pytest_asyncio.fixture(scope="module")
async def another(make_device: MakeDevice) -> EnrolledDevice:
    """The same, of somebody else."""
    return await make_device()


def fill(path: str, uuid: object = "00000000-0000-4000-8000-000000000000") -> str:
    known = {"uuid": str(uuid), "key": "site", "half": "desired"}
    return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], "1"), path)


def test_the_routes_were_found() -> None:
    assert len(CLOSED) > 15
    assert len(INGEST) >= 4
    assert set(INGEST) <= set(FOR_DEVICES)
    assert len(CHANGES) >= 3


def test_no_more_paths_are_open_than_these() -> None:
    assert {
        "/",
        "/docs",
        "/health",
        "/live",
        "/openapi.json",
        "/ready",
        "/api/v1/auth/key/successor",
        "/api/v1/auth/login",
        "/api/v1/auth/refresh",
        "/api/v1/devices/enrol",
        "/api/v1/devices/enrol/proof",
    } == OPEN_PATHS


@pytest.mark.parametrize(("method", "path"), CLOSED)
async def test_a_stranger_is_asked_for_a_key(stranger: httpx.AsyncClient, method: str, path: str) -> None:
    response = await stranger.request(method, fill(path))
    assert response.status_code == 401
    assert response.json()["code"] == "key_missing"
    assert response.headers["www-authenticate"] == 'Bearer realm="iotistic"'


@pytest.mark.parametrize("path", ["/api/v1/devices/enrol", "/api/v1/devices/enrol/proof"])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_an_open_path_is_open_for_nothing_else(
    stranger: httpx.AsyncClient, method: str, path: str
) -> None:
    response = await stranger.request(method, path, json={"name": "x"})
    assert response.status_code in {401, 405}


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/admin", "/docs/", "/api/v1/auth/login/", "/health/x"])
async def test_a_stranger_does_not_learn_what_exists(stranger: httpx.AsyncClient, path: str) -> None:
    assert (await stranger.get(path)).status_code == 401


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YWRtaW46YWRtaW4=",
        "Bearer a b",
        "iot_usr_aaaaaaaaaaaa_" + "x" * 38,
    ],
)
async def test_a_header_without_a_key_is_none(stranger: httpx.AsyncClient, authorization: str) -> None:
    response = await stranger.get("/api/v1/devices", headers={"Authorization": authorization})
    assert (response.status_code, response.json()["code"]) == (401, "key_missing")


@pytest.mark.parametrize(
    "key", ["x", "iot_usr_aaaaaaaaaaaa_" + "x" * 38, "Ω".encode().decode("latin-1"), "a" * 5000]
)
@pytest.mark.parametrize("header", ["Authorization", "X-Device-API-Key"])
async def test_a_made_up_key_is_refused(stranger: httpx.AsyncClient, header: str, key: str) -> None:
    value = f"Bearer {key}" if header == "Authorization" else key
    response = await stranger.get("/api/v1/auth/me", headers=[(header.encode(), value.encode("latin-1"))])
    assert response.status_code == 401
    assert key not in response.text


async def test_a_key_with_another_secret_is_refused_and_nothing_is_told(
    stranger: httpx.AsyncClient, device: EnrolledDevice, other_device: EnrolledDevice
) -> None:
    mine, theirs = device.key.reveal(), other_device.key.reveal()
    mixed = mine[:21] + theirs[21:]
    response = await stranger.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {mixed}"})
    assert (response.status_code, response.json()["code"]) == (401, "key_refused")
    assert response.headers["www-authenticate"] == 'Bearer realm="iotistic", error="invalid_token"'


async def test_a_claim_key_opens_nothing_but_enrolment(claim_key: Secret, client_with: MakeClient) -> None:
    assert (await client_with(claim_key).get("/api/v1/auth/me")).status_code == 401


async def test_an_expired_key_is_refused(
    platform: Platform, people: dict[Role, Secret], client_with: MakeClient
) -> None:
    assert people
    async with platform.begin() as work:
        user = await work.security.create_user("late-comer", Secret("a long enough password"), "viewer")
        issued = await work.security.issue_user_key(user.id, lasts=timedelta(microseconds=1), reason="test")
    response = await client_with(issued.text).get("/api/v1/auth/me")
    assert (response.status_code, response.json()["code"]) == (401, "key_refused")


@pytest.mark.parametrize(("method", "path"), FOR_PEOPLE)
async def test_a_device_is_no_person(one: EnrolledDevice, method: str, path: str) -> None:
    response = await one.client.request(method, fill(path, one.uuid), json={"name": "x", "value": "x"})
    assert (response.status_code, response.json()["code"]) == (403, "user_key_needed")


@pytest.mark.parametrize(("method", "path"), INGEST)
async def test_a_person_is_no_device(
    operator: httpx.AsyncClient, one: EnrolledDevice, method: str, path: str
) -> None:
    response = await operator.request(method, fill(path, one.uuid), json={})
    assert (response.status_code, response.json()["code"]) == (403, "device_key_needed")


@pytest.mark.parametrize(("method", "path"), FOR_DEVICES)
async def test_a_device_has_nothing_to_do_with_another(
    one: EnrolledDevice, another: EnrolledDevice, method: str, path: str
) -> None:
    response = await one.client.request(method, fill(path, another.uuid), json={})
    assert (response.status_code, response.json()["code"]) == (403, "not_your_device")


@pytest.mark.parametrize(("method", "path"), FOR_DEVICES)
async def test_a_device_has_nothing_to_do_with_one_that_does_not_exist(
    one: EnrolledDevice, method: str, path: str
) -> None:
    assert (await one.client.request(method, fill(path, uuid4()), json={})).status_code == 403


@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_a_viewer_changes_nothing(
    viewer: httpx.AsyncClient, one: EnrolledDevice, method: str, path: str
) -> None:
    response = await viewer.request(method, fill(path, one.uuid), json={"name": "taken over", "value": "x"})
    assert (response.status_code, response.json()["code"]) == (403, "role_too_low")


@pytest.mark.parametrize("role", ["owner", "admin", "manager", "operator"])
async def test_the_other_roles_do(
    people: dict[Role, Secret], client_with: MakeClient, device: EnrolledDevice, role: Role
) -> None:
    response = await client_with(people[role]).put(f"{device.path}/tags/by", json={"value": role})
    assert response.status_code == 204


@pytest.fixture
def careless(platform: Platform) -> FastAPI:
    """An application with a route that somebody forgot to protect."""
    app = create_platform_app(platform)

    @app.get("/forgotten")
    async def forgotten() -> str:
        return "secret"

    return app


async def test_a_route_that_was_forgotten_is_closed(careless: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(careless), base_url="http://test") as client:
        assert (await client.get("/forgotten")).status_code == 401


async def test_a_key_in_the_devices_own_header_is_as_good(
    stranger: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    response = await stranger.get("/api/v1/auth/me", headers={"X-Device-API-Key": device.key.reveal()})
    assert response.json()["device_uuid"] == str(device.uuid)


async def test_the_word_bearer_may_be_written_in_any_case(
    stranger: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    response = await stranger.get(
        "/api/v1/auth/me", headers={"Authorization": f"bEaReR  {device.key.reveal()} "}
    )
    assert response.status_code == 200


async def test_a_revoked_key_is_refused_from_the_next_request_on(
    platform: Platform, device: EnrolledDevice
) -> None:
    assert (await device.client.get("/api/v1/auth/me")).status_code == 200
    assert (await device.client.get("/api/v1/auth/me")).status_code == 200
    async with platform.begin() as work:
        assert await work.security.revoke_device_keys(device.uuid, reason="test") == 1
    assert await refused_soon(device.client)


async def test_a_key_that_cannot_be_checked_is_our_trouble_and_not_the_devices(
    platform: Platform, device: EnrolledDevice
) -> None:
    """A device that is told 401 gives its key up; one that is told 503 comes back."""
    async with platform.begin() as work:
        await work.connection.execute(
            "UPDATE api_keys SET pepper_version = 9 WHERE device_uuid = %s", [device.uuid]
        )
    response = await device.client.get("/api/v1/auth/me")
    assert (response.status_code, response.json()["code"]) == (503, "key_unverifiable")


async def refused_soon(client: httpx.AsyncClient) -> bool:
    """The notice of a revocation is on its way for a moment."""
    async with asyncio.timeout(25):
        while (await client.get("/api/v1/auth/me")).status_code != 401:
            await asyncio.sleep(0.005)
    return True
