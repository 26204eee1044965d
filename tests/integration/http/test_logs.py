"""Searching the log lines of many devices over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from iotistic.http.schemas.telemetry import LogEntry
from tests.integration.http.conftest import EnrolledDevice

START = (datetime.now(UTC) - timedelta(minutes=30)).replace(microsecond=0)
WORDS = ["checksum ok", "Checksum BAD", "100% full", "100 full", "snake_case", "snakeXcase"]


@pytest_asyncio.fixture
async def pair(device: EnrolledDevice, other_device: EnrolledDevice) -> str:
    """Two devices with six lines each, at the same moments; their uuids as a parameter."""
    for one, service in ((device, "pump"), (other_device, "valve")):
        lines = [
            {
                "timestamp": (START + timedelta(seconds=n)).isoformat(),
                "sequence": n,
                "level": "error" if n == 1 else "info",
                "service": service,
                "message": word,
            }
            for n, word in enumerate(WORDS)
        ]
        assert (await one.client.post(f"{one.path}/logs", json={"lines": lines})).json()["accepted"] == 6
    return f"{device.uuid},{other_device.uuid}"


async def search(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    response = await client.get("/api/v1/logs", params=query)
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    for item in page["items"]:
        LogEntry.model_validate(item)
    return page


def messages(page: dict[str, Any]) -> list[str]:
    return [item["message"] for item in page["items"]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("checksum", ["Checksum BAD", "checksum ok"]),
        ("0% f", ["100% full"]),
        ("e_c", ["snake_case"]),
        ("nothing", []),
    ],
)
async def test_a_text_is_found_in_any_case_and_is_no_pattern(
    viewer: httpx.AsyncClient, pair: str, text: str, found: list[str]
) -> None:
    assert messages(await search(viewer, devices=pair.split(",", maxsplit=1)[0], text=text)) == found


async def test_lines_are_sifted_by_level_and_service(viewer: httpx.AsyncClient, pair: str) -> None:
    assert messages(await search(viewer, devices=pair, level="warning")) == ["Checksum BAD"] * 2
    assert len(messages(await search(viewer, devices=pair, service="valve"))) == 6
    assert messages(await search(viewer, devices=str(uuid4()))) == []


@pytest.mark.parametrize("direction", ["older", "newer"])
async def test_pages_in_either_direction_miss_and_repeat_nothing(
    viewer: httpx.AsyncClient, pair: str, direction: str
) -> None:
    seen: list[tuple[str, str]] = []
    query = {"devices": pair, "direction": direction, "limit": "5"}
    while True:
        page = await search(viewer, **query)
        seen += [(item["timestamp"], item["device_uuid"]) for item in page["items"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert len(set(seen)) == len(seen) == 12
    assert seen == sorted(seen, reverse=direction == "older")


async def test_a_long_range_that_nothing_narrows_is_refused_with_a_way_out(
    viewer: httpx.AsyncClient, pair: str
) -> None:
    week = {"from": (START - timedelta(days=6)).isoformat()}
    refused = await viewer.get("/api/v1/logs", params=week)
    assert (refused.status_code, refused.json()["code"]) == (413, "range_too_long")
    assert "Name devices" in refused.json()["hint"]
    for narrowing in ({"devices": pair}, {"level": "warning"}, {"text": "checksum"}):
        assert (await viewer.get("/api/v1/logs", params={**week, **narrowing})).status_code == 200
    assert (await viewer.get("/api/v1/logs", params={**week, "text": "ch"})).status_code == 413
    assert (await viewer.get("/api/v1/logs", params={**week, "level": "info"})).status_code == 413


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"direction": "sideways"}, "query.direction"),
        ({"devices": "pump"}, "query.devices"),
        ({"after": "x"}, "query.after"),
        ({"text": "a\0b"}, "query.text"),
        ({"limit": "1001"}, "query.limit"),
    ],
)
async def test_an_impossible_question_names_its_field(
    viewer: httpx.AsyncClient, query: dict[str, str], field: str
) -> None:
    response = await viewer.get("/api/v1/logs", params=query)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_it_is_for_people_with_an_account(stranger: httpx.AsyncClient, device: EnrolledDevice) -> None:
    assert (await stranger.get("/api/v1/logs")).status_code == 401
    assert (await device.client.get("/api/v1/logs")).status_code == 403
