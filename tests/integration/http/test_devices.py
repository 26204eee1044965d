"""The registry over HTTP."""

import json
from base64 import urlsafe_b64encode
from uuid import uuid4

import httpx
import pytest

from iotistic.bootstrap.platform import Platform
from iotistic.http.cursor import encode_cursor
from tests.integration.http.conftest import EnrolledDevice, MakeDevice


async def test_a_device_is_shown_in_full(viewer: httpx.AsyncClient, device: EnrolledDevice) -> None:
    response = await viewer.get(device.path)
    assert response.status_code == 200
    shown = response.json()
    assert set(shown) == {
        "uuid", "name", "kind", "serial", "connection_status", "created_at", "updated_at", "retired_at",
        "fleet",
    }  # fmt: skip
    assert (shown["uuid"], shown["name"], shown["kind"]) == (str(device.uuid), device.name, "host")
    assert shown["created_at"].endswith("Z")
    assert shown["retired_at"] is None


async def test_a_device_that_does_not_exist_is_not_found(viewer: httpx.AsyncClient) -> None:
    response = await viewer.get(f"/api/v1/devices/{uuid4()}")
    assert (response.status_code, response.json()["code"]) == (404, "device_not_found")


async def test_what_is_no_uuid_is_told_by_its_place(viewer: httpx.AsyncClient) -> None:
    response = await viewer.get("/api/v1/devices/pump")
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["path.uuid"]


async def test_pages_follow_one_another_without_gap_or_repeat(
    viewer: httpx.AsyncClient, make_device: MakeDevice
) -> None:
    mine = {(await make_device()).name for _ in range(5)}
    names: list[str] = []
    url = "/api/v1/devices?limit=2"
    while url:
        response = await viewer.get(url)
        page = response.json()
        assert len(page["items"]) <= 2
        names += [item["name"] for item in page["items"]]
        url = response.links["next"]["url"] if page["next"] else ""
        assert ("next" in response.links) == (page["next"] is not None)
        assert page["next"] is None or f"after={page['next']}" in url
    assert names == sorted(set(names))
    assert mine <= set(names)


async def test_a_page_holds_a_hundred_unless_told_otherwise(
    platform: Platform, viewer: httpx.AsyncClient
) -> None:
    async with platform.begin() as work:
        await work.connection.execute(
            "INSERT INTO devices (name, kind) SELECT 'hundred-' || n, 'sensor' FROM generate_series(1, 101) AS n"
        )
    first = (await viewer.get("/api/v1/devices", params={"name": "hundred-"})).json()
    assert len(first["items"]) == 100
    rest = await viewer.get("/api/v1/devices", params={"name": "hundred-", "after": first["next"]})
    assert (len(rest.json()["items"]), rest.json()["next"]) == (1, None)
    async with platform.begin() as work:
        await work.connection.execute("DELETE FROM devices WHERE name LIKE 'hundred-%'")


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "1.5", ""])
async def test_a_page_of_an_impossible_size_is_refused(viewer: httpx.AsyncClient, limit: str) -> None:
    response = await viewer.get("/api/v1/devices", params={"limit": limit})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["query.limit"]


@pytest.mark.parametrize("limit", [1, 1000])
async def test_the_bounds_of_a_page_are_in(viewer: httpx.AsyncClient, limit: int) -> None:
    assert (await viewer.get("/api/v1/devices", params={"limit": limit})).status_code == 200


@pytest.mark.parametrize("cursor", ["", "x", "!!!", encode_cursor(5), encode_cursor(["a", "b"]), "a" * 3000])
async def test_a_cursor_of_ones_own_making_is_refused(viewer: httpx.AsyncClient, cursor: str) -> None:
    response = await viewer.get("/api/v1/devices", params={"after": cursor})
    assert (response.status_code, response.json()["code"]) == (422, "cursor_invalid")
    assert response.json()["errors"][0]["field"] == "query.after"


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
async def test_a_cursor_with_what_no_text_holds_is_refused(viewer: httpx.AsyncClient, name: str) -> None:
    cursor = urlsafe_b64encode(json.dumps([name]).encode()).decode().rstrip("=")
    assert (await viewer.get("/api/v1/devices", params={"after": cursor})).status_code == 422


async def test_a_device_gets_another_name(operator: httpx.AsyncClient, device: EnrolledDevice) -> None:
    response = await operator.patch(device.path, json={"name": f"  {device.name}-renamed "})
    assert response.status_code == 200
    assert response.json()["name"] == f"{device.name}-renamed"
    assert (await operator.get(device.path)).json()["name"] == f"{device.name}-renamed"


async def test_the_name_of_another_device_is_taken(
    operator: httpx.AsyncClient, device: EnrolledDevice, other_device: EnrolledDevice
) -> None:
    response = await operator.patch(device.path, json={"name": other_device.name})
    assert (response.status_code, response.json()["code"]) == (409, "device_name_taken")
    assert (await operator.get(device.path)).json()["name"] == device.name


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.name"),
        ({"name": ""}, "body.name"),
        ({"name": "   "}, "body.name"),
        ({"name": None}, "body.name"),
        ({"name": 5}, "body.name"),
        ({"name": "x" * 201}, "body.name"),
        ({"name": "a\0b"}, "body.name"),
        ({"name": "x", "uuid": "y"}, "body.uuid"),
        ([], "body"),
    ],
)
async def test_an_impossible_change_names_its_field(
    operator: httpx.AsyncClient, device: EnrolledDevice, body: object, field: str
) -> None:
    response = await operator.patch(device.path, json=body)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_a_device_that_does_not_exist_cannot_be_renamed(operator: httpx.AsyncClient) -> None:
    assert (await operator.patch(f"/api/v1/devices/{uuid4()}", json={"name": "x"})).status_code == 404


async def test_tags_are_set_replaced_listed_and_removed(
    operator: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    tags = f"{device.path}/tags"
    assert (await operator.get(tags)).json() == []
    for key, value in [("site", "oslo"), ("hw.model", "rpi4"), ("site", "berlin")]:
        response = await operator.put(f"{tags}/{key}", json={"value": value})
        assert (response.status_code, response.content) == (204, b"")
    assert (await operator.get(tags)).json() == [
        {"key": "hw.model", "value": "rpi4", "inherited": False},
        {"key": "site", "value": "berlin", "inherited": False},
    ]
    assert (await operator.delete(f"{tags}/site")).status_code == 204
    again = await operator.delete(f"{tags}/site")
    assert (again.status_code, again.json()["code"]) == (404, "tag_not_found")
    assert [tag["key"] for tag in (await operator.get(tags)).json()] == ["hw.model"]


@pytest.mark.parametrize("key", ["Site", "-site", "site-", "a" * 101, "si te", "ü", "a%00b"])
async def test_an_impossible_key_is_refused_by_name(
    operator: httpx.AsyncClient, device: EnrolledDevice, key: str
) -> None:
    response = await operator.put(f"{device.path}/tags/{key}", json={"value": "x"})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["path.key"]


@pytest.mark.parametrize("key", ["a", "a" * 100, "a.b-c_d", "0"])
async def test_the_bounds_of_a_key_are_in(
    operator: httpx.AsyncClient, device: EnrolledDevice, key: str
) -> None:
    assert (await operator.put(f"{device.path}/tags/{key}", json={"value": "x" * 255})).status_code == 204


@pytest.mark.parametrize("value", ["", " ", "x" * 256, "a\0b", 5, None])
async def test_an_impossible_value_is_refused_by_name(
    operator: httpx.AsyncClient, device: EnrolledDevice, value: object
) -> None:
    response = await operator.put(f"{device.path}/tags/site", json={"value": value})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["body.value"]


async def test_a_device_that_does_not_exist_has_no_tags(operator: httpx.AsyncClient) -> None:
    tags = f"/api/v1/devices/{uuid4()}/tags"
    assert (await operator.get(tags)).status_code == 404
    assert (await operator.put(f"{tags}/site", json={"value": "x"})).status_code == 404
    assert (await operator.delete(f"{tags}/site")).status_code == 404


async def test_reading_changes_nothing(
    platform: Platform, viewer: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    """The transaction of a read refuses writes: were one to try, it would be a 503 here."""
    for path in ("", "/tags", "/interfaces", "/latest", "/metrics", "/logs"):
        assert (await viewer.get(device.path + path)).status_code == 200
    assert platform.pool.stats().get("requests_errors", 0) == 0
