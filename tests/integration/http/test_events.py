"""The story over HTTP: who may read it, page by page, and as it comes."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from iotistic.bootstrap.platform import Platform
from iotistic.secret import Secret
from iotistic.security import Role
from tests.integration.http.conftest import EnrolledDevice
from tests.support.listening import listening

EVENTS = "/api/v1/events"


async def append(platform: Platform, about: str, **more: Any) -> UUID:  # noqa: ANN401 - of append
    async with platform.begin() as work:
        made = await work.events.append("device.retired", about, **more)
    assert made is not None
    return made


def ids(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [event["id"] for event in response.json()["items"]]


async def test_a_stranger_and_a_device_read_no_story(
    stranger: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    for path in (EVENTS, f"{EVENTS}/feed", f"{EVENTS}/stream", f"{EVENTS}/{uuid4()}", "/api/v1/event-types"):
        assert (await stranger.get(path)).status_code == 401
        assert (await device.client.get(path)).status_code == 403


async def test_the_story_of_a_device_is_read_page_by_page(
    platform: Platform, viewer: httpx.AsyncClient
) -> None:
    device = uuid4()
    made = [str(await append(platform, f"{n}", device_uuid=device)) for n in range(3)]
    first = await viewer.get(EVENTS, params={"device": str(device), "limit": 2})
    assert ids(first) == [made[2], made[1]]
    second = await viewer.get(first.headers["link"].split(";")[0].strip("<>"))
    assert ids(second) == [made[0]]
    assert second.json()["next"] is None


async def test_a_request_is_the_correlation_of_what_came_of_it(
    operator: httpx.AsyncClient, viewer: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    request_id = f"test-{uuid4()}"
    await operator.patch(
        f"{device.path}/shadow/desired", json={"patch": {"a": 1}}, headers={"X-Request-ID": request_id}
    )
    (event,) = (await viewer.get(EVENTS, params={"correlation_id": request_id})).json()["items"]
    assert (event["type"], event["actor"], event["device_uuid"]) == (
        "device.desired",
        "operator",
        str(device.uuid),
    )


async def test_types_are_told_with_how_long_they_are_kept(viewer: httpx.AsyncClient) -> None:
    types = {
        kind["name"]: kind["retention_days"] for kind in (await viewer.get("/api/v1/event-types")).json()
    }
    assert (types["device.retired"], types["device.online"]) == (2555, 90)


async def test_a_chain_is_read_from_one_of_its_events(platform: Platform, viewer: httpx.AsyncClient) -> None:
    cause = await append(platform, "1")
    consequence = await append(platform, "2", causation_id=cause)
    assert ids(await viewer.get(f"{EVENTS}/{consequence}/chain")) == [str(cause), str(consequence)]
    assert (await viewer.get(f"{EVENTS}/{cause}")).json()["aggregate_id"] == "1"
    for path in (f"{EVENTS}/{uuid4()}", f"{EVENTS}/{uuid4()}/chain"):
        assert (await viewer.get(path)).json()["code"] == "event_not_found"


async def test_a_program_follows_by_its_cursor(platform: Platform, viewer: httpx.AsyncClient) -> None:
    device = uuid4()
    query = {"device": str(device)}
    start = (await viewer.get(f"{EVENTS}/feed", params=query)).json()["cursor"]
    made = [str(await append(platform, f"{n}", device_uuid=device)) for n in range(3)]
    first = await viewer.get(f"{EVENTS}/feed", params={**query, "after": start, "limit": 2})
    assert (ids(first), first.json()["is_full"]) == (made[:2], True)
    rest = await viewer.get(f"{EVENTS}/feed", params={**query, "after": first.json()["cursor"]})
    assert (ids(rest), rest.json()["is_full"]) == (made[2:], False)
    assert ids(await viewer.get(f"{EVENTS}/feed", params={**query, "after": "0"})) == made


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{EVENTS}?after=nonsense", 422),
        (f"{EVENTS}?after=WzEsMl0", 422),
        (f"{EVENTS}?aggregate_id=7", 422),
        (f"{EVENTS}?type=%00", 422),
        (f"{EVENTS}/feed?after=WzEsMiwzXQ", 422),
        (f"{EVENTS}/feed?after=Wy0xLDJd", 422),
        (f"{EVENTS}/feed?after=WzkyMjMzNzIwMzY4NTQ3NzU4MDcsMF0", 409),
        (f"{EVENTS}/stream?after=nonsense", 422),
        (f"{EVENTS}/stream?after=WzkyMjMzNzIwMzY4NTQ3NzU4MDcsMF0", 409),
        (f"{EVENTS}/nonsense", 422),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    viewer: httpx.AsyncClient, path: str, status: int
) -> None:
    assert (await viewer.get(path)).status_code == status


async def somebody_waits(platform: Platform) -> None:
    async with asyncio.timeout(60):
        while not platform.news.waiting:
            await asyncio.sleep(0.01)


async def test_events_come_as_they_happen_and_go_on_after_a_reconnect(
    app: FastAPI, platform: Platform, people: dict[Role, Secret]
) -> None:
    device = uuid4()
    query = f"device={device}"
    async with listening(app, people["viewer"], f"{EVENTS}/stream", query) as listener:
        await somebody_waits(platform)
        first = await append(platform, "1", device_uuid=device)
        message = await listener.message()
    assert listener.status == 200
    assert (message["event"], json.loads(message["data"])["id"]) == ("device.retired", str(first))
    second = await append(platform, "2", device_uuid=device)  # while nobody listens
    async with listening(
        app, people["viewer"], f"{EVENTS}/stream", query, last_event_id=message["id"]
    ) as listener:
        third = await append(platform, "3", device_uuid=device)
        assert [json.loads((await listener.message())["data"])["id"] for _ in range(2)] == [
            str(second),
            str(third),
        ]


async def test_an_event_that_waits_for_another_transaction_comes_when_that_one_ends(
    app: FastAPI, platform: Platform, people: dict[Role, Secret]
) -> None:
    """That one has no events, so nothing is told when it ends."""
    device = uuid4()
    async with listening(app, people["viewer"], f"{EVENTS}/stream", f"device={device}") as listener:
        await somebody_waits(platform)
        async with platform.begin() as slow:
            await slow.connection.execute("SELECT pg_current_xact_id()")
            made = await append(platform, "1", device_uuid=device)
        assert json.loads((await listener.message())["data"])["id"] == str(made)
    assert platform.news.waiting == 0
