import json
import logging
from collections.abc import Mapping
from http import HTTPStatus

import httpx
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iotistic import logs
from iotistic.errors import IotisticError, NotFound, Unavailable
from iotistic.http.request_context import RequestContext, request_id_of


async def hello(scope: Scope, _: Receive, send: Send) -> None:
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": request_id_of(scope).encode()})


def failing(error: BaseException, *, after_start: bool = False) -> ASGIApp:
    async def app(_: Scope, _receive: Receive, send: Send) -> None:
        if after_start:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise error

    return app


def wrapped(
    app: ASGIApp, seen: list[tuple[str, int]] | None = None, *, quiet: bool = False
) -> RequestContext:
    def observe(scope: Scope, status: int, seconds: float, _: int) -> None:
        assert seconds >= 0
        if seen is not None:
            seen.append((scope["path"], status))

    return RequestContext(app, observe=observe, quiet=lambda _: quiet)


async def get(
    app: ASGIApp, headers: Mapping[str, str | bytes] | None = None, *, url: str = "http://test/x"
) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        raw = [
            (name.encode(), value if isinstance(value, bytes) else value.encode())
            for name, value in (headers or {}).items()
        ]
        return await client.get(url, headers=raw)


async def test_a_sane_request_id_is_taken_and_echoed() -> None:
    response = await get(wrapped(hello), {"X-Request-ID": "order-4711.a:b_c"})
    assert response.headers["x-request-id"] == response.text == "order-4711.a:b_c"


@pytest.mark.parametrize(
    "given", ["short", "x" * 129, "with space in it", 'quote"quote"', "semi;colon;;;", b"\xfcmlaut\xfcmlaut"]
)
async def test_any_other_request_id_is_replaced(given: str | bytes) -> None:
    response = await get(wrapped(hello), {"X-Request-ID": given})
    assert response.headers["x-request-id"] != given
    assert len(response.headers["x-request-id"]) == 24


async def test_two_requests_have_two_ids() -> None:
    assert (await get(wrapped(hello))).text != (await get(wrapped(hello))).text


@pytest.mark.parametrize(
    "app", [hello, failing(NotFound("x")), failing(ValueError("x"))], ids=["answer", "refusal", "bug"]
)
async def test_every_answer_has_the_security_headers(app: ASGIApp) -> None:
    headers = (await get(wrapped(app))).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers


async def test_transport_security_is_asked_for_where_there_is_any() -> None:
    assert "strict-transport-security" in (await get(wrapped(hello), url="https://test/x")).headers


async def test_a_policy_of_the_answer_itself_stays() -> None:
    async def page(_: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-security-policy", b"default-src 'self'"), (b"cache-control", b"max-age=60")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    headers = (await get(wrapped(page))).headers
    assert headers.get_list("content-security-policy") == ["default-src 'self'"]
    assert headers.get_list("cache-control") == ["max-age=60"]


async def test_an_error_of_ours_is_told_as_a_problem() -> None:
    response = await get(wrapped(failing(NotFound("There is no pump."))), {"X-Request-ID": "request-1"})
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.json()["detail"], response.json()["request_id"]) == ("There is no pump.", "request-1")


@pytest.mark.parametrize(
    "error", [ValueError("secret"), IotisticError("secret"), ExceptionGroup("secret", [ValueError("secret")])]
)
async def test_a_bug_is_logged_with_its_traceback_and_hidden_from_the_caller(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    response = await get(wrapped(failing(error)))
    assert response.status_code == 500
    assert "secret" not in response.text
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert record.exc_info[1] is error


async def test_an_outage_is_logged_as_a_warning_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    await get(wrapped(failing(Unavailable("The queue is full."))))
    [record] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert logs.fields_of(record) == {"code": "unavailable", "reason": "The queue is full."}


async def test_a_failure_after_the_beginning_breaks_the_connection() -> None:
    with pytest.raises(ValueError, match="late"):
        await get(wrapped(failing(ValueError("late"), after_start=True)))


async def test_a_caller_who_left_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[tuple[str, int]] = []
    caplog.set_level(logging.INFO)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": "/x", "scheme": "http", "headers": []}
    await wrapped(failing(ClientDisconnect()), seen)(scope, receive, send)
    assert (sent, seen) == ([], [("/x", 499)])
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


async def test_each_request_is_one_line_that_carries_its_id(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "iotistic.http.access")
    caplog.handler.setFormatter(logs.JsonFormatter())
    seen: list[tuple[str, int]] = []
    await get(wrapped(hello, seen), {"X-Request-ID": "request-1"})
    line = json.loads(caplog.text)
    assert (line["event"], line["request_id"], line["method"], line["path"]) == (
        "request",
        "request-1",
        "GET",
        "/x",
    )
    assert (line["status"], seen) == (HTTPStatus.OK, [("/x", 200)])


async def test_quiet_requests_are_logged_when_they_fail(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "iotistic.http.access")
    await get(wrapped(hello, quiet=True))
    assert not caplog.records
    await get(wrapped(failing(NotFound("x")), quiet=True))
    assert len(caplog.records) == 1
