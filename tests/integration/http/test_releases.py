"""Releases: never changed, numbered without gaps, and deployed into what is desired of devices."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.integration.http.conftest import EnrolledDevice

IMAGE = "registry.example.com/pump@sha256:" + "a1" * 32
WEB: dict[str, Any] = {"name": "web", "image": IMAGE, "environment": {"LOG_LEVEL": "info"}}
DB: dict[str, Any] = {"name": "db", "image": IMAGE, "environment": {}}


async def make(operator: httpx.AsyncClient, name: str, *releases: list[dict[str, Any]]) -> str:
    path = f"/api/v1/applications/{name}"
    assert (await operator.post("/api/v1/applications", json={"name": name})).status_code == 201
    for services in releases:
        made = await operator.post(f"{path}/releases", json={"services": services})
        assert made.status_code == 201, made.text
    return path


async def test_a_release_is_deployed_and_rolled_back(
    operator: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    path = await make(operator, "pump-control", [WEB, DB], [WEB])
    target = {"devices": [str(device.uuid)]}
    await operator.patch(f"{device.path}/shadow/desired", json={"patch": {"interval": 30}})
    for number, services in ((1, [WEB, DB]), (2, [WEB]), (1, [WEB, DB])):
        done = await operator.post(f"{path}/deployments", json={"release": number, "target": target})
        assert (done.json()["devices"], done.json()["changed"]) == (1, 1), done.text
        desired = (await device.client.get(f"{device.path}/shadow/desired")).json()["document"]
        app = {"release": number, "services": services}
        assert desired == {"interval": 30, "apps": {"pump-control": app}}
    again = await operator.post(f"{path}/deployments", json={"release": 1, "target": target})
    assert again.json()["changed"] == 0


async def test_releases_made_at_once_have_numbers_without_gaps(operator: httpx.AsyncClient) -> None:
    path = await make(operator, "numbered")
    await asyncio.gather(*(operator.post(f"{path}/releases", json={"services": [WEB]}) for _ in range(8)))
    first = (await operator.get(f"{path}/releases", params={"limit": 3})).json()
    rest = (await operator.get(f"{path}/releases", params={"after": first["next"]})).json()
    assert [one["number"] for one in first["items"] + rest["items"]] == list(range(8, 0, -1))


@pytest.mark.parametrize(
    "services",
    [[], [WEB, WEB], [WEB | {"image": "pump:latest"}], [WEB | {"name": "Web"}], [WEB | {"ports": [80]}]],
)
async def test_what_is_no_release_is_refused(
    operator: httpx.AsyncClient, services: list[dict[str, Any]], device: EnrolledDevice
) -> None:
    path = await make(operator, f"app-{device.uuid.hex[:20]}")
    assert (await operator.post(f"{path}/releases", json={"services": services})).status_code == 422


async def test_what_is_not_there_cannot_be_deployed(
    operator: httpx.AsyncClient, viewer: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    path = await make(operator, "deployable", [WEB])
    target = {"devices": [str(device.uuid)]}
    assert (
        await viewer.post(f"{path}/deployments", json={"release": 1, "target": target})
    ).status_code == 403
    for at, body, status in (
        (path, {"release": 2, "target": target}, 404),
        ("/api/v1/applications/nowhere", {"release": 1, "target": target}, 404),
        (path, {"release": 1, "target": {"where": "nobody-has-this=1"}}, 422),
        (path, {"release": 1, "target": {}}, 422),
        (path, {"release": 1, "target": {"devices": ["3f0d7f6e-0d33-4b1f-9f0c-3a1c5a2f9b10"]}}, 422),
    ):
        assert (await operator.post(f"{at}/deployments", json=body)).status_code == status
    assert (await operator.post("/api/v1/applications", json={"name": "deployable"})).status_code == 409
    assert "deployable" in [one["name"] for one in (await viewer.get("/api/v1/applications")).json()["items"]]
