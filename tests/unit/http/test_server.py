import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

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
