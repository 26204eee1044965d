"""Settings over HTTP: who may see them, who may change them, and what the answer says when they cannot be so."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from iotistic.bootstrap.platform import Platform
from iotistic.secret import Secret
from iotistic.security import Role
from tests.integration.http.conftest import EnrolledDevice, MakeClient

CONFIG = "/api/v1/system-config"


@pytest.fixture
def admin(people: dict[Role, Secret], client_with: MakeClient) -> httpx.AsyncClient:
    return client_with(people["admin"])


@pytest_asyncio.fixture(autouse=True)
async def _tidy(platform: Platform) -> AsyncIterator[None]:
    yield
    async with platform.begin() as work:
        await work.connection.execute("DELETE FROM system_config WHERE key LIKE 'custom.%'")


async def test_a_stranger_and_a_device_see_no_setting(
    stranger: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    for path in (CONFIG, f"{CONFIG}/mqtt.brokers.1", f"{CONFIG}/mqtt.brokers.1/history"):
        assert (await stranger.get(path)).status_code == 401
        assert (await device.client.get(path)).status_code == 403


async def test_only_owners_and_administrators_change_settings(
    people: dict[Role, Secret], client_with: MakeClient
) -> None:
    for role in ("viewer", "operator", "manager"):
        client = client_with(people[role])
        assert (await client.get(f"{CONFIG}/mqtt.brokers.1")).status_code == 200
        for refused in (
            await client.put(f"{CONFIG}/custom.x", json={"value": 1}),
            await client.delete(f"{CONFIG}/custom.x"),
        ):
            assert (refused.status_code, refused.json()["code"]) == (403, "role_too_low")
    for role in ("admin", "owner"):
        made = await client_with(people[role]).put(f"{CONFIG}/custom.x", json={"value": role})
        assert (made.status_code, made.json()["value"]) == (200, role)


async def test_a_setting_is_changed_listed_and_removed_with_its_history(admin: httpx.AsyncClient) -> None:
    for value in (1, {"a": [2]}):
        assert (await admin.put(f"{CONFIG}/custom.colour", json={"value": value})).status_code == 200
    assert (await admin.get(f"{CONFIG}/custom.colour")).json()["value"] == {"a": [2]}
    page = (await admin.get(CONFIG, params={"prefix": "custom.", "limit": 1})).json()
    assert [item["key"] for item in page["items"]] == ["custom.colour"]
    assert (await admin.get(CONFIG, params={"prefix": "custom.", "after": page["next"]})).json()[
        "items"
    ] == []
    assert (await admin.delete(f"{CONFIG}/custom.colour")).status_code == 204
    gone = await admin.get(f"{CONFIG}/custom.colour")
    assert (gone.status_code, gone.json()["code"]) == (404, "setting_not_found")

    history = (await admin.get(f"{CONFIG}/custom.colour/history", params={"limit": 2})).json()
    assert [(item["action"], item["actor"]) for item in history["items"]] == [
        ("removed", "admin"),
        ("changed", "admin"),
    ]
    older = (await admin.get(f"{CONFIG}/custom.colour/history", params={"after": history["next"]})).json()
    assert [(item["action"], item["new_value"]) for item in older["items"]] == [("added", 1)]


@pytest.mark.parametrize(
    ("key", "value", "status", "code"),
    [
        ("mqtt.broker.1", {}, 422, "setting_unknown"),
        ("mqtt.brokers.1", {"id": 1}, 422, "setting_invalid"),
        ("mqtt.brokers.1", {"id": 1, "name": "x", "host": "h", "password": "p"}, 422, "setting_invalid"),
        ("mqtt.brokerIds", [7], 409, "setting_in_use"),
        ("custom.x", None, 422, "setting_invalid"),
        ("custom.x", "a\0b", 422, None),
        ("custom x", 1, 422, None),
    ],
)
async def test_what_cannot_be_is_refused_with_a_code(
    admin: httpx.AsyncClient, key: str, value: object, status: int, code: str | None
) -> None:
    refused = await admin.put(f"{CONFIG}/{key}", json={"value": value})
    assert refused.status_code == status, refused.text
    assert code in {None, refused.json()["code"]}


async def test_what_another_setting_names_is_not_removed(admin: httpx.AsyncClient) -> None:
    refused = await admin.delete(f"{CONFIG}/mqtt.brokers.1")
    assert (refused.status_code, refused.json()["code"]) == (409, "setting_in_use")


async def test_what_is_not_there_is_not_found(admin: httpx.AsyncClient) -> None:
    for answer in (
        await admin.delete(f"{CONFIG}/vpn.configs.77"),
        await admin.get(f"{CONFIG}/vpn.configs.77"),
    ):
        assert answer.status_code == 404
