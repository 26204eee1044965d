"""The short way of a poll says what the long way says, header by header, and leaves it all it does not know."""

import asyncio

import httpx
import pytest

from tests.integration.http.conftest import EnrolledDevice

VIEWS = ["", "/delta"]


def told(answer: httpx.Response) -> dict[str, str]:
    """Headers that do not differ from one request to the next."""
    return {
        name: value for name, value in answer.headers.items() if name not in {"x-request-id", "ratelimit"}
    }


@pytest.mark.parametrize("view", VIEWS)
async def test_both_ways_answer_the_same(device: EnrolledDevice, view: str) -> None:
    path = f"/api/v1/devices/{device.uuid}/shadow{view}"
    tag = (await device.client.get(path)).headers["etag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        short = await device.client.get(path, headers={"If-None-Match": known})
        # Whatever stands in the query, and be it nothing, is the framework's to judge.
        long = await device.client.get(f"{path}?&", headers={"If-None-Match": known})
        assert (short.status_code, long.status_code) == (304, 304)
        assert (told(short), short.content) == (told(long), long.content)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("known", ['"d9.r9"', "nonsense", '"'])
async def test_who_knows_something_else_gets_the_shadow(
    device: EnrolledDevice, view: str, known: str
) -> None:
    path = f"/api/v1/devices/{device.uuid}/shadow{view}"
    assert (await device.client.get(path, headers={"If-None-Match": known})).status_code == 200


@pytest.mark.parametrize("view", VIEWS)
async def test_a_tag_opens_no_other_shadow(
    stranger: httpx.AsyncClient, device: EnrolledDevice, other_device: EnrolledDevice, view: str
) -> None:
    path = f"/api/v1/devices/{other_device.uuid}/shadow{view}"
    tag = (await other_device.client.get(path)).headers["etag"]
    for known in (tag, "*"):
        headers = {"If-None-Match": known}
        assert (await stranger.get(path, headers=headers)).status_code == 401
        refused = await device.client.get(path, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_your_device")


async def test_a_retired_device_is_turned_away(operator: httpx.AsyncClient, device: EnrolledDevice) -> None:
    path = f"/api/v1/devices/{device.uuid}/shadow"
    tag = (await device.client.get(path)).headers["etag"]
    assert (await operator.post(f"/api/v1/devices/{device.uuid}/retire")).status_code == 200
    async with asyncio.timeout(60):  # the process hears of it a moment later
        while (await device.client.get(path, headers={"If-None-Match": tag})).status_code != 401:
            await asyncio.sleep(0.01)


async def test_both_ways_are_one_route_to_who_counts(
    operator: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    path = f"/api/v1/devices/{device.uuid}/shadow"
    tag = (await device.client.get(path)).headers["etag"]
    await device.client.get(path, headers={"If-None-Match": tag})
    counted = [line for line in (await operator.get("/metrics")).text.splitlines() if "3xx" in line]
    assert any('"/api/v1/devices/{uuid}/shadow"' in line for line in counted), counted
    assert not [line for line in counted if "unmatched" in line or str(device.uuid) in line]
