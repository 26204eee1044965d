"""Connectivity, addresses and inherited settings over HTTP: strangers and other devices first."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
import pytest

from iotistic.bootstrap.platform import Platform
from tests.integration.http.conftest import EnrolledDevice, MakeDevice

ETH0 = {
    "name": "eth0",
    "kind": "ethernet",
    "mac": "02:00:5e:77:00:01",
    "addresses": ["203.0.113.77/24"],
    "is_up": True,
}

_fleets = count(1)


@pytest.fixture
def make_fleet(operator: httpx.AsyncClient) -> Callable[[dict[str, Any]], Awaitable[str]]:
    async def make(settings: dict[str, Any]) -> str:
        name = f"inheriting-{next(_fleets)}"
        made = await operator.post("/api/v1/fleets", json={"name": name, "default_settings": settings})
        assert made.status_code == 201
        return name

    return make


async def move(operator: httpx.AsyncClient, device: EnrolledDevice, fleet: str | None) -> None:
    assert (await operator.put(f"{device.path}/fleet", json={"fleet": fleet})).status_code == 204


async def test_only_people_see_connectivity_and_only_some_change_it(
    stranger: httpx.AsyncClient,
    viewer: httpx.AsyncClient,
    device: EnrolledDevice,
    other_device: EnrolledDevice,
) -> None:
    paths = [f"{device.path}/{name}" for name in ("connectivity", "transitions", "interfaces/history")]
    for path in [*paths, "/api/v1/network-interfaces?ip=192.0.2.1"]:
        assert (await stranger.get(path)).status_code == 401
        assert (await other_device.client.get(path)).status_code == 403
        assert (await viewer.get(path)).status_code == 200
    change = {"expected_every_seconds": 60}
    for client in (viewer, device.client, other_device.client):
        assert (await client.patch(f"{device.path}/connectivity", json=change)).status_code == 403


async def test_an_unknown_device_is_not_found(operator: httpx.AsyncClient) -> None:
    path = f"/api/v1/devices/{uuid4()}"
    for name in ("connectivity", "transitions", "interfaces/history", "settings"):
        assert (await operator.get(f"{path}/{name}")).status_code == 404
    answer = await operator.patch(f"{path}/connectivity", json={"expected_every_seconds": 60})
    assert answer.status_code == 404


async def test_a_device_comes_and_how_often_it_is_expected_is_said(
    platform: Platform, operator: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    async with platform.begin() as work:
        await work.devices.touch_contacts([device.uuid])
    seen = (await operator.get(f"{device.path}/connectivity")).json()
    assert (seen["status"], seen["expected_every_seconds"]) == ("online", 60)
    page = (await operator.get(f"{device.path}/transitions", params={"limit": 1})).json()
    [came] = page["items"]
    assert (came["was"], came["became"], came["lasted_seconds"] >= 0) == ("never", "online", True)
    following = await operator.get(f"{device.path}/transitions", params={"after": page["next"]})
    assert following.json() == {"items": [], "next": None}
    changed = await operator.patch(f"{device.path}/connectivity", json={"expected_every_seconds": 3600})
    assert changed.json()["expected_every_seconds"] == 3600
    again = await operator.patch(f"{device.path}/connectivity", json={"expected_every_seconds": None})
    assert again.json()["expected_every_seconds"] == 60
    for seconds in (14, 366 * 86_400 + 1, "x", 1.5):
        bad = await operator.patch(f"{device.path}/connectivity", json={"expected_every_seconds": seconds})
        assert bad.status_code == 422


async def test_who_has_an_address_is_found(viewer: httpx.AsyncClient, device: EnrolledDevice) -> None:
    stated = await device.client.put(f"{device.path}/interfaces", json={"interfaces": [ETH0]})
    assert stated.status_code == 204
    for query in ({"ip": "203.0.113.77"}, {"ip": "203.0.113.64/26"}, {"mac": "02-00-5E-77-00-01"}):
        [row] = (await viewer.get("/api/v1/network-interfaces", params=query)).json()
        assert (row["device_uuid"], row["interface"]) == (str(device.uuid), "eth0")
    history = (await viewer.get(f"{device.path}/interfaces/history")).json()["items"]
    assert [(one["name"], one["change"]) for one in history] == [("eth0", "appeared")]
    queries: list[dict[str, str]] = [
        {}, {"ip": "x"}, {"mac": "x"}, {"ip": "192.0.2.1", "mac": "02:00:5e:77:00:01"},
    ]  # fmt: skip
    for query in queries:
        assert (await viewer.get("/api/v1/network-interfaces", params=query)).status_code == 422


async def test_a_device_sees_its_own_settings_and_no_other(
    stranger: httpx.AsyncClient,
    viewer: httpx.AsyncClient,
    device: EnrolledDevice,
    other_device: EnrolledDevice,
) -> None:
    path = f"{device.path}/settings"
    assert (await stranger.get(path)).status_code == 401
    assert (await other_device.client.get(path)).status_code == 403
    for client in (viewer, device.client):
        answer = await client.get(path)
        assert answer.json() == {"fleet": None, "desired_version": 0, "settings_version": 0, "settings": {}}


async def test_what_a_fleet_gives_holds_unless_the_device_says_otherwise(
    operator: httpx.AsyncClient,
    device: EnrolledDevice,
    make_fleet: Callable[[dict[str, Any]], Awaitable[str]],
) -> None:
    fleet = await make_fleet(
        {"interval": 60, "led": {"on": True, "colour": "red"}, "servers": ["a", "b"], "no": None}
    )
    await move(operator, device, fleet)
    patch = {"interval": 5, "led": {"colour": "blue"}, "servers": ["c"]}
    assert (await operator.patch(f"{device.path}/shadow/desired", json={"patch": patch})).status_code == 200
    seen = (await device.client.get(f"{device.path}/settings")).json()
    assert seen["settings"] == {
        "interval": 5, "led": {"on": True, "colour": "blue"}, "servers": ["c"],
    }  # fmt: skip
    assert (seen["fleet"], seen["desired_version"], seen["settings_version"]) == (fleet, 1, 1)
    await move(operator, device, None)
    assert (await device.client.get(f"{device.path}/settings")).json()["settings"] == {
        "interval": 5, "led": {"colour": "blue"}, "servers": ["c"],
    }  # fmt: skip


async def test_the_tag_changes_with_whatever_may_change_the_settings(
    operator: httpx.AsyncClient,
    device: EnrolledDevice,
    make_fleet: Callable[[dict[str, Any]], Awaitable[str]],
) -> None:
    fleet, path = await make_fleet({"interval": 60}), f"{device.path}/settings"
    tags = [(await device.client.get(path)).headers["etag"]]

    async def look() -> int:
        answer = await device.client.get(path, headers={"If-None-Match": tags[-1]})
        if answer.status_code == 200:
            tags.append(answer.headers["etag"])
        return answer.status_code

    assert await look() == 304
    await move(operator, device, fleet)
    assert (await look(), await look()) == (200, 304)
    same = {"default_settings": {"interval": 60}, "description": "the same settings"}
    await operator.put(f"/api/v1/fleets/{fleet}", json=same)
    assert await look() == 304
    await operator.put(f"/api/v1/fleets/{fleet}", json={"default_settings": {"interval": 30}})
    assert (await look(), await look()) == (200, 304)
    await operator.patch(f"{device.path}/shadow/desired", json={"patch": {"x": 1}})
    assert (await look(), await look()) == (200, 304)
    assert len(set(tags)) == len(tags) == 4


async def test_who_waits_is_woken_by_the_fleet_and_by_a_move(
    operator: httpx.AsyncClient,
    make_device: MakeDevice,
    make_fleet: Callable[[dict[str, Any]], Awaitable[str]],
) -> None:
    fleet = await make_fleet({"interval": 60})
    devices = [await make_device() for _ in range(3)]
    for device in devices:
        await move(operator, device, fleet)

    async def wait(device: EnrolledDevice) -> httpx.Response:
        known = (await device.client.get(f"{device.path}/settings")).headers["etag"]
        return await device.client.get(f"{device.path}/settings?wait=20s", headers={"If-None-Match": known})

    async with asyncio.timeout(15):
        waiting = [asyncio.create_task(wait(device)) for device in devices]
        await asyncio.sleep(0.3)
        await operator.put(f"/api/v1/fleets/{fleet}", json={"default_settings": {"interval": 10}})
        answers = await asyncio.gather(*waiting)
        assert [answer.json()["settings"] for answer in answers] == [{"interval": 10}] * 3
        moved = asyncio.create_task(wait(devices[0]))
        await asyncio.sleep(0.3)
        await move(operator, devices[0], None)
        assert (await moved).json()["settings"] == {}
