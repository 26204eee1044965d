"""Dashboards over HTTP: strangers, devices and other people first."""

import asyncio
from itertools import count
from typing import Any

import httpx
import pytest
from psycopg import AsyncConnection, errors

from tests.integration.http.conftest import EnrolledDevice

PATH = "/api/v1/dashboards"
DOCUMENT = {"widgets": [{"kind": "chart", "metric": "cpu_usage"}]}
_names = count(1)


def stated(**change: object) -> dict[str, Any]:
    return {"name": f"dashboard {next(_names)}", "document": DOCUMENT, **change}


async def make(client: httpx.AsyncClient, where: str = PATH, **change: object) -> dict[str, Any]:
    answer = await client.post(where, json=stated(**change))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_strangers_and_devices_see_and_make_none(
    stranger: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    for path in (PATH, f"{PATH}/default", f"{PATH}/1"):
        assert (await stranger.get(path)).status_code == 401
        assert (await device.client.get(path)).status_code == 403
    for path in (PATH, f"{PATH}/shared"):
        assert (await stranger.post(path, json=stated())).status_code == 401
        assert (await device.client.post(path, json=stated())).status_code == 403


async def test_a_dashboard_of_ones_own_is_not_there_for_others(
    viewer: httpx.AsyncClient, operator: httpx.AsyncClient
) -> None:
    made = await make(viewer)
    assert (made["owner"], made["document"], made["is_default"]) == ("viewer", DOCUMENT, False)
    path = f"{PATH}/{made['id']}"
    assert (await viewer.get(path)).json() == made
    for answer in (
        await operator.get(path),
        await operator.put(path, json=stated()),
        await operator.delete(path),
        await operator.put(f"{PATH}/shared/{made['id']}", json=stated()),
        await operator.delete(f"{PATH}/shared/{made['id']}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "dashboard_not_found")
    assert made["id"] not in [one["id"] for one in (await operator.get(PATH)).json()["items"]]
    assert (await viewer.get(path)).json() == made


async def test_everybody_sees_a_shared_dashboard_and_only_some_change_it(
    viewer: httpx.AsyncClient, operator: httpx.AsyncClient
) -> None:
    assert (await viewer.post(f"{PATH}/shared", json=stated())).status_code == 403
    made = await make(operator, f"{PATH}/shared")
    assert (await viewer.get(f"{PATH}/{made['id']}")).json()["owner"] is None
    path = f"{PATH}/shared/{made['id']}"
    assert (await viewer.put(path, json=stated())).status_code == 403
    assert (await viewer.delete(path)).status_code == 403
    # Not by the way that is for one's own either.
    assert (await viewer.delete(f"{PATH}/{made['id']}")).status_code == 404
    changed = await operator.put(path, json=stated(name="renamed for all"))
    assert (changed.status_code, changed.json()["name"]) == (200, "renamed for all")
    assert (await operator.delete(path)).status_code == 204
    assert (await viewer.get(f"{PATH}/{made['id']}")).status_code == 404


async def test_the_newest_default_is_the_only_one(operator: httpx.AsyncClient) -> None:
    first = await make(operator, is_default=True)
    second = await make(operator, is_default=True)
    assert (await operator.get(f"{PATH}/default")).json()["id"] == second["id"]
    assert (await operator.get(f"{PATH}/{first['id']}")).json()["is_default"] is False
    back = {name: first[name] for name in ("name", "document")} | {"is_default": True}
    assert (await operator.put(f"{PATH}/{first['id']}", json=back)).status_code == 200
    assert (await operator.get(f"{PATH}/default")).json()["id"] == first["id"]


async def test_the_own_default_goes_before_the_shared_one_of_the_same_device(
    viewer: httpx.AsyncClient, operator: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    query = {"device": str(device.uuid)}
    assert (await viewer.get(f"{PATH}/default", params=query)).status_code == 404
    shared = await make(operator, f"{PATH}/shared", is_default=True, device_uuid=str(device.uuid))
    assert (await viewer.get(f"{PATH}/default", params=query)).json()["id"] == shared["id"]
    own = await make(viewer, is_default=True, device_uuid=str(device.uuid))
    assert (await viewer.get(f"{PATH}/default", params=query)).json()["id"] == own["id"]
    assert (await operator.get(f"{PATH}/default", params=query)).json()["id"] == shared["id"]
    listed = (await viewer.get(PATH, params=query)).json()["items"]
    assert [one["id"] for one in listed] == [shared["id"], own["id"]]
    assert all("document" not in one for one in listed)


async def test_many_who_set_a_default_at_once_leave_one(
    operator: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    answers = await asyncio.gather(
        *(
            operator.post(f"{PATH}/shared", json=stated(is_default=True, device_uuid=str(device.uuid)))
            for _ in range(12)
        )
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"dashboard_default_taken"}
    listed = (await operator.get(PATH, params={"device": str(device.uuid)})).json()["items"]
    assert len(listed) == sum(answer.status_code == 201 for answer in answers)
    assert sum(one["is_default"] for one in listed) == 1


async def test_the_database_itself_refuses_a_second_default(owner_connection: AsyncConnection) -> None:
    insert = "INSERT INTO dashboard_layouts (name, document, is_default) VALUES (%s, '{}', true)"
    await owner_connection.execute(insert, ("one",))
    with pytest.raises(errors.UniqueViolation, match="dashboard_layouts_user_id_device_uuid_key"):
        await owner_connection.execute(insert, ("two",))


async def test_a_name_is_taken_once_for_each_owner(
    viewer: httpx.AsyncClient, operator: httpx.AsyncClient
) -> None:
    made = await make(viewer)
    again = await viewer.post(PATH, json=stated(name=made["name"]))
    assert (again.status_code, again.json()["code"]) == (409, "dashboard_name_taken")
    await make(operator, name=made["name"])


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "n" * 201},
        {"document": []},
        {"document": {"text": "x" * 65_536}},
        {"is_default": "perhaps"},
        {"unknown": 1},
        {"device_uuid": "00000000-0000-0000-0000-000000000000"},
    ],
)
async def test_what_no_dashboard_can_be_is_refused(
    operator: httpx.AsyncClient, change: dict[str, object]
) -> None:
    answer = await operator.post(PATH, json=stated(**change))
    assert answer.status_code == 422, answer.text


async def test_a_document_of_just_under_64_kib_is_taken(operator: httpx.AsyncClient) -> None:
    # {"text": "..."} as PostgreSQL writes it.
    await make(operator, document={"text": "x" * (65_536 - len('{"text": ""}'))})


async def test_pages_lead_through_all_dashboards(viewer: httpx.AsyncClient, device: EnrolledDevice) -> None:
    made = [await make(viewer, device_uuid=str(device.uuid)) for _ in range(3)]
    seen, after = list[int](), None
    while True:
        query: dict[str, Any] = {"device": str(device.uuid), "limit": 2} | ({"after": after} if after else {})
        page = (await viewer.get(PATH, params=query)).json()
        seen += [one["id"] for one in page["items"]]
        if (after := page["next"]) is None:
            break
    assert seen == [one["id"] for one in made]
