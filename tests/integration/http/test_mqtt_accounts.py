"""Making and changing MQTT accounts and rules over HTTP: who may, and what a broker decides afterwards."""

from collections.abc import AsyncIterator
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from iotistic.bootstrap.platform import Platform
from iotistic.secret import Secret
from iotistic.security import Role
from tests.integration.http.conftest import EnrolledDevice, MakeClient

API = "/api/v1/mqtt"
_names = count(1)


@pytest_asyncio.fixture
async def admin(
    people: dict[Role, Secret], client_with: MakeClient, platform: Platform
) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who may; what was made is taken away again, since other tests list all accounts."""
    yield client_with(people["admin"])
    async with platform.begin() as work:
        for one in await work.mqtt.list_users(limit=1000):
            await work.mqtt.remove_user(one.username)
        for rule in await work.mqtt.list_acls(limit=1000):
            await work.mqtt.disallow(rule.id)


def account(**change: object) -> dict[str, Any]:
    return {"kind": "service", "username": f"svc-{next(_names)}", **change}


async def make(admin: httpx.AsyncClient, **change: object) -> tuple[str, str]:
    answer = await admin.post(f"{API}/users", json=account(**change))
    assert answer.status_code == 201, answer.text
    return answer.json()["username"], answer.json()["password"]


async def may(admin: httpx.AsyncClient, username: str, topic: str, access: str, client_id: str) -> bool:
    query = {"username": username, "topic": topic, "access": access, "client_id": client_id}
    allowed: bool = (await admin.get(f"{API}/check", params=query)).json()["allowed"]
    return allowed


async def test_only_administrators_make_and_change_accounts(
    admin: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    device: EnrolledDevice,
    viewer: httpx.AsyncClient,
    operator: httpx.AsyncClient,
) -> None:
    name, _ = await make(admin)
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/users", account()),
        ("PUT", f"/users/{name}/password", None),
        ("PATCH", f"/users/{name}", {"is_active": False}),
        ("DELETE", f"/users/{name}", None),
        ("POST", "/acls", {"username": name, "topic": "a", "allow": ["publish"]}),
        ("DELETE", "/acls/1", None),
    ]
    for method, path, body in calls:
        assert (await stranger.request(method, API + path, json=body)).status_code == 401
        for client in (device.client, viewer, operator):
            assert (await client.request(method, API + path, json=body)).status_code == 403
    assert (await admin.get(f"{API}/users/{name}")).json()["is_active"] is True


async def test_an_account_may_do_what_its_rules_say_until_it_is_switched_off(
    admin: httpx.AsyncClient,
) -> None:
    name, password = await make(admin, client_id="reader-1")
    assert len(password) == 32
    assert not await may(admin, name, "a/b", "receive", "reader-1")
    stated = {"username": name, "topic": "a/#", "allow": ["receive", "subscribe"]}
    rule = await admin.post(f"{API}/acls", json=stated)
    assert (rule.status_code, rule.json()["access"], rule.json()["origin"]) == (201, 5, "manual")
    assert await may(admin, name, "a/b", "receive", "reader-1")
    assert not await may(admin, name, "a/b", "publish", "reader-1")
    assert not await may(admin, name, "a/b", "receive", "somebody")
    changed = await admin.patch(f"{API}/users/{name}", json={"is_active": False})
    assert (changed.status_code, changed.json()["is_active"]) == (200, False)
    assert not await may(admin, name, "a/b", "receive", "reader-1")
    await admin.patch(f"{API}/users/{name}", json={"is_active": True})
    assert (await admin.delete(f"{API}/acls/{rule.json()['id']}")).status_code == 204
    assert not await may(admin, name, "a/b", "receive", "reader-1")


async def test_the_account_of_a_device_comes_with_its_rules(
    admin: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    name, body = str(device.uuid), {"kind": "device", "device_uuid": str(device.uuid)}
    # It got one as it enrolled; somebody took it away.
    assert (await admin.delete(f"{API}/users/{name}")).status_code == 204
    made = await admin.post(f"{API}/users", json=body)
    assert (made.status_code, made.json()["username"]) == (201, name)
    assert await may(admin, name, f"iot/device/{name}/up/metrics", "publish", name)
    assert not await may(admin, name, f"iot/device/{name}/down/jobs", "publish", name)
    assert not await may(admin, name, f"iot/device/{uuid4()}/up/metrics", "publish", name)
    again = await admin.post(f"{API}/users", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "mqtt_user_exists")


async def test_a_new_password_is_another_and_shown_nowhere_else(
    admin: httpx.AsyncClient, platform: Platform
) -> None:
    name, password = await make(admin)
    renewed = await admin.put(f"{API}/users/{name}/password")
    assert renewed.status_code == 200
    assert renewed.json()["password"] != password
    assert password not in (await admin.get(f"{API}/users/{name}")).text
    async with platform.begin(read_only=True) as work:
        cursor = await work.connection.execute(
            "SELECT count(*) FROM audit_log WHERE strpos(coalesce(before::text, '') || coalesce(after::text, ''), %s) > 0",
            (renewed.json()["password"],),
        )
        assert await cursor.fetchone() == (0,)


async def test_a_request_whose_answer_is_a_password_takes_no_idempotency_key(
    admin: httpx.AsyncClient,
) -> None:
    answer = await admin.post(f"{API}/users", json=account(), headers={"Idempotency-Key": "once"})
    assert answer.status_code == 422
    assert (await admin.get(f"{API}/users")).json()["items"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"username": None},
        {"username": "+"},
        {"username": "a/b"},
        {"kind": "device"},
        {"kind": "device", "username": None},
        {"device_uuid": "3c0fbd7e-5c1d-4b86-9a52-2d1f4a6e8b90"},
        {"kind": "person", "is_superuser": True},
        {"client_id": "a#"},
        {"lasts_seconds": 0},
        {"kind": "device", "username": None, "device_uuid": "3c0fbd7e-5c1d-4b86-9a52-2d1f4a6e8b90"},
    ],
)
async def test_what_no_account_can_be_is_refused(admin: httpx.AsyncClient, change: dict[str, object]) -> None:
    answer = await admin.post(f"{API}/users", json=account(**change))
    assert (answer.status_code, (await admin.get(f"{API}/users")).json()["items"]) == (422, []), answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"topic": "a/#/b"},
        {"topic": "a+"},
        {"topic": ""},
        {"topic": "a" * 501},
        {"topic": "a/%x"},
        {"topic": "$SYS/#", "username": None},
        {"allow": []},
        {"allow": ["subscribe"]},
        {"allow": ["everything"]},
        {"client_id": "a/b"},
    ],
)
async def test_what_no_rule_can_be_is_refused(admin: httpx.AsyncClient, change: dict[str, object]) -> None:
    name, _ = await make(admin)
    answer = await admin.post(
        f"{API}/acls", json={"username": name, "topic": "a", "allow": ["receive"], **change}
    )
    assert answer.status_code == 422, answer.text


async def test_what_is_not_there_is_not_found(admin: httpx.AsyncClient) -> None:
    rule = {"username": "nobody", "topic": "a", "allow": ["publish"]}
    for answer in (
        await admin.put(f"{API}/users/nobody/password"),
        await admin.patch(f"{API}/users/nobody", json={"is_active": True}),
        await admin.delete(f"{API}/users/nobody"),
        await admin.post(f"{API}/acls", json=rule),
        await admin.delete(f"{API}/acls/{2**63 - 1}"),
    ):
        assert answer.status_code == 404, answer.text
