"""The traffic of devices over HTTP: what is counted of whom, and who sees it."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from iotistic.bootstrap.platform import Platform
from tests.integration.http.conftest import EnrolledDevice


def metrics() -> dict[str, Any]:
    return {"reports": [{"timestamp": datetime.now(UTC).isoformat(), "metrics": {"cpu_usage": 12.5}}]}


async def hours(
    platform: Platform, viewer: httpx.AsyncClient, device: EnrolledDevice
) -> list[dict[str, Any]]:
    await platform.traffic_keeper.flush()
    answer = await viewer.get(f"{device.path}/traffic")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def summed(items: list[dict[str, Any]], kind: str) -> dict[str, int]:
    """Over the hours: a test may run over the end of one."""
    names = ("requests", "refused", "bytes_received", "bytes_sent")
    return {name: sum(item[name] for item in items if item["kind"] == kind) for name in names}


async def test_only_people_see_the_traffic_of_a_device(
    stranger: httpx.AsyncClient,
    viewer: httpx.AsyncClient,
    device: EnrolledDevice,
    other_device: EnrolledDevice,
) -> None:
    path = f"{device.path}/traffic"
    assert (await stranger.get(path)).status_code == 401
    assert (await other_device.client.get(path)).status_code == 403
    assert (await viewer.get(path)).json() == {"items": [], "next": None}
    assert (await viewer.get(f"/api/v1/devices/{uuid4()}/traffic")).status_code == 404


async def test_requests_refusals_and_bytes_are_counted_by_kind(
    platform: Platform, viewer: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    sent = await device.client.post(f"{device.path}/metrics", json=metrics())
    assert sent.status_code == 200
    refused = await device.client.post(f"{device.path}/metrics", content=b"no JSON")
    assert refused.status_code == 422
    polled = await device.client.get(f"{device.path}/shadow")
    assert polled.status_code == 200
    items = await hours(platform, viewer, device)
    assert summed(items, "metrics") == {
        "requests": 2,
        "refused": 1,
        "bytes_received": len(sent.request.content) + len(b"no JSON"),
        "bytes_sent": len(sent.content) + len(refused.content),
    }
    assert summed(items, "shadow") == {
        "requests": 1,
        "refused": 0,
        "bytes_received": 0,
        "bytes_sent": len(polled.content),
    }


async def test_what_is_tried_on_another_device_counts_for_whoever_tried_it(
    platform: Platform, viewer: httpx.AsyncClient, device: EnrolledDevice, other_device: EnrolledDevice
) -> None:
    assert (await other_device.client.post(f"{device.path}/metrics", json=metrics())).status_code == 403
    assert await hours(platform, viewer, device) == []
    assert summed(await hours(platform, viewer, other_device), "metrics")["refused"] == 1


async def test_two_flushes_of_one_hour_add_up(
    platform: Platform, viewer: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    for _ in range(2):
        await device.client.get(f"{device.path}/shadow")
        items = await hours(platform, viewer, device)
    assert summed(items, "shadow")["requests"] == 2


async def test_people_are_not_counted(
    platform: Platform, viewer: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    await viewer.get(device.path)
    assert await hours(platform, viewer, device) == []


async def test_pages_lead_through_all_of_it(
    platform: Platform, viewer: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    for word in ("shadow", "jobs/next", "metrics", "nothing"):
        await device.client.get(f"{device.path}/{word}")
    whole = await hours(platform, viewer, device)
    paged, after = list[dict[str, Any]](), None
    while True:
        query = {"limit": 1} | ({} if after is None else {"after": after})
        page = (await viewer.get(f"{device.path}/traffic", params=query)).json()
        paged += page["items"]
        if (after := page["next"]) is None:
            break
    assert paged == whole
    assert len(whole) >= 4


async def test_a_range_that_ends_before_it_begins_is_refused(
    viewer: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    query = {"from": "2026-11-24T00:00:00Z", "to": "2026-11-24T00:00:00Z"}
    answer = await viewer.get(f"{device.path}/traffic", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "parameter_invalid")
