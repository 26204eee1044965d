"""A gateway sends for the devices that an operator declared, and for no other."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from iotistic.bootstrap.platform import Platform
from tests.integration.http.conftest import EnrolledDevice, MakeDevice


def reports(count: int = 1, **metrics: float) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    return [
        {"timestamp": (now - timedelta(seconds=back)).isoformat(), "metrics": metrics or {"flow": 1.5}}
        for back in range(count, 0, -1)
    ]


def path_of(gateway: EnrolledDevice, stream: str = "metrics") -> str:
    return f"/api/v1/gateways/{gateway.uuid}/{stream}"


async def send(gateway: EnrolledDevice, *parts: dict[str, Any], **headers: str) -> httpx.Response:
    return await gateway.client.post(path_of(gateway), json={"devices": parts}, headers=headers)


async def grant(operator: httpx.AsyncClient, gateway: EnrolledDevice, *devices: EnrolledDevice) -> None:
    for device in devices:
        path = f"/api/v1/gateways/{gateway.uuid}/devices/{device.uuid}"
        assert (await operator.put(path)).status_code == 204


async def stored(platform: Platform, uuid: UUID) -> int:
    async with platform.begin(read_only=True) as work:
        cursor = await work.connection.execute(
            "SELECT count(*) FROM device_metrics WHERE device_uuid = %s", (uuid,)
        )
        row = await cursor.fetchone()
        assert row is not None
        return int(row[0])


async def test_nothing_is_taken_for_a_device_that_nobody_granted(
    device: EnrolledDevice, make_device: MakeDevice, platform: Platform
) -> None:
    other = await make_device()
    for named in (str(other.uuid), str(uuid4()), "pump", str(device.uuid)):
        answer = await send(device, {"device": named, "reports": reports(2)})
        assert answer.status_code == 200
        assert (answer.json()["accepted"], answer.json()["codes"]) == (0, {"device_not_granted": 2})
    assert await stored(platform, other.uuid) == 0


async def test_a_granted_device_is_stored_and_the_others_of_the_body_are_not(
    operator: httpx.AsyncClient, device: EnrolledDevice, make_device: MakeDevice, platform: Platform
) -> None:
    ours, theirs = await make_device(), await make_device()
    await grant(operator, device, ours)
    answer = await send(
        device,
        {"device": str(ours.uuid), "reports": reports(3), "units": {"flow": "l/min"}},
        {"device": str(theirs.uuid), "reports": reports(2)},
    )
    receipt = answer.json()
    assert (receipt["accepted"], receipt["rejected"]) == (3, 2)
    assert [one["receipt"]["accepted"] for one in receipt["devices"]] == [3, 0]
    assert [await stored(platform, one.uuid) for one in (ours, theirs)] == [3, 0]


async def test_a_grant_that_is_taken_back_ends_with_the_next_body(
    operator: httpx.AsyncClient, device: EnrolledDevice, make_device: MakeDevice
) -> None:
    behind = await make_device()
    await grant(operator, device, behind)
    part = {"device": str(behind.uuid), "reports": reports()}
    assert (await send(device, part)).json()["accepted"] == 1
    await operator.delete(f"/api/v1/gateways/{device.uuid}/devices/{behind.uuid}")
    assert (await send(device, part)).json()["codes"] == {"device_not_granted": 1}


async def test_a_retired_device_is_not_sent_for(
    operator: httpx.AsyncClient, device: EnrolledDevice, make_device: MakeDevice, platform: Platform
) -> None:
    behind = await make_device()
    await grant(operator, device, behind)
    async with platform.begin() as work:
        await work.devices.retire_device(behind.uuid)
    assert (await send(device, {"device": str(behind.uuid), "reports": reports()})).json()["accepted"] == 0
    (seen,) = (await operator.get(f"/api/v1/gateways/{device.uuid}/devices")).json()["items"]
    assert (seen["name"], seen["retired"]) == (behind.name, True)


async def test_only_the_gateway_itself_sends_as_one(
    viewer: httpx.AsyncClient, stranger: httpx.AsyncClient, device: EnrolledDevice, make_device: MakeDevice
) -> None:
    other = await make_device()
    body = {"devices": []}
    for client, status in ((stranger, 401), (viewer, 403), (other.client, 403), (device.client, 200)):
        assert (await client.post(path_of(device), json=body)).status_code == status


async def test_only_those_who_may_change_things_grant(
    viewer: httpx.AsyncClient, operator: httpx.AsyncClient, device: EnrolledDevice, make_device: MakeDevice
) -> None:
    behind = await make_device()
    path = f"/api/v1/gateways/{device.uuid}/devices/{behind.uuid}"
    for client, status in ((viewer, 403), (device.client, 403), (operator, 204), (operator, 204)):
        assert (await client.put(path)).status_code == status
    assert (await viewer.get(f"/api/v1/gateways/{device.uuid}/devices")).status_code == 200
    assert (await operator.put(f"/api/v1/gateways/{device.uuid}/devices/{uuid4()}")).status_code == 404
    assert (await operator.put(f"/api/v1/gateways/{uuid4()}/devices/{behind.uuid}")).status_code == 404
    itself = await operator.put(f"/api/v1/gateways/{device.uuid}/devices/{device.uuid}")
    assert (itself.status_code, itself.json()["code"]) == (422, "gateway_invalid")


async def test_lines_of_many_devices_are_told_where_they_stand_in_the_body(
    operator: httpx.AsyncClient, device: EnrolledDevice, make_device: MakeDevice
) -> None:
    one, two = await make_device(), await make_device()
    await grant(operator, device, one, two)
    good = reports(3)
    lines = [
        {"device": str(one.uuid), **good[0]},
        {"device": str(two.uuid), "timestamp": "never", "metrics": {"flow": 1}},
        {"device": str(one.uuid), "timestamp": "never", "metrics": {"flow": 1}},
        {"device": str(two.uuid), **good[1]},
    ]
    answer = await device.client.post(
        path_of(device),
        content=gzip.compress("\n".join(map(json.dumps, lines)).encode()),
        headers={"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"},
    )
    receipt = answer.json()
    assert (receipt["accepted"], receipt["rejected"]) == (2, 2)
    assert [part["receipt"]["reasons"][0]["index"] for part in receipt["devices"]] == [2, 1]


async def test_log_lines_come_through_a_gateway_too(
    operator: httpx.AsyncClient, viewer: httpx.AsyncClient, device: EnrolledDevice, make_device: MakeDevice
) -> None:
    behind = await make_device()
    await grant(operator, device, behind)
    line = {"timestamp": datetime.now(UTC).isoformat(), "sequence": 1, "message": "from behind"}
    body = {"devices": [{"device": str(behind.uuid), "lines": [line]}]}
    answer = await device.client.post(path_of(device, "logs"), json=body)
    assert answer.json()["accepted"] == 1
    page = (await viewer.get(f"{behind.path}/logs")).json()
    assert [item["message"] for item in page["items"]] == ["from behind"]


async def test_an_idempotency_key_repeats_the_answer_for_all_devices(
    operator: httpx.AsyncClient, device: EnrolledDevice, make_device: MakeDevice, platform: Platform
) -> None:
    behind, stranger = await make_device(), await make_device()
    await grant(operator, device, behind)
    parts = [{"device": str(one.uuid), "reports": reports(2)} for one in (behind, stranger)]
    key = {"Idempotency-Key": "g-1"}
    first = await device.client.post(path_of(device), json={"devices": parts}, headers=key)
    await grant(operator, device, stranger)  # changes nothing about what was answered
    again = await device.client.post(path_of(device), json={"devices": parts}, headers=key)
    assert first.json()["accepted"] == 2
    assert again.content == first.content
    # The same key from the device itself is another key.
    own = await behind.client.post(f"{behind.path}/metrics", json={"reports": reports()}, headers=key)
    assert own.json()["accepted"] == 1
    assert await stored(platform, stranger.uuid) == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"devices": {}}', b'{"devices": [{}]}', b'{"devices": [{"device": 5}]}', b"\xff"],
)
async def test_what_is_no_list_of_devices_is_refused(device: EnrolledDevice, body: bytes) -> None:
    answer = await device.client.post(path_of(device), content=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "body_invalid")


async def test_a_device_is_named_once(device: EnrolledDevice) -> None:
    part = {"device": str(uuid4()), "reports": []}
    answer = await send(device, part, {**part, "device": part["device"].upper()})
    assert answer.json()["code"] == "body_invalid"


async def test_a_body_names_at_most_a_thousand_devices(device: EnrolledDevice) -> None:
    parts = [{"device": str(UUID(int=number)), "reports": []} for number in range(1, 1002)]
    assert (await send(device, *parts)).status_code == 413
    assert (await send(device, *parts[:-1])).status_code == 200
