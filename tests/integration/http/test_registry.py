"""The registry of a fleet over HTTP: files, fleets, rules of tags, and coming and going."""

import json
from collections.abc import AsyncIterator
from itertools import count

import httpx
import pytest
import pytest_asyncio

from iotistic.bootstrap.platform import Platform
from tests.integration.http.conftest import EnrolledDevice

CSV = {"Content-Type": "text/csv; charset=utf-8"}
NDJSON = {"Content-Type": "application/x-ndjson"}
DEVICES = "/api/v1/devices"

_numbers = count(1)


@pytest.fixture
def mark() -> str:
    """A word that no other test uses."""
    return f"m{next(_numbers):03}"


@pytest_asyncio.fixture(autouse=True)
async def _tidy(platform: Platform) -> AsyncIterator[None]:
    """The other tests share the database and count on pages of theirs."""
    yield
    async with platform.begin() as work:
        await work.connection.execute("DELETE FROM devices WHERE name ~ '^m[0-9]{3}'")
        await work.connection.execute("DELETE FROM fleets WHERE name ~ '^m[0-9]{3}'")


async def bring(client: httpx.AsyncClient, *records: dict[str, object]) -> dict[str, object]:
    content = "".join(json.dumps({"kind": "sensor", **record}) + "\n" for record in records)
    response = await client.post(f"{DEVICES}/import", content=content, headers=NDJSON)
    assert response.status_code == 200, response.text
    report: dict[str, object] = response.json()
    return report


async def listed(client: httpx.AsyncClient, **query: str) -> list[str]:
    response = await client.get(DEVICES, params=query)
    assert response.status_code == 200, response.text
    return [item["name"] for item in response.json()["items"]]


async def test_a_device_is_registered_before_it_comes(operator: httpx.AsyncClient, mark: str) -> None:
    await operator.post("/api/v1/fleets", json={"name": mark})
    body = {"name": mark, "kind": "sensor", "serial": mark, "fleet": mark, "tags": {"site": "oslo"}}
    response = await operator.post(DEVICES, json=body)
    assert response.status_code == 201, response.text
    made = response.json()
    assert (made["name"], made["serial"], made["fleet"], made["connection_status"]) == (
        mark,
        mark,
        mark,
        "never",
    )
    assert (await operator.get(f"{DEVICES}/{made['uuid']}/tags")).json()[0]["value"] == "oslo"
    again = await operator.post(DEVICES, json=body | {"serial": None})
    assert (again.status_code, again.json()["code"]) == (409, "device_name_taken")
    nowhere = await operator.post(DEVICES, json=body | {"name": f"{mark}-2", "fleet": "nowhere"})
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "fleet_not_found")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "Sensor"}, "body.kind"),
        ({"name": ""}, "body.name"),
        ({"fleet": "Spree"}, "body.fleet"),
        ({"tags": {"Site": "x"}}, "body.tags.Site.[key]"),
        ({"tags": {"site": ""}}, "body.tags.site"),
        ({"colour": "red"}, "body.colour"),
    ],
)
async def test_an_impossible_device_names_its_field(
    operator: httpx.AsyncClient, change: dict[str, object], field: str
) -> None:
    response = await operator.post(DEVICES, json={"name": "x", "kind": "sensor"} | change)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_a_list_is_filtered_page_by_page(operator: httpx.AsyncClient, mark: str) -> None:
    await bring(
        operator,
        *({"name": f"{mark}-{n}", "tags": {mark: "even" if n % 2 == 0 else "odd"}} for n in range(7)),
    )
    names: list[str] = []
    url = f"{DEVICES}?limit=2&where={mark}%3Deven&name={mark.upper()}"
    while url:
        response = await operator.get(url)
        names += [item["name"] for item in response.json()["items"]]
        url = response.links["next"]["url"] if response.json()["next"] else ""
    assert names == [f"{mark}-{n}" for n in (0, 2, 4, 6)]
    assert await listed(operator, where=f"has {mark} and {mark}!=even", status="never", kind="sensor") == [
        f"{mark}-{n}" for n in (1, 3, 5)
    ]
    assert await listed(operator, where=f"has {mark}", status="online") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"where": "site="}, "query.where"),
        ({"where": "x" * 4001}, "query.where"),
        ({"where": "a=b", "retired": "true"}, "query.where"),
        ({"status": "asleep"}, "query.status"),
        ({"kind": "A"}, "query.kind"),
        ({"fleet": "A"}, "query.fleet"),
        ({"name": ""}, "query.name"),
        ({"name": "a\0"}, "query.name"),
        ({"retired": "maybe"}, "query.retired"),
    ],
)
async def test_an_impossible_filter_names_its_field(
    viewer: httpx.AsyncClient, query: dict[str, str], field: str
) -> None:
    response = await viewer.get(DEVICES, params=query)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


async def test_an_expression_that_cannot_be_read_tells_where(viewer: httpx.AsyncClient) -> None:
    problem = (await viewer.get(DEVICES, params={"where": "site=berlin hardware"})).json()
    assert problem["code"] == "tag_expression_invalid"
    assert problem["detail"].startswith("At character 13 of the expression: expected `and`, `or` or the end")


async def test_a_file_is_imported_told_and_exported_as_it_was(operator: httpx.AsyncClient, mark: str) -> None:
    text = f"name,kind,serial,tag.{mark}\n{mark}-a,sensor,{mark}1,x\n{mark}-b,Sensor,{mark}2,x\n{mark}-c,host,{mark}3,y\n"
    for created, unchanged in ((2, 0), (0, 2)):
        report = (await operator.post(f"{DEVICES}/import", content=text, headers=CSV)).json()
        assert (report["created"], report["updated"], report["unchanged"], report["rejected"]) == (
            created, 0, unchanged, 1,
        )  # fmt: skip
        assert [(one["line"], one["code"]) for one in report["problems"]] == [(3, "device_invalid")]
    out = await operator.get(f"{DEVICES}/export", params={"where": f"has {mark}"})
    assert out.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in out.text.splitlines()] == [
        {"name": f"{mark}-a", "kind": "sensor", "serial": f"{mark}1", "fleet": None, "tags": {mark: "x"}},
        {"name": f"{mark}-c", "kind": "host", "serial": f"{mark}3", "fleet": None, "tags": {mark: "y"}},
    ]
    table = await operator.get(f"{DEVICES}/export", params={"where": f"has {mark}", "format": "csv"})
    assert table.headers["content-disposition"] == 'attachment; filename="devices.csv"'
    back = (await operator.post(f"{DEVICES}/import", content=table.content, headers=CSV)).json()
    assert (back["created"], back["updated"], back["unchanged"], back["rejected"]) == (0, 0, 2, 0)


async def test_an_export_spans_pages(operator: httpx.AsyncClient, mark: str) -> None:
    await bring(operator, *({"name": f"{mark}-{n:04}", "tags": {mark: "x"}} for n in range(1001)))
    out = await operator.get(f"{DEVICES}/export", params={"where": f"{mark}=x"})
    assert [json.loads(line)["name"] for line in out.text.splitlines()] == [
        f"{mark}-{n:04}" for n in range(1001)
    ]


async def test_an_export_that_cannot_be_is_refused_before_it_begins(viewer: httpx.AsyncClient) -> None:
    for form in ("csv", "ndjson"):
        response = await viewer.get(f"{DEVICES}/export", params={"fleet": "nowhere", "format": form})
        assert (response.status_code, response.json()["code"]) == (404, "fleet_not_found")
    assert (await viewer.get(f"{DEVICES}/export", params={"where": "("})).status_code == 422


@pytest.mark.parametrize(
    ("headers", "content", "status", "code"),
    [
        ({"Content-Type": "application/json"}, b"{}", 415, "unsupported_media_type"),
        ({}, b"", 415, "unsupported_media_type"),
        (CSV, b"", 422, "import_file_invalid"),
        (CSV, b"name,kind,colour\n", 422, "import_file_invalid"),
        (NDJSON, b"\xff", 422, "import_file_invalid"),
        (NDJSON, b"\n" * (16 << 20) + b"\n", 413, "body_too_large"),
    ],
)
async def test_what_is_no_file_is_refused(
    operator: httpx.AsyncClient, headers: dict[str, str], content: bytes, status: int, code: str
) -> None:
    response = await operator.post(f"{DEVICES}/import", content=content, headers=headers)
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_a_file_may_be_larger_than_other_bodies_but_not_a_devices(
    operator: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    blank = b"\n" * (2 << 20)
    assert (await operator.post(f"{DEVICES}/import", content=blank, headers=NDJSON)).status_code == 200
    assert (await device.client.post(f"{DEVICES}/import", content=blank, headers=NDJSON)).status_code == 413


async def test_many_devices_are_tagged_by_name_or_by_what_they_are(
    operator: httpx.AsyncClient, mark: str
) -> None:
    await bring(operator, *({"name": f"{mark}-{n}", "tags": {mark: str(n)}} for n in range(4)))
    response = await operator.post(
        f"{DEVICES}/tags", json={"where": f"{mark} in (1, 2)", "set": {"rack": mark}, "remove": [mark]}
    )
    assert response.json() == {"matched": 2, "changed": 2}
    assert await listed(operator, where=f"rack={mark}") == [f"{mark}-1", f"{mark}-2"]
    [first, *_] = (await operator.get(DEVICES, params={"where": f"has {mark}"})).json()["items"]
    response = await operator.post(
        f"{DEVICES}/tags", json={"devices": [first["uuid"]], "set": {"rack": mark}}
    )
    assert response.json() == {"matched": 1, "changed": 1}


@pytest.mark.parametrize(
    "body",
    [
        {"set": {"a": "b"}},
        {"where": "a=b"},
        {"where": "a=b", "devices": [], "set": {"a": "b"}},
        {"where": "a=", "set": {"a": "b"}},
        {"devices": ["x"], "set": {"a": "b"}},
        {"devices": [], "set": {"A": "b"}},
        {"devices": [], "remove": ["A"]},
    ],
)
async def test_an_unclear_tagging_is_refused(operator: httpx.AsyncClient, body: dict[str, object]) -> None:
    assert (await operator.post(f"{DEVICES}/tags", json=body)).status_code == 422


async def test_a_device_is_retired_and_restored(operator: httpx.AsyncClient, device: EnrolledDevice) -> None:
    response = await operator.post(f"{device.path}/retire")
    assert response.status_code == 200, response.text
    done = response.json()
    assert (done["was_in_service"], done["keys_revoked"]) == (True, 1)
    assert done["device"]["retired_at"] is not None
    assert (await device.client.get("/api/v1/auth/me")).status_code == 401
    assert device.name not in await listed(operator, name=device.name)
    assert device.name in await listed(operator, name=device.name, retired="true")
    again = (await operator.post(f"{device.path}/retire")).json()
    assert (again["was_in_service"], again["keys_revoked"]) == (False, 0)
    restored = await operator.post(f"{device.path}/restore", json={"name": f"{device.name}-again"})
    assert (restored.status_code, restored.json()["retired_at"]) == (200, None)
    assert (await operator.post(f"{device.path}/restore")).json()["name"] == f"{device.name}-again"


async def test_retired_devices_are_paged(operator: httpx.AsyncClient, mark: str) -> None:
    for _ in range(3):
        made = (await operator.post(DEVICES, json={"name": mark, "kind": "sensor"})).json()
        await operator.post(f"{DEVICES}/{made['uuid']}/retire")
    found: list[str] = []
    url = f"{DEVICES}?retired=true&limit=2&name={mark}"
    while url:
        response = await operator.get(url)
        found += [item["uuid"] for item in response.json()["items"]]
        url = response.links["next"]["url"] if response.json()["next"] else ""
    assert len(found) == len(set(found)) == 3


async def test_a_fleet_gives_its_devices_what_it_says(
    operator: httpx.AsyncClient, device: EnrolledDevice, mark: str
) -> None:
    body = {"name": mark, "default_tags": {mark: "x"}, "default_settings": {"every": 60}}
    made = await operator.post("/api/v1/fleets", json=body)
    assert made.status_code == 201, made.text
    assert (await operator.post("/api/v1/fleets", json=body)).json()["code"] == "fleet_name_taken"
    assert (await operator.put(f"{device.path}/fleet", json={"fleet": mark})).status_code == 204
    assert (await operator.get(f"{device.path}/tags")).json() == [
        {"key": mark, "value": "x", "inherited": True}
    ]
    assert await listed(operator, fleet=mark, where=f"{mark}=x") == [device.name]
    changed = await operator.put(f"/api/v1/fleets/{mark}", json={"description": "now without"})
    assert (changed.json()["default_tags"], changed.json()["devices"]) == ({}, 1)
    assert await listed(operator, where=f"has {mark}") == []
    kept = await operator.delete(f"/api/v1/fleets/{mark}")
    assert (kept.status_code, kept.json()["code"]) == (409, "fleet_not_empty")
    assert (await operator.put(f"{device.path}/fleet", json={"fleet": None})).status_code == 204
    assert (await operator.delete(f"/api/v1/fleets/{mark}")).status_code == 204
    gone = await operator.get(f"/api/v1/fleets/{mark}")
    assert (gone.status_code, gone.json()["code"]) == (404, "fleet_not_found")


async def test_fleets_are_paged(operator: httpx.AsyncClient, mark: str) -> None:
    for n in range(3):
        await operator.post("/api/v1/fleets", json={"name": f"{mark}-{n}"})
    found: list[str] = []
    url = "/api/v1/fleets?limit=2"
    while url:
        response = await operator.get(url)
        found += [item["name"] for item in response.json()["items"]]
        url = response.links["next"]["url"] if response.json()["next"] else ""
    assert found == sorted(set(found))
    assert {f"{mark}-{n}" for n in range(3)} <= set(found)


async def test_rules_of_tags_are_kept_and_gaps_told(
    operator: httpx.AsyncClient, device: EnrolledDevice, mark: str
) -> None:
    path = f"/api/v1/tags/definitions/{mark}"
    assert (await operator.get(path)).json()["code"] == "tag_definition_not_found"
    await operator.put(f"{device.path}/tags/{mark}", json={"value": "z"})
    clash = await operator.put(path, json={"allowed_values": ["x", "y"], "is_required": True})
    assert (clash.status_code, clash.json()["code"]) == (409, "tag_values_in_use")
    await operator.delete(f"{device.path}/tags/{mark}")
    made = await operator.put(path, json={"allowed_values": ["x", "y"], "is_required": True})
    assert made.json()["allowed_values"] == ["x", "y"]
    refused = await operator.put(f"{device.path}/tags/{mark}", json={"value": "z"})
    assert (refused.status_code, refused.json()["code"]) == (422, "tag_invalid")
    gaps: dict[str, list[str]] = {}
    url = "/api/v1/tags/missing?limit=50"
    while url:
        response = await operator.get(url)
        gaps |= {item["name"]: item["missing"] for item in response.json()["items"]}
        url = response.links["next"]["url"] if response.json()["next"] else ""
    assert mark in gaps[device.name]
    assert mark in [one["key"] for one in (await operator.get("/api/v1/tags/definitions")).json()["items"]]
    assert (await operator.delete(path)).status_code == 204
    assert (await operator.delete(path)).status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/fleets", "/api/v1/tags/definitions", "/api/v1/tags/missing"])
async def test_a_cursor_of_ones_own_making_is_refused(viewer: httpx.AsyncClient, path: str) -> None:
    response = await viewer.get(path, params={"after": "!!!"})
    assert (response.status_code, response.json()["code"]) == (422, "cursor_invalid")
