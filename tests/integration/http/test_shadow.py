"""Shadows over HTTP: strangers and other devices first."""

import asyncio
import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from iotistic.bootstrap.platform import Platform
from tests.integration.http.conftest import EnrolledDevice

READS = ["", "/desired", "/reported", "/delta", "/desired?version=0", "?at=2026-01-01T00:00:00Z"]
PEOPLES = ["/desired/history", "/reported/history", "/desired/diff?from=0"]
WRITES = [("PATCH", "patch"), ("PUT", "document")]


def shadow_of(uuid: UUID | EnrolledDevice) -> str:
    return f"/api/v1/devices/{uuid.uuid if isinstance(uuid, EnrolledDevice) else uuid}/shadow"


@pytest.fixture
def shadow(device: EnrolledDevice) -> str:
    """The path of the device's shadow."""
    return shadow_of(device)


@pytest_asyncio.fixture
async def desired(operator: httpx.AsyncClient, shadow: str) -> str:
    """The path of what is desired, which is at version 1."""
    response = await operator.patch(f"{shadow}/desired", json={"patch": {"interval": 30}})
    assert response.status_code == 200
    return f"{shadow}/desired"


@pytest.mark.parametrize("path", READS + PEOPLES)
async def test_a_device_sees_nothing_of_another(
    device: EnrolledDevice, other_device: EnrolledDevice, path: str
) -> None:
    for uuid in (other_device.uuid, uuid4()):
        response = await device.client.get(shadow_of(uuid) + path)
        code = "user_key_needed" if path in PEOPLES else "not_your_device"
        assert (response.status_code, response.json()["code"]) == (403, code)


@pytest.mark.parametrize("half", ["desired", "reported"])
@pytest.mark.parametrize(("method", "member"), WRITES)
async def test_a_device_writes_nothing_of_another(
    device: EnrolledDevice, other_device: EnrolledDevice, method: str, member: str, half: str
) -> None:
    response = await device.client.request(
        method, f"{shadow_of(other_device)}/{half}", json={member: {"a": 1}}
    )
    assert response.status_code == 403
    seen = (await other_device.client.get(shadow_of(other_device))).json()
    assert (seen["desired"]["version"], seen["reported"]["version"]) == (0, 0)


@pytest.mark.parametrize(("method", "member"), WRITES)
async def test_a_device_desires_nothing_of_itself(
    device: EnrolledDevice, shadow: str, method: str, member: str
) -> None:
    response = await device.client.request(method, f"{shadow}/desired", json={member: {"a": 1}})
    assert (response.status_code, response.json()["code"]) == (403, "user_key_needed")
    response = await device.client.post(f"{shadow}/rollback", json={"to": 0})
    assert (response.status_code, response.json()["code"]) == (403, "user_key_needed")


@pytest.mark.parametrize(("method", "member"), WRITES)
async def test_nobody_reports_for_a_device(
    operator: httpx.AsyncClient, shadow: str, method: str, member: str
) -> None:
    response = await operator.request(method, f"{shadow}/reported", json={member: {"a": 1}})
    assert (response.status_code, response.json()["code"]) == (403, "device_key_needed")


async def test_who_may_only_look_looks(viewer: httpx.AsyncClient, desired: str, shadow: str) -> None:
    for path in READS + PEOPLES:
        assert (await viewer.get(shadow + path)).status_code == 200, path
    for method, path, body in (
        ("PATCH", "/desired", {"patch": {}}),
        ("PUT", "/desired", {"document": {}}),
        ("POST", "/rollback", {"to": 0}),
    ):
        response = await viewer.request(method, shadow + path, json=body)
        assert (response.status_code, response.json()["code"]) == (403, "role_too_low")
    assert (await viewer.get(desired)).json()["version"] == 1


async def test_a_device_that_does_not_exist_has_no_shadow(operator: httpx.AsyncClient) -> None:
    path = shadow_of(uuid4())
    asked = [await operator.get(path + end) for end in READS + PEOPLES]
    asked.append(await operator.patch(f"{path}/desired", json={"patch": {"a": 1}}))
    asked.append(await operator.put(f"{path}/desired", json={"document": {}}))
    asked.append(await operator.post(f"{path}/rollback", json={"to": 0}))
    assert {(one.status_code, one.json()["code"]) for one in asked} == {(404, "device_not_found")}


async def test_people_desire_and_the_device_does(
    operator: httpx.AsyncClient, device: EnrolledDevice, shadow: str, desired: str
) -> None:
    delta = await device.client.get(f"{shadow}/delta")
    assert delta.json() == {
        "desired_version": 1,
        "reported_version": 0,
        "settings_version": 0,
        "delta": {"interval": 30},
    }
    reported = await device.client.patch(
        f"{shadow}/reported", json={"patch": {"interval": 30, "firmware": "2.1.0"}}
    )
    assert (reported.status_code, reported.headers["etag"]) == (200, '"r1"')
    seen = (await operator.get(shadow)).json()
    assert seen["device_uuid"] == str(device.uuid)
    assert seen["desired"]["document"] == {"interval": 30}
    assert seen["reported"] == reported.json()
    assert seen["reported"]["changed_at"].endswith("Z")
    assert seen["delta"] == {}
    assert (await operator.get(desired)).json() == seen["desired"]


async def test_what_changes_nothing_is_answered_with_the_same_version(
    operator: httpx.AsyncClient, desired: str
) -> None:
    first = await operator.get(desired)
    again = await operator.patch(desired, json={"patch": {"interval": 30.0, "x": None}})
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["etag"] == first.headers["etag"] == '"d1"'


async def test_a_replacement_leaves_only_what_it_says(operator: httpx.AsyncClient, desired: str) -> None:
    response = await operator.put(desired, json={"document": {" led ": {"on": True, "x": None}}})
    assert response.json()["document"] == {" led ": {"on": True}}
    assert response.json()["version"] == 2


@pytest.mark.parametrize("header", ['"d1"', '"d0", "d1"', "*"])
async def test_a_write_on_the_version_it_was_built_on_is_made(
    operator: httpx.AsyncClient, desired: str, header: str
) -> None:
    response = await operator.patch(desired, json={"patch": {"a": 1}}, headers={"If-Match": header})
    assert (response.status_code, response.json()["version"]) == (200, 2)


@pytest.mark.parametrize("header", ['"d0"', '"d2"', 'W/"d1"', '"r1"', '"1"', "d1", '"d01"', ""])
async def test_a_write_on_another_version_does_not_meet_its_condition(
    operator: httpx.AsyncClient, desired: str, shadow: str, header: str
) -> None:
    for method, path, body in (
        ("PATCH", desired, {"patch": {"a": 1}}),
        ("PUT", desired, {"document": {"a": 1}}),
        ("POST", f"{shadow}/rollback", {"to": 0}),
    ):
        response = await operator.request(method, path, json=body, headers={"If-Match": header})
        assert (response.status_code, response.json()["code"]) == (412, "precondition_failed")
        assert response.json()["current_version"] == 1
    assert (await operator.get(desired)).json()["version"] == 1


async def test_a_version_in_the_body_that_is_not_there_is_a_conflict(
    operator: httpx.AsyncClient, device: EnrolledDevice, desired: str, shadow: str
) -> None:
    for version in (0, 2, 2**63 - 1):
        response = await operator.patch(desired, json={"patch": {"a": 1}, "version": version})
        assert (response.status_code, response.json()["code"]) == (409, "shadow_version_conflict")
        assert response.json()["current_version"] == 1
    response = await device.client.put(f"{shadow}/reported", json={"document": {}, "version": 1})
    assert (response.status_code, response.json()["current_version"]) == (409, 0)
    assert (await operator.patch(desired, json={"patch": {"a": 1}, "version": 1})).status_code == 200


async def test_of_two_conditions_the_header_is_judged_first(
    operator: httpx.AsyncClient, desired: str
) -> None:
    for header, version, status in (('"d0"', 1, 412), ('"d1"', 0, 409), ('"d0"', 0, 412), ('"d1"', 1, 200)):
        response = await operator.patch(
            desired, json={"patch": {"a": 1}, "version": version}, headers={"If-Match": header}
        )
        assert response.status_code == status


async def test_the_limits_are_in_and_one_byte_more_is_out(
    operator: httpx.AsyncClient, device: EnrolledDevice, shadow: str
) -> None:
    room = 32 * 1024 - len('{"a":""}')
    for client, half in ((operator, "desired"), (device.client, "reported")):
        path = f"{shadow}/{half}"
        assert (await client.put(path, json={"document": {"a": "x" * room}})).status_code == 200
        response = await client.put(path, json={"document": {"a": "x" * (room + 1)}})
        assert (response.status_code, response.json()["code"]) == (413, "shadow_too_large")
        response = await client.patch(path, json={"patch": {"b": 1}})
        assert (response.status_code, response.json()["code"]) == (413, "shadow_too_large")


@pytest.mark.parametrize(("levels", "statuses"), [(8, {200}), (9, {422}), (200, {422}), (20_000, {400, 422})])
async def test_a_document_is_eight_deep_at_most(
    operator: httpx.AsyncClient, shadow: str, levels: int, statuses: set[int]
) -> None:
    body = '{"patch":' + '{"a":' * levels + "1" + "}" * levels + "}"
    response = await operator.patch(
        f"{shadow}/desired", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code in statuses


@pytest.mark.parametrize(
    "raw",
    [
        '{"patch": {"a": NaN}}', '{"patch": {"a": 1e999}}', '{"patch": {"a": 18446744073709551616}}',
        '{"patch": {"a": "\\u0000"}}', '{"patch": {"a": "\\ud800"}}', '{"patch": {"\\udc00": 1}}',
        '{"patch": []}', '{"patch": null}', '{"patch": "x"}', "{}", "[]", '{"patch": {}, "version": -1}',
        '{"patch": {}, "version": 9223372036854775808}', '{"patch": {}, "state": {}}',
    ],
)  # fmt: skip
async def test_what_no_shadow_can_hold_is_refused(operator: httpx.AsyncClient, shadow: str, raw: str) -> None:
    response = await operator.patch(
        f"{shadow}/desired", content=raw, headers={"Content-Type": "application/json"}
    )
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize("path", READS[:4])
async def test_who_knows_the_present_state_is_told_that_it_is_so(
    operator: httpx.AsyncClient, device: EnrolledDevice, shadow: str, desired: str, path: str
) -> None:
    first = await device.client.get(shadow + path)
    tag = first.headers["etag"]
    for header in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        response = await device.client.get(shadow + path, headers={"If-None-Match": header})
        assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", tag)
        assert response.headers["cache-control"] == "private, no-cache"
    if path != "/reported":
        await operator.patch(desired, json={"patch": {"interval": 31}})
        response = await device.client.get(shadow + path, headers={"If-None-Match": tag})
        assert response.status_code == 200
        assert response.headers["etag"] != tag


async def test_a_poll_of_an_unchanged_shadow_costs_one_statement_and_can_write_nothing(
    platform: Platform, device: EnrolledDevice, shadow: str, desired: str, tmp_path: Path
) -> None:
    assert desired
    tag = (await device.client.get(shadow)).headers["etag"]
    with (tmp_path / "trace").open("wb+") as trace:
        connections = list(platform.pool._inner._pool)
        for connection in connections:
            connection.pgconn.trace(trace.fileno())
        response = await device.client.get(shadow, headers={"If-None-Match": tag})
        for connection in connections:
            connection.pgconn.untrace()
    sent = (tmp_path / "trace").read_bytes()
    assert response.status_code == 304
    assert re.findall(rb'\tQuery\t.* "(.*)"', sent) == [b"BEGIN READ ONLY", b"COMMIT"]
    assert len(re.findall(rb"\tExecute\t", sent)) == 1  # the versions


async def waiting(platform: Platform, count: int) -> None:
    async with asyncio.timeout(20):
        while platform.news.waiting != count:
            await asyncio.sleep(0.005)


async def nobody_connected(platform: Platform) -> None:
    async with asyncio.timeout(20):
        while platform.pool.stats()["pool_available"] != platform.pool.stats()["pool_size"]:
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("path", ["", "/desired", "/delta"])
async def test_a_device_that_waits_hears_of_a_change(
    platform: Platform, operator: httpx.AsyncClient, device: EnrolledDevice, desired: str, path: str
) -> None:
    shadow = shadow_of(device)
    tag = (await device.client.get(shadow + path)).headers["etag"]
    poll = asyncio.create_task(
        device.client.get(f"{shadow}{path}?wait=60s", headers={"If-None-Match": tag}, timeout=60)
    )
    await waiting(platform, 1)
    await nobody_connected(platform)
    await operator.patch(desired, json={"patch": {"interval": 31}})
    response = await poll
    assert (response.status_code, response.headers["etag"] != tag) == (200, True)
    assert b'"interval":31' in response.content
    assert platform.news.waiting == 0


async def test_a_wait_without_news_ends_with_304(device: EnrolledDevice, shadow: str, desired: str) -> None:
    assert desired
    tag = (await device.client.get(shadow)).headers["etag"]
    started = asyncio.get_running_loop().time()
    response = await device.client.get(f"{shadow}?wait=1s", headers={"If-None-Match": tag})
    assert response.status_code == 304
    assert asyncio.get_running_loop().time() - started >= 1


@pytest.mark.parametrize("headers", [{}, {"If-None-Match": '"d0.r0"'}])
async def test_who_does_not_know_the_present_state_does_not_wait(
    device: EnrolledDevice, shadow: str, desired: str, headers: dict[str, str]
) -> None:
    assert desired
    async with asyncio.timeout(20):
        response = await device.client.get(f"{shadow}?wait=60s", headers=headers)
    assert response.status_code == 200


async def test_a_caller_who_leaves_is_waited_for_no_longer(
    app: FastAPI, platform: Platform, device: EnrolledDevice, shadow: str
) -> None:
    left = asyncio.Event()
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in asked:
            return message
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        raise AssertionError(message)

    headers = [(b"authorization", f"Bearer {device.key.reveal()}".encode()), (b"if-none-match", b"*")]
    scope = {
        "type": "http", "method": "GET", "path": shadow, "raw_path": shadow.encode(), "scheme": "http",
        "query_string": b"wait=60s", "headers": headers, "client": ("192.0.2.7", 1), "root_path": "",
        "http_version": "1.1", "server": ("test", 80),
    }  # fmt: skip
    request = asyncio.create_task(app(scope, receive, send))
    await waiting(platform, 1)
    left.set()
    await asyncio.wait({request}, timeout=20)
    assert request.done()
    assert platform.news.waiting == 0


async def test_a_process_that_stops_lets_those_who_wait_go(
    platform: Platform, device: EnrolledDevice, shadow: str
) -> None:
    poll = asyncio.create_task(
        device.client.get(f"{shadow}?wait=60s", headers={"If-None-Match": "*"}, timeout=60)
    )
    await waiting(platform, 1)
    platform.news.dismiss()
    try:
        async with asyncio.timeout(20):
            assert (await poll).status_code == 304
    finally:
        platform.news.dismissed = False


async def test_a_device_cannot_wait_without_end_beside_itself(
    platform: Platform, operator: httpx.AsyncClient, device: EnrolledDevice, desired: str, shadow: str
) -> None:
    most = platform.news._most_of_one
    polls = [
        asyncio.create_task(
            device.client.get(f"{shadow}?wait=5s", headers={"If-None-Match": "*"}, timeout=60)
        )
        for _ in range(most)
    ]
    await waiting(platform, most)
    refused = await device.client.get(f"{shadow}?wait=5s", headers={"If-None-Match": "*"})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_waiters")
    assert int(refused.headers["retry-after"]) >= 1
    for poll in polls:
        poll.cancel()
    await asyncio.wait(polls)
    await waiting(platform, 0)
    assert (await operator.get(desired)).status_code == 200


@pytest.mark.parametrize("wait", ["", "0s", "61s", "1h", "-1s", "30", "PT61S", "P1000000000000D", "x" * 50])
async def test_an_impossible_wait_is_refused(device: EnrolledDevice, shadow: str, wait: str) -> None:
    response = await device.client.get(shadow, params={"wait": wait})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["query.wait"]


async def test_the_past_is_read_by_version_and_by_moment(
    operator: httpx.AsyncClient, shadow: str, desired: str
) -> None:
    first = (await operator.get(desired)).json()
    second = (await operator.patch(desired, json={"patch": {"interval": 31}})).json()
    for query, state in (
        ({"version": 1}, first),
        ({"version": 2}, second),
        ({"at": first["changed_at"]}, first),
        ({"at": second["changed_at"]}, second),
        ({"version": 0}, {"version": 0, "document": {}, "changed_at": None}),
        ({"at": "2026-01-01T00:00:00Z"}, {"version": 0, "document": {}, "changed_at": None}),
    ):
        response = await operator.get(desired, params=query)
        assert (response.json(), response.headers["etag"]) == (state, f'"d{state["version"]}"')
    both = await operator.get(shadow, params={"at": first["changed_at"]})
    assert (both.json()["desired"], both.json()["delta"]) == (first, {"interval": 30})
    gone = await operator.get(desired, params={"version": 3})
    assert (gone.status_code, gone.json()["code"]) == (404, "shadow_version_not_found")
    two = await operator.get(desired, params={"version": 1, "at": first["changed_at"]})
    assert two.status_code == 422


async def test_the_history_is_paged_newest_first(
    operator: httpx.AsyncClient, device: EnrolledDevice, shadow: str, desired: str
) -> None:
    for number in range(4):
        await operator.patch(desired, json={"patch": {"interval": number}})
    versions: list[int] = []
    query: dict[str, str] = {"limit": "2"}
    while True:
        page = (await operator.get(f"{desired}/history", params=query)).json()
        versions += [one["version"] for one in page["items"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert versions == [5, 4, 3, 2, 1]
    await device.client.patch(f"{shadow}/reported", json={"patch": {"a": 1}})
    [entry] = (await operator.get(f"{shadow}/reported/history")).json()["items"]
    assert (entry["actor_kind"], entry["actor"], entry["cause"]) == ("device", str(device.uuid), "patch")
    first = (await operator.get(f"{desired}/history")).json()["items"][-1]
    assert (first["actor_kind"], first["actor"], first["restored_version"]) == ("user", "operator", None)


async def test_versions_are_compared_and_brought_back(
    operator: httpx.AsyncClient, shadow: str, desired: str
) -> None:
    await operator.put(desired, json={"document": {"led": {"on": True}}})
    difference = (await operator.get(f"{desired}/diff", params={"from": 1})).json()
    assert difference == {
        "from_version": 1,
        "to_version": 2,
        "patch": {"interval": None, "led": {"on": True}},
        "changes": [
            {"path": "/interval", "kind": "removed", "before": 30, "after": None},
            {"path": "/led", "kind": "added", "before": None, "after": {"on": True}},
        ],
    }
    missing = await operator.get(f"{desired}/diff", params={"from": 1, "to": 9})
    assert missing.status_code == 404
    assert (await operator.post(f"{shadow}/rollback", json={"to": 9})).status_code == 404
    back = await operator.post(f"{shadow}/rollback", json={"to": 1}, headers={"If-Match": '"d2"'})
    assert (back.status_code, back.headers["etag"]) == (200, '"d3"')
    assert back.json()["document"] == {"interval": 30}
    [newest, *_] = (await operator.get(f"{desired}/history")).json()["items"]
    assert (newest["cause"], newest["restored_version"]) == ("rollback", 1)


async def test_the_shadow_of_a_retired_device_is_frozen(
    platform: Platform, operator: httpx.AsyncClient, device: EnrolledDevice, desired: str
) -> None:
    async with platform.begin() as work:
        await work.connection.execute("UPDATE devices SET retired_at = now() WHERE uuid = %s", (device.uuid,))
    response = await operator.patch(desired, json={"patch": {"a": 1}})
    assert (response.status_code, response.json()["code"]) == (409, "shadow_frozen")
    assert (await operator.get(desired)).status_code == 200
