"""The short way of what devices ingest: a real server answers what the framework answers, and keeps order, bounds and counts."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from httpx import Response

from iotistic.bootstrap.platform import Platform
from iotistic.http import HttpServer, PlatformApp
from iotistic.http.lane_protocol import LaneProtocol
from iotistic.http.passage import Passage
from iotistic.http.remembered_head import RememberedHead
from iotistic.telemetry.ingest.ingest import Ingest
from tests.integration.http.conftest import EnrolledDevice

Headers = Mapping[str, str]


@pytest_asyncio.fixture
async def url(app: PlatformApp) -> AsyncIterator[str]:
    server = HttpServer(app, host="127.0.0.1", port=0)
    running = asyncio.create_task(server.run())
    yield server.url
    server.stop()
    server.stop()
    await running


@pytest_asyncio.fixture
async def real(url: str, device: EnrolledDevice) -> AsyncIterator[httpx.AsyncClient]:
    """The device at a real server, which knows it already."""
    async with httpx.AsyncClient(base_url=url, headers=authorization(device)) as client:
        assert (await client.post(f"{device.path}/metrics", content=report())).status_code == 200
        yield client


@pytest.fixture
def recognised(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was received and not parsed, since it began with headers that the connection had sent before."""
    found: list[bytes] = []
    real = LaneProtocol._recognise

    def recognise(self: LaneProtocol, head: RememberedHead, data: bytes) -> bool:
        is_known = real(self, head, data)
        found.extend([data] * is_known)
        return is_known

    monkeypatch.setattr(LaneProtocol, "_recognise", recognise)
    return found


@pytest.fixture
def delivered(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bodies that went the short way."""
    bodies: list[bytes] = []
    real = Passage.body

    def body(self: Passage) -> bytes:
        bodies.append(real(self))
        return bodies[-1]

    monkeypatch.setattr(Passage, "body", body)
    return bodies


def authorization(device: EnrolledDevice) -> dict[str, str]:
    return {"Authorization": f"Bearer {device.key.reveal()}"}


def report(number: int = 0, **more: object) -> bytes:
    moment = datetime.now(UTC) - timedelta(milliseconds=number)
    return json.dumps(
        {"reports": [{"timestamp": moment.isoformat(), "metrics": {"flow": 1.5}}], **more}
    ).encode()


def line() -> bytes:
    return json.dumps(
        {"lines": [{"timestamp": datetime.now(UTC).isoformat(), "sequence": 1, "message": "x"}]}
    ).encode()


def told(response: Response) -> tuple[int, dict[str, str], bytes]:
    """All of an answer but its moment."""
    headers = {
        name: value for name, value in response.headers.items() if name not in {"date", "content-length"}
    }
    return response.status_code, headers, response.content


REQUESTS: dict[str, tuple[str, Callable[[], bytes], Headers]] = {
    "a report": ("metrics", report, {}),
    "a line": ("logs", line, {}),
    "lines of reports": (
        "metrics",
        lambda: json.dumps(json.loads(report())["reports"][0]).encode(),
        {"Content-Type": "application/x-ndjson"},
    ),
    "packed": ("metrics", lambda: gzip.compress(report()), {"Content-Encoding": "gzip"}),
    "with its own header for the key": ("metrics", report, {"X-Device-API-Key": "nobody's"}),
    "behind a proxy with TLS": ("metrics", report, {"X-Forwarded-Proto": "https"}),
    "no JSON": ("metrics", lambda: b"{", {}),
    "empty": ("metrics", lambda: b"", {}),
    "nothing but faults": ("metrics", lambda: b'{"reports": [5, {"timestamp": "whenever"}]}', {}),
    "of a type that is none": ("metrics", report, {"Content-Type": "text/html"}),
    "packed as what it is not": ("metrics", report, {"Content-Encoding": "zstd"}),
    "packed as nobody knows": ("metrics", report, {"Content-Encoding": "br"}),
    "too large": ("metrics", lambda: b" " * ((1 << 20) + 1), {}),
    "too many": ("metrics", lambda: b'{"reports": [%s]}' % b",".join([b"5"] * 10_001), {}),
    "with an odd idempotency key": ("metrics", report, {"Idempotency-Key": "x" * 256}),
    "with a key that is refused": ("metrics", report, {"Authorization": "Bearer nobody"}),
    "without a scheme": ("metrics", report, {"Authorization": "nobody"}),
}


@pytest.mark.parametrize("name", REQUESTS)
async def test_it_answers_what_the_framework_answers(
    app: PlatformApp, real: httpx.AsyncClient, device: EnrolledDevice, name: str
) -> None:
    path, body, own = REQUESTS[name]
    headers = {**authorization(device), "X-Request-ID": "the-same-one", **own}
    scheme = headers.get("X-Forwarded-Proto", "http")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=f"{scheme}://test"
    ) as framework:
        expected = await framework.post(f"{device.path}/{path}", content=body(), headers=headers)
    assert told(await real.post(f"{device.path}/{path}", content=body(), headers=headers)) == told(expected)


async def test_the_usual_goes_this_way_and_the_stranger_does_not(
    real: httpx.AsyncClient, device: EnrolledDevice, other_device: EnrolledDevice, delivered: list[bytes]
) -> None:
    body = report()
    assert (await real.post(f"{device.path}/metrics", content=body)).json()["accepted"] == 1
    assert delivered == [body]
    stranger = {"Authorization": "Bearer nobody"}
    assert (await real.post(f"{device.path}/metrics", content=body, headers=stranger)).status_code == 401
    for path in (other_device.path, f"/api/v1/devices/{uuid4()}"):
        refused = await real.post(f"{path}/metrics", content=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_your_device")
    assert (await real.get(f"{device.path}/metrics")).status_code == 403
    assert delivered == [body]


async def test_a_key_that_is_revoked_is_refused(
    real: httpx.AsyncClient, platform: Platform, device: EnrolledDevice
) -> None:
    async with platform.begin() as work:
        assert await work.security.revoke_device_keys(device.uuid, reason="test") == 1
    async with asyncio.timeout(60):  # the notice of it is on its way
        while (await real.post(f"{device.path}/metrics", content=report())).status_code != 401:
            await asyncio.sleep(0.01)


async def test_an_idempotency_key_repeats_the_first_answer(
    real: httpx.AsyncClient, device: EnrolledDevice, delivered: list[bytes]
) -> None:
    body, headers = report(), {"Idempotency-Key": "a7c1"}
    first = await real.post(f"{device.path}/metrics", content=body, headers=headers)
    again = await real.post(f"{device.path}/metrics", content=body, headers=headers)
    assert (first.json()["accepted"], again.content) == (1, first.content)
    assert delivered == [body, body]
    other = await real.post(f"{device.path}/metrics", content=report(), headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_process_that_stops_says_keep_it(
    real: httpx.AsyncClient, platform: Platform, device: EnrolledDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Ingest(platform.ingest._looking._connect)
    await stopped.stop()
    monkeypatch.setattr(platform, "ingest", stopped)
    answer = await real.post(f"{device.path}/metrics", content=report())
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (
        503,
        "ingest_stopped",
        "1",
    )


async def test_requests_in_one_breath_are_answered_in_their_order(url: str, device: EnrolledDevice) -> None:
    others = request(device, b"", "GET", "nothing")
    reports = [request(device, report(number, units={"flow": f"u{number}"})) for number in range(20)]
    async with connected(url) as (reader, writer):
        writer.write(others + b"".join(reports) + others + request(device, b"{") + reports[0])
        answers = [await answer(reader) for _ in range(24)]
    assert [status for status, _ in answers] == [404, *[200] * 20, 404, 422, 200]
    assert answers[-1][1]["duplicate"] == 1


async def test_a_connection_ends_when_its_request_asks_for_it(url: str, device: EnrolledDevice) -> None:
    async with connected(url) as (reader, writer):
        writer.write(request(device, report(), more="Connection: close\r\n"))
        whole = await reader.read()
    assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close\r\n" in whole


@pytest.mark.usefixtures("real")
async def test_a_body_in_pieces_is_taken_and_one_that_never_ends_is_told_so(
    url: str, device: EnrolledDevice, monkeypatch: pytest.MonkeyPatch, delivered: list[bytes]
) -> None:
    whole = request(device, b" " * 200_000 + report())
    async with connected(url) as (reader, writer):
        for first in range(0, len(whole), 50_000):
            writer.write(whole[first : first + 50_000])
            await writer.drain()
        assert (await answer(reader))[0] == 200
        assert len(delivered) == 1
        monkeypatch.setattr("iotistic.http.lane_protocol.DEADLINE", timedelta(milliseconds=50))
        writer.write(whole[:-1])
        status, problem = await answer(reader)
    assert (status, problem["code"]) == (408, "request_timeout")


@pytest.mark.usefixtures("real")
async def test_who_leaves_in_the_middle_of_a_body_gives_its_room_back(
    app: PlatformApp, url: str, device: EnrolledDevice
) -> None:
    assert app.ingest_lane is not None
    budget = app.ingest_lane._budget
    async with connected(url) as (_, writer):
        writer.write(request(device, b" " * 100_000)[:-1])
        while not budget._held:
            await asyncio.sleep(0.01)
    async with asyncio.timeout(60):
        while budget._held:
            await asyncio.sleep(0.01)


async def test_what_went_this_way_is_counted_with_its_route(
    app: PlatformApp, real: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    def count() -> float:
        samples = app.state.request_metrics.family().samples
        wanted = {"route": "/api/v1/devices/{uuid}/logs", "method": "POST", "status": "2xx"}
        return sum(one.value for one in samples if one.suffix == "_count" and one.labels == wanted)

    before = count()
    await real.post(f"{device.path}/logs", content=line())
    assert count() == before + 1


async def test_what_went_this_way_is_part_of_the_traffic_of_its_device(
    real: httpx.AsyncClient, platform: Platform, device: EnrolledDevice
) -> None:
    platform.traffic.take()
    body = report()
    answers = [await real.post(f"{device.path}/metrics", content=one) for one in (body, b"{")]
    [found] = [one for one in platform.traffic.take() if one.device_uuid == device.uuid]
    assert (found.kind, found.requests, found.refused) == ("metrics", 2, 1)
    assert found.bytes_received == len(body) + 1
    assert found.bytes_sent == sum(len(one.content) for one in answers)


NEVER_PARSED_TWICE = {
    "a report",
    "a line",
    "lines of reports",
    "packed",
    "with its own header for the key",
    "behind a proxy with TLS",
    "no JSON",
    "nothing but faults",
    "of a type that is none",
    "packed as what it is not",
    "packed as nobody knows",
    "too many",
}
"""Whose key is good and whose body has a size that is taken."""


@pytest.mark.parametrize("name", REQUESTS)
async def test_headers_that_came_before_are_not_parsed_and_answered_all_the_same(
    app: PlatformApp, real: httpx.AsyncClient, device: EnrolledDevice, name: str, recognised: list[bytes]
) -> None:
    path, body, own = REQUESTS[name]
    headers = {**authorization(device), "X-Request-ID": "the-same-one", **own}
    scheme = headers.get("X-Forwarded-Proto", "http")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=f"{scheme}://test"
    ) as framework:
        expected = await framework.post(f"{device.path}/{path}", content=body(), headers=headers)
    first = await real.post(f"{device.path}/{path}", content=body(), headers=headers)
    recognised.clear()
    again = await real.post(f"{device.path}/{path}", content=body(), headers=headers)
    assert told(first) == told(expected)
    assert told(again) == told(expected)
    assert bool(recognised) == (name in NEVER_PARSED_TWICE)


async def test_each_of_many_bodies_gets_its_own_answer_and_id(
    url: str, device: EnrolledDevice, recognised: list[bytes]
) -> None:
    async with connected(url) as (reader, writer):
        ids: set[str] = set()
        for number in range(20):
            writer.write(request(device, b" " * number + report(number)))
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            ids.add(head.partition("x-request-id: ")[2].partition("\r\n")[0])
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
            assert json.loads(await reader.readexactly(length))["accepted"] == 1
    assert len(ids) == 20
    # The first was for the parser; the second, when its key was known by then.
    assert len(recognised) >= 18


@pytest.mark.usefixtures("real")
async def test_a_body_in_pieces_behind_known_headers_is_put_together(
    url: str, device: EnrolledDevice, recognised: list[bytes]
) -> None:
    async with connected(url) as (reader, writer):
        writer.write(request(device, report()))
        assert (await answer(reader))[0] == 200
        whole = request(device, report(1, padding="x" * 300_000))
        for first in range(0, len(whole), 50_000):
            writer.write(whole[first : first + 50_000])
            await writer.drain()
        assert (await answer(reader))[1]["accepted"] == 1
        assert len(recognised) == 1
        others = request(device, b"", "GET", "nothing")
        writer.write(request(device, report(2)) + others + request(device, report(3)) + others)
        answers = [await answer(reader) for _ in range(4)]
    assert [status for status, _ in answers] == [200, 404, 200, 404]


@pytest.mark.usefixtures("real")
async def test_a_body_behind_known_headers_that_never_ends_ends_the_connection(
    url: str, device: EnrolledDevice, monkeypatch: pytest.MonkeyPatch, recognised: list[bytes]
) -> None:
    async with connected(url) as (reader, writer):
        writer.write(request(device, report()))
        assert (await answer(reader))[0] == 200
        monkeypatch.setattr("iotistic.http.lane_protocol.DEADLINE", timedelta(milliseconds=50))
        hidden = request(device, b"", "GET", "nothing")  # inside a body, so no request
        writer.write(request(device, report(1) + hidden)[: -len(hidden)])
        status, problem = await answer(reader)
        writer.write(hidden)
        assert (status, problem["code"]) == (408, "request_timeout")
        assert await reader.read() == b""
    assert len(recognised) == 1


@pytest.mark.usefixtures("real")
async def test_who_leaves_behind_known_headers_gives_its_room_back(
    app: PlatformApp, url: str, device: EnrolledDevice, recognised: list[bytes]
) -> None:
    assert app.ingest_lane is not None
    budget = app.ingest_lane._budget
    async with connected(url) as (reader, writer):
        writer.write(request(device, report()))
        assert (await answer(reader))[0] == 200
        writer.write(request(device, b" " * 100_000)[:-1])
        async with asyncio.timeout(60):
            while not budget._held:
                await asyncio.sleep(0.01)
    async with asyncio.timeout(60):
        while budget._held:
            await asyncio.sleep(0.01)
    assert len(recognised) == 1


async def test_a_server_that_stops_answers_what_it_has_and_ends_the_connection(
    app: PlatformApp, device: EnrolledDevice, recognised: list[bytes]
) -> None:
    server = HttpServer(app, host="127.0.0.1", port=0)
    running = asyncio.create_task(server.run())
    async with connected(server.url) as (reader, writer):
        for number in range(3):
            writer.write(request(device, report(number)))
            assert (await answer(reader))[0] == 200
        whole = request(device, report(4))
        writer.write(whole[:-1])
        async with asyncio.timeout(60):
            while len(recognised) < 2:
                await asyncio.sleep(0.01)
        server.stop()
        await asyncio.sleep(0)
        async with asyncio.timeout(60):
            while not app_is_told(server):
                await asyncio.sleep(0.01)
        writer.write(whole[-1:])
        rest = await reader.read()
    await running
    assert rest.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close\r\n" in rest


def app_is_told(server: HttpServer) -> bool:
    """Whether the connections know that they are to end."""
    return all(not one.cycle.keep_alive for one in server._server.server_state.connections)  # type: ignore[union-attr]


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    try:
        async with asyncio.timeout(60):
            yield reader, writer
    finally:
        writer.close()


def request(
    device: EnrolledDevice, body: bytes, method: str = "POST", path: str = "metrics", more: str = ""
) -> bytes:
    return (
        f"{method} {device.path}/{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {device.key.reveal()}\r\n{more}"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def answer(reader: asyncio.StreamReader) -> tuple[int, Any]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length:")[2].partition("\r\n")[0])
    return int(head.split(" ")[1]), json.loads(await reader.readexactly(length))


async def test_a_connection_that_is_idle_long_enough_after_its_last_answer_is_closed(
    app: PlatformApp, device: EnrolledDevice, recognised: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iotistic.http.server._KEEP_ALIVE", 0.2)
    server = HttpServer(app, host="127.0.0.1", port=0)
    running = asyncio.create_task(server.run())
    try:
        async with connected(server.url) as (reader, writer), asyncio.timeout(60):
            now = asyncio.get_running_loop().time
            while not recognised:
                writer.write(request(device, report()))
                sent = now()
                assert (await answer(reader))[0] == 200
            assert await reader.read() == b""
            assert now() - sent >= 0.2
    finally:
        server.stop()
        server.stop()
        await running


async def test_a_look_for_idle_connections_leaves_one_with_a_request_alone(
    app: PlatformApp, device: EnrolledDevice, recognised: list[bytes]
) -> None:
    server = HttpServer(app, host="127.0.0.1", port=0)
    running = asyncio.create_task(server.run())
    try:
        async with connected(server.url) as (reader, writer), asyncio.timeout(60):
            while not recognised:
                writer.write(request(device, report()))
                assert (await answer(reader))[0] == 200
            recognised.clear()
            whole = request(device, report(1))
            writer.write(whole[:-1])
            while not recognised:
                await asyncio.sleep(0)
            [protocol] = server._server.server_state.connections
            protocol._answered_at = -1e9  # type: ignore[union-attr]
            protocol.timeout_keep_alive_handler()
            writer.write(whole[-1:])
            assert (await answer(reader))[0] == 200
    finally:
        server.stop()
        server.stop()
        await running
