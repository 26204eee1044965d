import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from iotistic.http.guarded_protocol import GuardedProtocol
from iotistic.http.request_context import RequestContext
from iotistic.http.server import AddressTaken, AddressUnusable, HttpServer


async def hello(_: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


class Held:
    """Answers when released."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.released = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.entered.set()
        await self.released.wait()
        await hello(scope, receive, send)


@asynccontextmanager
async def running(app: ASGIApp, *, host: str = "127.0.0.1", grace: float = 5) -> AsyncIterator[HttpServer]:
    server = HttpServer(app, host=host, port=0, grace=timedelta(seconds=grace))
    task = asyncio.create_task(server.run())
    try:
        yield server
    finally:
        server.stop()
        await asyncio.wait_for(task, 10)


async def test_a_server_on_port_0_says_which_it_got_and_answers_there() -> None:
    async with running(hello) as server, httpx.AsyncClient() as client:
        assert server.port != 0
        assert (await client.get(f"http://127.0.0.1:{server.port}/")).text == "hello"
        assert server.url == f"http://127.0.0.1:{server.port}"


async def test_an_answer_says_nothing_of_the_software() -> None:
    async with running(hello) as server, httpx.AsyncClient() as client:
        assert "server" not in (await client.get(server.url)).headers


async def test_every_interface_is_reached_through_the_loopback() -> None:
    async with running(hello, host="0.0.0.0") as server, httpx.AsyncClient() as client:  # noqa: S104 - what is tested
        assert server.url.startswith("http://127.0.0.1:")
        assert (await client.get(server.url)).status_code == 200


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_an_ipv6_address_is_bracketed() -> None:
    try:
        server = HttpServer(hello, host="::1", port=0)
    except AddressUnusable:
        pytest.skip("no IPv6 loopback here")
    assert server.url == f"http://[::1]:{server.port}"
    server.close()


def test_a_taken_port_is_told_with_the_way_out() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(AddressTaken) as refusal:
            HttpServer(hello, host="127.0.0.1", port=port)
    assert str(port) in refusal.value.message
    assert "IOTISTIC_API_PORT" in str(refusal.value.hint)


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_computer_is_refused(host: str) -> None:
    with pytest.raises(AddressUnusable):
        HttpServer(hello, host=host, port=0)


async def test_a_stop_lets_running_requests_finish_and_takes_no_new_ones() -> None:
    held = Held()
    async with httpx.AsyncClient() as client:
        server = HttpServer(held, host="127.0.0.1", port=0)
        task = asyncio.create_task(server.run())
        request = asyncio.create_task(client.get(server.url))
        await held.entered.wait()
        server.stop()
        while True:  # the listening socket closes a moment later
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            except (ConnectionError, OSError):
                break
            writer.close()
            await asyncio.sleep(0.01)
        held.released.set()
        assert (await request).text == "hello"
        await asyncio.wait_for(task, 10)


async def test_a_second_stop_waits_for_nobody() -> None:
    held = Held()
    async with httpx.AsyncClient() as client:
        server = HttpServer(held, host="127.0.0.1", port=0, grace=timedelta(seconds=60))
        task = asyncio.create_task(server.run())
        request = asyncio.create_task(client.get(server.url))
        await held.entered.wait()
        server.stop()
        server.stop()
        await asyncio.wait_for(task, 10)
        held.released.set()
        await asyncio.gather(request, return_exceptions=True)


async def test_a_request_that_outlasts_the_grace_is_told_to_come_back() -> None:
    held = Held()
    async with httpx.AsyncClient() as client:
        app = RequestContext(held, observe=lambda *_: None, quiet=lambda _: True)
        server = HttpServer(app, host="127.0.0.1", port=0, grace=timedelta(seconds=1))
        task = asyncio.create_task(server.run())
        request = asyncio.create_task(client.get(server.url))
        await held.entered.wait()
        server.stop()
        await asyncio.wait_for(task, 10)
        response = await request
        assert (response.status_code, response.json()["code"]) == (503, "stopping")


async def talk(server: HttpServer, *parts: bytes) -> bytes:
    """What comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    with contextlib.suppress(ConnectionError):
        for part in parts:
            writer.write(part)
            await writer.drain()
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:  # it closed while we were sending
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "request_line", [b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"]
)
async def test_what_is_no_http_is_told_in_the_same_form(request_line: bytes) -> None:
    async with running(hello) as server:
        head, _, body = (await talk(server, request_line)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head
    problem = json.loads(body)
    assert (problem["code"], problem["status"]) == ("malformed", 400)
    assert f"x-request-id: {problem['request_id']}".encode() in head
    assert f"content-length: {len(body)}".encode() in head


@pytest.mark.parametrize(
    "parts", [[b"x: " + b"y" * (70 << 10)], [b"x%d: y\r\n" % n for n in range(20_000)]], ids=["one", "many"]
)
async def test_headers_without_end_are_refused(parts: list[bytes]) -> None:
    async with running(hello) as server:
        answer = await talk(server, b"GET / HTTP/1.1\r\nhost: x\r\n", *parts)
    assert (
        answer.startswith(b"HTTP/1.1 431 ") or answer == b""
    )  # what was still being sent may reset the connection


async def test_an_address_that_is_too_long_is_told_so() -> None:
    async with running(hello) as server:
        answer = await talk(server, b"GET /?where=" + b"(" * 100_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n")
    assert answer == b"" or answer.startswith(b"HTTP/1.1 414 ")  # as above
    async with running(hello) as server, httpx.AsyncClient() as client:
        assert (await client.get(f"{server.url}/?where={'(' * 65_000}")).status_code == 200


async def test_large_headers_within_the_bound_are_taken() -> None:
    async with running(hello) as server, httpx.AsyncClient() as client:
        assert (await client.get(server.url, headers={"x": "y" * (60 << 10)})).status_code == 200


async def test_a_large_body_behind_small_headers_is_not_taken_for_them() -> None:
    async with running(hello) as server, httpx.AsyncClient() as client:
        for _ in range(3):
            assert (await client.post(server.url, content=b"x" * (900 << 10))).status_code == 200


async def test_headers_that_take_too_long_end_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("iotistic.http.guarded_protocol._PATIENCE", 0.05)
    async with running(hello) as server:
        assert await talk(server) == b""
        assert await talk(server, b"GET / HTTP/1.1\r\nhost: x\r\n") == b""
        whole = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
        assert (await talk(server, whole + whole[:10])).count(b"HTTP/1.1 200") == 1


async def test_a_connection_that_rests_between_requests_is_under_no_deadline() -> None:
    async with running(hello) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
            [protocol] = server._server.server_state.connections
            assert isinstance(protocol, GuardedProtocol)
            assert protocol._deadline is None
        writer.close()
