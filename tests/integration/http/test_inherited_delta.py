"""A delta is of what holds for a device: what is desired of it, over the settings of its fleet."""

import httpx
import pytest
import pytest_asyncio

from tests.integration.http.conftest import EnrolledDevice


def fleet_of(device: EnrolledDevice) -> str:
    return f"fleet-{device.uuid}"


@pytest_asyncio.fixture
async def shadow(operator: httpx.AsyncClient, device: EnrolledDevice) -> str:
    """The path of the shadow of a device in a fleet."""
    settings = {"interval": 60, "led": {"on": True}, "nothing": None}
    fleet = fleet_of(device)
    made = await operator.post("/api/v1/fleets", json={"name": fleet, "default_settings": settings})
    assert made.status_code == 201
    path = f"/api/v1/devices/{device.uuid}"
    assert (await operator.put(f"{path}/fleet", json={"fleet": fleet})).status_code == 204
    return f"{path}/shadow"


async def test_what_is_inherited_is_to_be_done_and_what_is_desired_goes_before_it(
    operator: httpx.AsyncClient, device: EnrolledDevice, shadow: str
) -> None:
    assert (await device.client.get(f"{shadow}/delta")).json()["delta"] == {
        "interval": 60,
        "led": {"on": True},
    }
    await operator.patch(f"{shadow}/desired", json={"patch": {"interval": 5}})
    await device.client.patch(f"{shadow}/reported", json={"patch": {"led": {"on": True}, "own": 1}})
    seen = (await device.client.get(shadow)).json()
    assert seen["delta"] == {"interval": 5}
    assert seen["inherited"] == {"interval": 60, "led": {"on": True}}
    assert seen["desired"]["document"] == {"interval": 5}
    await device.client.patch(f"{shadow}/reported", json={"patch": {"interval": 5}})
    assert (await device.client.get(shadow)).json()["delta"] == {}


@pytest.mark.parametrize("view", ["", "/delta"])
async def test_a_poll_hears_of_what_is_inherited(
    operator: httpx.AsyncClient, device: EnrolledDevice, shadow: str, view: str
) -> None:
    async def poll(tag: str) -> httpx.Response:
        return await device.client.get(shadow + view, headers={"If-None-Match": tag})

    first = await device.client.get(shadow + view)
    tag = first.headers["etag"]
    assert (await poll(tag)).status_code == 304
    await operator.put(f"/api/v1/fleets/{fleet_of(device)}", json={"default_settings": {"interval": 61}})
    changed = await poll(tag)
    assert (changed.status_code, changed.json()["delta"]) == (200, {"interval": 61})
    await operator.put(f"{shadow.removesuffix('/shadow')}/fleet", json={"fleet": None})
    left = await poll(changed.headers["etag"])
    assert (left.status_code, left.json()["delta"], left.headers["etag"]) == (200, {}, '"d0.r0"')


async def test_a_half_is_not_changed_by_what_is_inherited(
    operator: httpx.AsyncClient, device: EnrolledDevice, shadow: str
) -> None:
    tag = (await device.client.get(f"{shadow}/desired")).headers["etag"]
    await operator.put(f"/api/v1/fleets/{fleet_of(device)}", json={"default_settings": {"interval": 61}})
    same = await device.client.get(f"{shadow}/desired", headers={"If-None-Match": tag})
    assert same.status_code == 304


async def test_what_was_inherited_in_the_past_is_not_known(device: EnrolledDevice, shadow: str) -> None:
    past = (await device.client.get(f"{shadow}?at=2026-01-01T00:00:00Z")).json()
    assert (past["inherited"], past["delta"]) == ({}, {})
