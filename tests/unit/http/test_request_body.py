import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from iotistic.http.request_body import BodyBudget, BodyTooLarge, BoundedBody, read_body
from iotistic.http.request_context import RequestContext

LIMIT = 10


async def echo(_: Scope, receive: Receive, send: Send) -> None:
    message = await receive()
    assert not message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"]})


APP = RequestContext(
    BoundedBody(echo, limit_of=lambda _: LIMIT), observe=lambda *_: None, quiet=lambda _: True
)


async def post(
    content: bytes | AsyncIterator[bytes], headers: dict[str, str] | None = None
) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://test") as client:
        return await client.post("/", content=content, headers=headers)


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.mark.parametrize("size", [0, 1, LIMIT])
async def test_a_body_up_to_the_limit_arrives_whole(size: int) -> None:
    response = await post(b"x" * size)
    assert (response.status_code, response.content) == (200, b"x" * size)


async def test_a_body_in_pieces_arrives_as_one() -> None:
    assert (await post(chunks(b"abc", b"", b"def"))).content == b"abcdef"


@pytest.mark.parametrize("body", [b"x" * (LIMIT + 1)], ids=["declared"])
async def test_a_body_over_the_limit_is_refused(body: bytes) -> None:
    response = await post(body)
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    assert "10 bytes" in response.json()["detail"]


async def test_a_body_that_grows_over_the_limit_is_refused() -> None:
    assert (await post(chunks(b"x" * LIMIT, b"x"))).status_code == 413


async def test_a_declared_length_over_the_limit_is_refused_unread() -> None:
    async def never() -> Message:
        pytest.fail("the body was read")

    with pytest.raises(BodyTooLarge):
        await read_body({"type": "http", "headers": [(b"content-length", b"11")]}, never, LIMIT)


@pytest.mark.parametrize("length", ["abc", "-1", "1.5", ""])
async def test_a_length_that_is_no_number_is_malformed(length: str) -> None:
    response = await post(chunks(b"x"), {"Content-Length": length})
    assert (response.status_code, response.json()["code"]) == (400, "malformed")


async def test_a_caller_who_leaves_in_the_middle_ends_the_reading() -> None:
    messages: list[Any] = [
        {"type": "http.request", "body": b"x", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        message: Message = messages.pop(0)
        return message

    with pytest.raises(ClientDisconnect):
        await read_body({"type": "http", "headers": []}, receive, LIMIT)


async def test_after_the_body_the_application_hears_of_the_caller_leaving() -> None:
    heard: list[str] = []

    async def app(_: Scope, receive: Receive, _send: Send) -> None:
        heard.extend([(await receive())["type"], (await receive())["type"]])

    messages: list[Any] = [{"type": "http.request", "body": b""}, {"type": "http.disconnect"}]

    async def receive() -> Message:
        message: Message = messages.pop(0)
        return message

    async def send(message: Message) -> None: ...

    await BoundedBody(app, limit_of=lambda _: LIMIT)({"type": "http", "headers": []}, receive, send)
    assert heard == ["http.request", "http.disconnect"]


async def test_a_body_that_never_ends_is_given_up() -> None:
    async def stall() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(HTTPException) as refusal:
        await read_body({"type": "http", "headers": []}, stall, LIMIT, timedelta(milliseconds=1))
    assert refusal.value.status_code == 408


async def test_all_bodies_at_once_may_take_so_much_and_no_more() -> None:
    going = asyncio.Event()
    entered: list[int] = []

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        entered.append(len((await receive())["body"]))
        await going.wait()
        await echo_nothing(scope, receive, send)

    async def echo_nothing(_: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    app = RequestContext(
        BoundedBody(slow, limit_of=lambda _: LIMIT, budget=BodyBudget(2 * LIMIT)),
        observe=lambda *_: None,
        quiet=lambda _: True,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        holding = [asyncio.create_task(client.post("/", content=b"x" * LIMIT)) for _ in range(2)]
        async with asyncio.timeout(10):
            while len(entered) < 2:
                await asyncio.sleep(0)
        refused = await client.post("/", content=b"x")
        assert (refused.status_code, refused.json()["code"]) == (503, "server_busy")
        assert refused.headers["retry-after"] == "1"
        streaming = asyncio.create_task(client.get("/"))  # without a body: takes no room
        async with asyncio.timeout(10):
            while len(entered) < 3:
                await asyncio.sleep(0)
        going.set()
        assert [(await task).status_code for task in [*holding, streaming]] == [200] * 3
        assert (await client.post("/", content=b"x")).status_code == 200
