"""Log lines as server-sent events: strangers and people of other fleets first."""

import asyncio
import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from iotistic.bootstrap.platform import Platform
from iotistic.devices.fleets import FleetDraft
from iotistic.http.schemas.telemetry import LogEntry
from iotistic.secret import Secret
from iotistic.security import IssuedKey, Role
from tests.integration.http.conftest import PASSWORD, EnrolledDevice, MakeClient
from tests.support.listening import Listener, listening

STREAM = "/api/v1/logs/stream"

People = Mapping[Role, Secret]


async def waiting(platform: Platform, count: int) -> None:
    async with asyncio.timeout(60):
        while platform.news.waiting != count:
            await asyncio.sleep(0.005)


async def log(device: EnrolledDevice, *messages: str, back: float = 0, level: str = "info") -> None:
    """As a device does it: the same again when it is told to come back."""
    moment = (datetime.now(UTC) - timedelta(seconds=back)).isoformat()
    lines = [
        {"timestamp": moment, "sequence": number, "message": message, "level": level, "service": "pump"}
        for number, message in enumerate(messages)
    ]
    async with asyncio.timeout(60):
        while (
            answer := await device.client.post(f"{device.path}/logs", json={"lines": lines})
        ).status_code != 200:
            assert answer.status_code == 503, answer.text
            await asyncio.sleep(0.05)
    receipt = answer.json()
    assert receipt["accepted"] + receipt["duplicate"] == len(messages)


async def line(listener: Listener) -> str:
    message = await listener.message()
    assert message["event"] == "line"
    return LogEntry.model_validate_json(message["data"]).message


async def make_person(platform: Platform, **scope: Any) -> tuple[IssuedKey, int]:  # noqa: ANN401 - of two kinds
    """Somebody with one role, and the number of its binding."""
    name = f"person-{uuid4()}"
    async with platform.begin() as work:
        user = await work.security.create_user(name, PASSWORD, None)
        binding = await work.bindings.grant(name, "viewer", **scope)
        issued = await work.security.issue_user_key(user.id, lasts=timedelta(hours=1), reason="test")
    return issued, binding.id


async def test_strangers_and_devices_follow_nobody(
    stranger: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    assert (await stranger.get(STREAM)).status_code == 401
    refused = await device.client.get(STREAM)
    assert (refused.status_code, refused.json()["code"]) == (403, "user_key_needed")


async def test_a_role_for_one_fleet_follows_that_fleet_and_ends_with_it(
    app: FastAPI,
    platform: Platform,
    device: EnrolledDevice,
    other_device: EnrolledDevice,
    client_with: MakeClient,
) -> None:
    fleet = f"fleet-{uuid4()}"
    async with platform.begin() as work:
        await work.fleets.create_fleet(fleet, FleetDraft())
        await work.fleets.assign(fleet, [device.uuid])
    key, binding = await make_person(platform, fleet=fleet)
    outside = await client_with(key.text).get(f"{STREAM}?devices={other_device.uuid}")
    assert (outside.status_code, outside.json()["code"]) == (403, "out_of_reach")
    async with listening(app, key.text, STREAM) as listener:
        await waiting(platform, 1)
        await log(other_device, "hidden")
        await log(device, "shown")
        assert await line(listener) == "shown"
        async with platform.begin() as work:
            await work.fleets.assign(fleet, [other_device.uuid])
        await log(other_device, "now of the fleet")
        assert await line(listener) == "now of the fleet"
        async with platform.begin() as work:
            await work.bindings.revoke(binding)
        await until_refused(client_with(key.text), 403)
        await log(device, "after the role")
        await waiting(platform, 0)
        assert listener.parts_left() == []


async def until_refused(client: httpx.AsyncClient, status: int) -> None:
    """Until the process that answers knows."""
    async with asyncio.timeout(60):
        while (await client.get("/api/v1/logs")).status_code != status:
            await asyncio.sleep(0.05)


async def test_a_key_that_is_taken_back_ends_the_stream(
    app: FastAPI, platform: Platform, device: EnrolledDevice, client_with: MakeClient
) -> None:
    key, _ = await make_person(platform, device_uuid=device.uuid)
    async with listening(app, key.text, STREAM) as listener:
        await waiting(platform, 1)
        async with platform.begin() as work:
            assert await work.security.revoke_key(key.key_id, reason="test")
        await until_refused(client_with(key.text), 401)
        await log(device, "after the key")
        await waiting(platform, 0)
        assert listener.parts_left() == []


async def test_only_what_fits_comes_and_the_newest_first_when_asked(
    app: FastAPI, platform: Platform, people: People, device: EnrolledDevice, other_device: EnrolledDevice
) -> None:
    await log(device, "one", back=3)
    await log(device, "two", back=2)
    await log(device, "three", back=1)
    async with listening(app, people["viewer"], STREAM, f"devices={device.uuid}&tail=2") as listener:
        assert [await line(listener) for _ in range(2)] == ["two", "three"]
        await waiting(platform, 1)
        await log(other_device, "of another")
        await log(device, "four")
        assert await line(listener) == "four"
    query = f"devices={device.uuid},{other_device.uuid}&level=warning&service=pump&text=BAD"
    async with listening(app, people["viewer"], STREAM, query) as listener:
        await waiting(platform, 1)
        await log(device, "bad, but info", back=0.5)
        await log(other_device, "Bad and wrong", level="error", back=0.5)
        assert await line(listener) == "Bad and wrong"


async def test_whoever_reconnects_gets_what_came_meanwhile_and_nothing_twice(
    app: FastAPI, platform: Platform, people: People, device: EnrolledDevice
) -> None:
    query = f"devices={device.uuid}&tail=10"
    async with listening(app, people["viewer"], STREAM, query) as listener:
        await waiting(platform, 1)
        await log(device, "a", "b", "c")
        assert await line(listener) == "a"
        second = await listener.message()
        assert json.loads(second["data"])["message"] == "b"
    await waiting(platform, 0)
    await log(device, "an hour late", back=3600)
    async with listening(app, people["viewer"], STREAM, query, last_event_id=second["id"]) as listener:
        assert [await line(listener) for _ in range(2)] == ["c", "an hour late"]


async def test_a_gap_is_told_to_whoever_comes_from_another_server(
    app: FastAPI, platform: Platform, people: People, device: EnrolledDevice
) -> None:
    place = [datetime.now(UTC).isoformat(), f"{(1 << 60) + 7}:{(1 << 60) + 7}:", None, None, None, None, None]
    async with listening(
        app, people["viewer"], STREAM, f"devices={device.uuid}", last_event_id=encoded(place)
    ) as listener:
        gap = await listener.message()
        assert gap["event"] == "gap"
        assert set(json.loads(gap["data"])) == {"since", "until"}
        await waiting(platform, 1)
        await log(device, "from here on")
        assert await line(listener) == "from here on"


def encoded(place: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "place",
    [
        "nonsense",
        encoded([]),
        encoded(["2026-11-23T20:00:00Z", "9:1:", None, None, None, None, None]),
        "A" * 9000,
    ],
)
async def test_a_place_that_is_none_is_refused(viewer: httpx.AsyncClient, place: str) -> None:
    answer = await viewer.get(STREAM, headers={"Last-Event-ID": place})
    assert answer.status_code == 422


@pytest.mark.parametrize("query", ["tail=1001", "tail=-1", "level=loud", "devices=x", "unknown=1"])
async def test_what_makes_no_sense_is_refused(viewer: httpx.AsyncClient, query: str) -> None:
    assert (await viewer.get(f"{STREAM}?{query}")).status_code == 422


async def test_a_server_that_is_lost_for_a_while_costs_no_line(
    app: FastAPI, platform: Platform, people: People, device: EnrolledDevice
) -> None:
    async with listening(app, people["viewer"], STREAM, f"devices={device.uuid}") as listener:
        await waiting(platform, 1)
        await log(device, "before")
        assert await line(listener) == "before"
        async with platform.begin() as work:
            await work.connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND datname = current_database() AND usename = current_user"
            )
        await log(device, "after")
        assert await line(listener) == "after"


async def test_a_process_that_stops_ends_the_stream(app: FastAPI, platform: Platform, people: People) -> None:
    async with listening(app, people["viewer"], STREAM) as listener:
        await waiting(platform, 1)
        platform.news.dismiss()
        try:
            await waiting(platform, 0)
        finally:
            platform.news.dismissed = False  # the platform of these tests goes on
    assert listener.status == 200
