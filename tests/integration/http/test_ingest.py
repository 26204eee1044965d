"""Telemetry comes in over HTTP: durable when answered, told what became of each report."""

import asyncio
import gzip
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from iotistic.bootstrap.platform import Platform
from tests.integration.http.conftest import EnrolledDevice, MakeDevice

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def moment(back: timedelta = timedelta(0)) -> str:
    return (datetime.now(UTC) - back).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def report(back: timedelta = timedelta(0), **metrics: float) -> dict[str, Any]:
    return {"timestamp": moment(back), "metrics": metrics or {"cpu_usage": 12.5}}


def line(sequence: int, **change: object) -> dict[str, Any]:
    return {
        "timestamp": moment(),
        "sequence": sequence,
        "level": "info",
        "service": "sshd",
        "message": "hello",
        **change,
    }


async def send(device: EnrolledDevice, *reports: dict[str, Any]) -> httpx.Response:
    return await device.client.post(f"{device.path}/metrics", json={"reports": reports})


async def test_a_receipt_tells_what_became_of_each_report(device: EnrolledDevice) -> None:
    good = report()
    response = await send(device, good, {"timestamp": "whenever", "metrics": {"cpu_usage": 1}})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    receipt = response.json()
    assert set(receipt) == {"accepted", "duplicate", "late", "quarantined", "rejected", "codes", "reasons"}
    assert (receipt["accepted"], receipt["rejected"] + receipt["quarantined"]) == (1, 1)
    assert receipt["reasons"][0]["index"] == 1
    assert set(receipt["reasons"][0]) == {"index", "code", "message"}


async def test_what_is_answered_is_there(viewer: httpx.AsyncClient, device: EnrolledDevice) -> None:
    await send(device, report(cpu_usage=42.5))
    latest = (await viewer.get(f"{device.path}/metrics", params={"names": "cpu_usage"})).json()
    assert [series["points"][0]["average"] for series in latest] == [42.5]


async def test_what_is_sent_again_is_a_duplicate(device: EnrolledDevice) -> None:
    body = report()
    first, again = await send(device, body), await send(device, body)
    assert (first.json()["accepted"], first.json()["duplicate"]) == (1, 0)
    assert (again.json()["accepted"], again.json()["duplicate"]) == (0, 1)


async def test_log_lines_come_in_the_same_way(viewer: httpx.AsyncClient, device: EnrolledDevice) -> None:
    body = {"lines": [line(1), line(2, level="error", message="broken")]}
    first = await device.client.post(f"{device.path}/logs", json=body)
    again = await device.client.post(f"{device.path}/logs", json=body)
    assert (first.json()["accepted"], again.json()["duplicate"]) == (2, 2)
    page = (await viewer.get(f"{device.path}/logs")).json()
    assert sorted(item["message"] for item in page["items"]) == ["broken", "hello"]


async def test_a_body_may_be_compressed(device: EnrolledDevice) -> None:
    content = gzip.compress(json.dumps({"reports": [report()]}).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    response = await device.client.post(f"{device.path}/metrics", content=content, headers=headers)
    assert response.json()["accepted"] == 1


async def test_a_body_may_be_zstd(device: EnrolledDevice) -> None:
    content = zstd.compress(json.dumps({"reports": [report()]}).encode())
    response = await device.client.post(
        f"{device.path}/metrics", content=content, headers={"Content-Encoding": "zstd"}
    )
    assert response.json()["accepted"] == 1


async def test_an_idempotency_key_repeats_the_first_answer(device: EnrolledDevice) -> None:
    headers = {"Idempotency-Key": "6f1d2c9a"}
    body = {"reports": [report(), {"timestamp": "whenever"}]}
    first = await device.client.post(f"{device.path}/metrics", json=body, headers=headers)
    again = await device.client.post(f"{device.path}/metrics", json=body, headers=headers)
    assert (first.json()["accepted"], first.json()["codes"]) == (1, {"timestamp_invalid": 1})
    assert again.content == first.content
    other = await device.client.post(f"{device.path}/metrics", json={"reports": []}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("path", ["metrics", "logs"])
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"5", b"null", b"\xff\xfe", b'{"reports": 5, "lines": 5}', b"\0" * 10, b"[" * 100_000],
)
async def test_what_is_no_batch_is_refused_as_a_whole(
    device: EnrolledDevice, path: str, content: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    response = await device.client.post(f"{device.path}/{path}", content=content, headers=headers)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "body_invalid"


@pytest.mark.parametrize("encoding", ["br", "compress", "gzip, gzip", "x" * 100])
async def test_an_encoding_nobody_agreed_on_is_refused(device: EnrolledDevice, encoding: str) -> None:
    headers = {"Content-Encoding": encoding}
    response = await device.client.post(f"{device.path}/metrics", content=b"{}", headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, "encoding_unsupported")


async def test_a_body_that_is_no_gzip_is_refused(device: EnrolledDevice) -> None:
    headers = {"Content-Encoding": "gzip"}
    response = await device.client.post(f"{device.path}/metrics", content=b"not gzip", headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, "body_invalid")


async def test_a_body_of_more_than_a_mebibyte_is_too_large(device: EnrolledDevice) -> None:
    response = await device.client.post(f"{device.path}/metrics", content=b" " * ((1 << 20) + 1))
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


async def test_a_small_body_that_unpacks_to_a_flood_is_too_large(device: EnrolledDevice) -> None:
    bomb = gzip.compress(b" " * (64 << 20))
    assert len(bomb) < 1 << 20
    response = await device.client.post(
        f"{device.path}/metrics", content=bomb, headers={"Content-Encoding": "gzip"}
    )
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


async def test_a_stranger_is_refused_before_the_body_is_read(
    stranger: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    async def body() -> Any:  # noqa: ANN401 - an iterator of bytes that must not be asked
        pytest.fail("the body of a stranger was read")
        yield b""

    response = await stranger.post(f"{device.path}/metrics", content=body())
    assert response.status_code == 401


@pytest.mark.parametrize("uuid", ["pump", "0", "%00", "00000000000040008000000000000000x"])
async def test_a_path_without_a_uuid_is_told(device: EnrolledDevice, uuid: str) -> None:
    response = await device.client.post(f"/api/v1/devices/{uuid}/metrics", json={"reports": []})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["path.uuid"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["metrics", "logs"])
async def test_other_methods_are_told_which_there_are(device: EnrolledDevice, method: str, path: str) -> None:
    response = await device.client.request(method, f"{device.path}/{path}")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert set(response.headers["allow"].split(", ")) == {"GET", "POST"}


async def test_many_devices_at_once_are_told_apart(
    viewer: httpx.AsyncClient, make_device: MakeDevice
) -> None:
    devices = [await make_device() for _ in range(8)]
    answers = await asyncio.gather(*(send(one, report(number=float(n))) for n, one in enumerate(devices)))
    assert [answer.json()["accepted"] for answer in answers] == [1] * 8
    for number, one in enumerate(devices):
        [series] = (await viewer.get(f"{one.path}/metrics")).json()
        assert [point["average"] for point in series["points"]] == [float(number)]


async def test_a_device_that_reports_is_online(viewer: httpx.AsyncClient, device: EnrolledDevice) -> None:
    assert (await viewer.get(device.path)).json()["connection_status"] == "never"
    deadline = time.monotonic() + 10
    while (await viewer.get(device.path)).json()["connection_status"] != "online":
        assert time.monotonic() < deadline
        await send(device, report())
        await asyncio.sleep(0.1)


async def test_the_key_of_a_busy_device_is_looked_up_once(platform: Platform, device: EnrolledDevice) -> None:
    await send(device, report())
    before = platform.pool.stats().get("requests_num", 0)
    for _ in range(10):
        await send(device, report())
    assert platform.pool.stats().get("requests_num", 0) == before
