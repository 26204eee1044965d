"""A device can be watched while it reports: by people and by itself, until the service stops."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest_asyncio
from fastapi import FastAPI

from iotistic.bootstrap.platform import Platform
from iotistic.http import HttpServer
from tests.integration.http.conftest import EnrolledDevice, MakeDevice


@pytest_asyncio.fixture
async def url(app: FastAPI) -> AsyncIterator[str]:
    """A real server: a stream has no end that a transport in memory could wait for."""
    server = HttpServer(app, host="127.0.0.1", port=0)
    running = asyncio.create_task(server.run())
    yield server.url
    server.stop()
    server.stop()
    await running


@asynccontextmanager
async def watching(
    url: str, client: httpx.AsyncClient, device: EnrolledDevice
) -> AsyncIterator[AsyncIterator[str]]:
    headers = {"Authorization": client.headers["Authorization"]}
    async with (
        httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as real,
        real.stream("GET", f"{device.path}/live") as response,
    ):
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.aiter_lines()
        assert await anext(lines) == ": watching"
        yield lines


async def event(lines: AsyncIterator[str]) -> tuple[str, Any]:
    async with asyncio.timeout(30):
        name = ""
        async for line in lines:
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                return name, json.loads(line.removeprefix("data: "))
    raise AssertionError("the stream ended")


async def report(device: EnrolledDevice, **metrics: float) -> str:
    moment = datetime.now(UTC).isoformat()
    body = {"reports": [{"timestamp": moment, "metrics": metrics}], "units": {"flow": "l/min"}}
    assert (await device.client.post(f"{device.path}/metrics", json=body)).json()["accepted"] == 1
    return moment


async def test_reports_and_lines_are_told_as_they_come_and_those_of_others_are_not(
    url: str, viewer: httpx.AsyncClient, device: EnrolledDevice, other_device: EnrolledDevice
) -> None:
    async with watching(url, viewer, device) as lines:
        await report(other_device, flow=9)
        moment = await report(device, flow=1.5)
        name, told = await event(lines)
        assert name == "report"
        assert datetime.fromisoformat(told["timestamp"]) == datetime.fromisoformat(moment)
        assert (told["metrics"], told["units"]) == ({"flow": 1.5}, {"flow": "l/min"})
        line = {"timestamp": moment, "sequence": 1, "message": "hello"}
        await device.client.post(f"{device.path}/logs", json={"lines": [line]})
        name, told = await event(lines)
        assert (name, told["message"]) == ("line", "hello")


async def test_a_repeat_is_not_told_again(
    url: str, viewer: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    old = {"reports": [{"timestamp": datetime.now(UTC).isoformat(), "metrics": {"flow": 1}}]}
    await device.client.post(f"{device.path}/metrics", json=old)
    async with watching(url, viewer, device) as lines:
        assert (await device.client.post(f"{device.path}/metrics", json=old)).json()["duplicate"] == 1
        await report(device, flow=2)
        assert (await event(lines))[1]["metrics"] == {"flow": 2.0}


async def test_a_device_watches_itself_and_no_other(
    url: str, device: EnrolledDevice, make_device: MakeDevice, stranger: httpx.AsyncClient
) -> None:
    other = await make_device()
    assert (await other.client.get(f"{device.path}/live")).status_code == 403
    assert (await stranger.get(f"{device.path}/live")).status_code == 401
    async with watching(url, device.client, device) as lines:
        await report(device, flow=3)
        assert (await event(lines))[1]["metrics"] == {"flow": 3.0}


async def test_a_device_that_does_not_exist_cannot_be_watched(viewer: httpx.AsyncClient) -> None:
    answer = await viewer.get("/api/v1/devices/00000000-0000-4000-8000-000000000000/live")
    assert answer.status_code == 404


async def test_a_stream_ends_when_the_service_stops(
    url: str, viewer: httpx.AsyncClient, device: EnrolledDevice, platform: Platform
) -> None:
    live = platform.ingest.live
    async with watching(url, viewer, device) as lines:
        await report(device, flow=4)
        live.dismiss()
        try:
            async with asyncio.timeout(10):
                rest = [line async for line in lines]
        finally:
            live._dismissed = False  # the platform of these tests goes on
        assert any('"flow":4.0' in line for line in rest)
    assert live._watchers == {}
