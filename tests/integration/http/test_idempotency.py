"""A request with an Idempotency-Key is done once, however often and however close together it is sent."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from iotistic.bootstrap.platform import Platform
from iotistic.secret import Secret
from iotistic.security import Role
from tests.integration.http.conftest import EnrolledDevice, MakeClient

DEVICES = "/api/v1/devices"
_numbers = count(1)


@pytest_asyncio.fixture(autouse=True)
async def _tidy(platform: Platform) -> AsyncIterator[None]:
    yield
    async with platform.begin() as work:
        await work.connection.execute("DELETE FROM devices WHERE name LIKE 'once-%'")
        await work.connection.execute("DELETE FROM fleets WHERE name LIKE 'once-%'")


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"once-{next(_numbers)}"


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def devices_named(viewer: httpx.AsyncClient, name: str) -> int:
    return len((await viewer.get(DEVICES, params={"name": name})).json()["items"])


async def test_the_same_request_again_gets_the_first_answer_byte_for_byte(
    operator: httpx.AsyncClient, viewer: httpx.AsyncClient, name: str
) -> None:
    body, headers = {"name": name, "kind": "sensor"}, key()
    first = await operator.post(DEVICES, json=body, headers=headers)
    again = await operator.post(DEVICES, json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert await devices_named(viewer, name) == 1


async def test_without_the_key_the_same_request_is_another_one(
    operator: httpx.AsyncClient, name: str
) -> None:
    body = {"name": name, "kind": "sensor"}
    assert [(await operator.post(DEVICES, json=body)).status_code for _ in range(2)] == [201, 409]


async def test_a_key_that_comes_with_another_request_is_refused(
    operator: httpx.AsyncClient, name: str
) -> None:
    headers = key()
    await operator.post(DEVICES, json={"name": name, "kind": "sensor"}, headers=headers)
    for path, body in ((DEVICES, {"name": name, "kind": "gateway"}), ("/api/v1/fleets", {"name": name})):
        refused = await operator.post(path, json=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
        assert refused.json()["errors"][0]["field"] == "header.Idempotency-Key"


async def test_a_key_belongs_to_the_person_who_sent_it(
    operator: httpx.AsyncClient, people: dict[Role, Secret], client_with: MakeClient, name: str
) -> None:
    headers = key()
    mine = await operator.post(DEVICES, json={"name": name, "kind": "sensor"}, headers=headers)
    theirs = await client_with(people["admin"]).post(
        DEVICES, json={"name": f"{name}-b", "kind": "sensor"}, headers=headers
    )
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["uuid"] != theirs.json()["uuid"]


async def test_of_many_at_once_one_is_done_and_all_are_told_the_same(
    operator: httpx.AsyncClient, viewer: httpx.AsyncClient, name: str
) -> None:
    body, headers = {"name": name, "kind": "sensor"}, key()
    answers = await asyncio.gather(*(operator.post(DEVICES, json=body, headers=headers) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sorted("idempotent-replayed" in answer.headers for answer in answers) == [False, True, True, True]
    assert await devices_named(viewer, name) == 1


async def test_what_was_refused_is_judged_anew(operator: httpx.AsyncClient, name: str) -> None:
    headers, body = key(), {"name": name, "kind": "sensor", "fleet": name}
    refused = await operator.post(DEVICES, json=body, headers=headers)
    assert refused.status_code == 404
    await operator.post("/api/v1/fleets", json={"name": name})
    assert (await operator.post(DEVICES, json=body, headers=headers)).status_code == 201


async def test_what_is_refused_half_way_leaves_nothing(
    operator: httpx.AsyncClient, viewer: httpx.AsyncClient, name: str
) -> None:
    await operator.put(f"/api/v1/tags/definitions/{name}", json={"allowed_values": ["a"]})
    body = {"name": name, "kind": "sensor", "tags": {name: "b"}}
    refused = await operator.post(DEVICES, json=body, headers=key())
    assert 400 <= refused.status_code < 500
    assert await devices_named(viewer, name) == 0
    await operator.delete(f"/api/v1/tags/definitions/{name}")


@pytest.mark.parametrize("text", ["", "x" * 256, "caf\xe9"])
async def test_a_key_that_is_none_is_refused(operator: httpx.AsyncClient, name: str, text: str) -> None:
    headers = {"Idempotency-Key": text.encode("latin-1")}
    refused = await operator.post(DEVICES, json={"name": name, "kind": "sensor"}, headers=headers)  # type: ignore[arg-type]
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_invalid")


async def test_an_answer_that_holds_a_secret_is_not_kept(operator: httpx.AsyncClient) -> None:
    refused = await operator.post(
        "/api/v1/enrolment/claim-keys", json={"max_uses": 1, "label": "x"}, headers=key()
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_unsupported")


async def test_a_stranger_and_a_device_get_nothing_kept(
    platform: Platform, stranger: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    headers = key()
    assert (await stranger.post(DEVICES, json={}, headers=headers)).status_code == 401
    assert (
        await device.client.post(DEVICES, json={"name": "x", "kind": "y"}, headers=headers)
    ).status_code == 403
    async with platform.begin() as work:
        cursor = await work.connection.execute(
            "SELECT FROM idempotency_keys WHERE idempotency_key = %s", (headers["Idempotency-Key"],)
        )
        assert await cursor.fetchall() == []


async def test_keys_are_forgotten_after_their_time_a_bunch_at_a_time(
    platform: Platform, operator: httpx.AsyncClient, name: str
) -> None:
    for number in range(3):
        body = {"name": f"{name}-{number}", "kind": "sensor"}
        assert (await operator.post(DEVICES, json=body, headers=key())).status_code == 201
    async with platform.begin() as work:
        assert await work.idempotency.sweep(older_than=timedelta(hours=1)) == 0
        await work.connection.execute("UPDATE idempotency_keys SET answered_at = now() - interval '1 day'")
        assert await work.idempotency.sweep(older_than=timedelta(hours=1), limit=2) == 2
        assert await work.idempotency.sweep(older_than=timedelta(hours=1)) >= 1
