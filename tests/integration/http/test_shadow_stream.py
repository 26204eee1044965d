"""What is desired of a device, as server-sent events: strangers and other devices first."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI

from iotistic.bootstrap.platform import Platform
from tests.integration.http.conftest import EnrolledDevice
from tests.support.listening import Listener, listening


def stream_of(device: EnrolledDevice) -> str:
    return f"/api/v1/devices/{device.uuid}/shadow/stream"


async def told(listener: Listener) -> dict[str, Any]:
    message = await listener.message()
    assert message["event"] == "desired"
    data: dict[str, Any] = json.loads(message["data"])
    return data


async def waiting(platform: Platform, count: int) -> None:
    async with asyncio.timeout(60):
        while platform.news.waiting != count:
            await asyncio.sleep(0.005)


async def test_a_device_hears_only_of_itself(
    stranger: httpx.AsyncClient, device: EnrolledDevice, other_device: EnrolledDevice
) -> None:
    assert (await stranger.get(stream_of(device))).status_code == 401
    refused = await device.client.get(stream_of(other_device))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_your_device")
    assert (await device.client.get(f"/api/v1/devices/{uuid4()}/shadow/stream")).status_code == 403


async def test_nobody_listens_to_a_device_that_does_not_exist(viewer: httpx.AsyncClient) -> None:
    assert (await viewer.get(f"/api/v1/devices/{uuid4()}/shadow/stream")).status_code == 404


async def test_what_is_desired_comes_at_once_and_after_each_change_and_not_twice(
    app: FastAPI, platform: Platform, operator: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    path = f"/api/v1/devices/{device.uuid}/shadow"
    await operator.patch(f"{path}/desired", json={"patch": {"interval": 30}})
    async with listening(app, device.key, stream_of(device)) as listener:
        first = await listener.message()
        assert json.loads(first["data"]) == {
            "desired_version": 1,
            "settings_version": 0,
            "desired": {"interval": 30},
            "delta": {"interval": 30},
        }
        await waiting(platform, 1)
        await device.client.patch(f"{path}/reported", json={"patch": {"interval": 30}})
        await operator.patch(f"{path}/desired", json={"patch": {"interval": 40}})
        assert (await told(listener))["desired"] == {"interval": 40}
    await waiting(platform, 0)
    await operator.patch(f"{path}/desired", json={"patch": {"led": True}})
    async with listening(app, device.key, stream_of(device), last_event_id=first["id"]) as listener:
        assert await told(listener) == {
            "desired_version": 3,
            "settings_version": 0,
            "desired": {"interval": 40, "led": True},
            "delta": {"interval": 40, "led": True},
        }


async def test_the_settings_of_the_fleet_are_part_of_it(
    app: FastAPI, platform: Platform, operator: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    fleet = f"fleet-{device.uuid}"
    made = await operator.post("/api/v1/fleets", json={"name": fleet, "default_settings": {"pace": 1}})
    assert made.status_code == 201
    async with listening(app, device.key, stream_of(device)) as listener:
        assert (await told(listener))["desired"] == {}
        await waiting(platform, 1)
        await operator.put(f"/api/v1/devices/{device.uuid}/fleet", json={"fleet": fleet})
        assert (await told(listener))["desired"] == {"pace": 1}
        await operator.put(f"/api/v1/fleets/{fleet}", json={"default_settings": {"pace": 2}})
        assert (await told(listener))["delta"] == {"pace": 2}


async def test_a_listener_whose_key_is_taken_back_hears_nothing_more(
    app: FastAPI, platform: Platform, operator: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    async with listening(app, device.key, stream_of(device)) as listener:
        await listener.message()
        await waiting(platform, 1)
        assert (await operator.post(f"/api/v1/devices/{device.uuid}/retire")).status_code == 200
        async with asyncio.timeout(60):
            while (await device.client.get(stream_of(device))).status_code != 401:
                await asyncio.sleep(0.05)
        await platform_wakes(platform, device)
        await waiting(platform, 0)


async def platform_wakes(platform: Platform, device: EnrolledDevice) -> None:
    async with platform.begin() as work:
        await work.connection.execute("SELECT pg_notify('shadow_changed', %s)", (f"{device.uuid} desired",))


async def test_a_process_that_stops_ends_the_stream(
    app: FastAPI, platform: Platform, device: EnrolledDevice
) -> None:
    async with listening(app, device.key, stream_of(device)) as listener:
        await listener.message()
        await waiting(platform, 1)
        platform.news.dismiss()
        try:
            await waiting(platform, 0)
        finally:
            platform.news.dismissed = False  # the platform of these tests goes on
