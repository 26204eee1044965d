"""Every refusal has the same form, whoever refuses: our errors, the framework, the router, the database."""

import logging
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from iotistic.bootstrap.platform import Platform
from iotistic.http import create_platform_app
from iotistic.http.access import OPEN_PATHS
from iotistic.http.schemas.problem import ProblemDetails
from iotistic.secret import Secret
from iotistic.security import Role
from tests.integration.http.conftest import EnrolledDevice, MakeClient

JSON = {"Content-Type": "application/json"}


def assert_problem(response: httpx.Response, status: int, code: str) -> ProblemDetails:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = ProblemDetails.model_validate_json(response.content, extra="forbid")
    assert (problem.status, problem.code) == (status, code)
    assert problem.type == f"urn:iotistic:problem:{code}"
    assert problem.request_id == response.headers["x-request-id"]
    return problem


async def test_a_path_nobody_serves(viewer: httpx.AsyncClient) -> None:
    assert_problem(await viewer.get("/api/v1/nothing"), 404, "route_not_found")


async def test_a_slash_too_many_is_no_redirect(viewer: httpx.AsyncClient) -> None:
    assert_problem(await viewer.get("/api/v1/devices/"), 404, "route_not_found")


async def test_a_parameter_that_is_not_known_is_named_whatever_the_path(
    app: FastAPI, people: dict[Role, Secret], client_with: MakeClient
) -> None:
    admin = client_with(people["admin"])
    paths = [path for path, operations in app.openapi()["paths"].items() if "get" in operations]
    told = 0
    for path in paths:
        if "{" in path or path in OPEN_PATHS:
            continue
        problem = assert_problem(
            await admin.get(path, params={"colour": "red"}), 422, "query_parameter_unknown"
        )
        assert problem.errors is not None
        assert [one.field for one in problem.errors] == ["query.colour"]
        told += 1
    assert told > 30


async def test_the_parameters_that_are_known_are_named(
    viewer: httpx.AsyncClient, device: EnrolledDevice, stranger: httpx.AsyncClient
) -> None:
    problem = assert_problem(
        await viewer.get("/api/v1/devices", params={"limit": "1", "wher": "site=x"}),
        422,
        "query_parameter_unknown",
    )
    assert problem.hint == "Known here: after, fleet, kind, limit, name, retired, status, where."
    assert_problem(await device.client.get(f"{device.path}/shadow?x="), 422, "query_parameter_unknown")
    assert_problem(await stranger.get("/api/v1/devices?colour=red"), 401, "key_missing")
    assert (await stranger.get("/health", params={"colour": "red"})).status_code == 200


async def test_a_fault_of_a_body_is_named_there(operator: httpx.AsyncClient) -> None:
    refused = await operator.post("/api/v1/devices/tags", json={"where": "site=", "set": {"a": "b"}})
    problem = assert_problem(refused, 422, "tag_expression_invalid")
    assert problem.errors is not None
    assert [one.field for one in problem.errors] == ["body.where"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/devices", {"GET", "POST"}),
        ("DELETE", "/api/v1/auth/me", {"GET"}),
        ("GET", "/api/v1/auth/session", {"DELETE"}),
        ("POST", "/health", {"GET", "HEAD"}),
        ("OPTIONS", "/health", {"GET", "HEAD"}),
        ("BREW", "/api/v1/devices", {"GET", "POST"}),
    ],
)
async def test_a_method_the_path_does_not_take(
    viewer: httpx.AsyncClient, method: str, path: str, allowed: set[str]
) -> None:
    response = await viewer.request(method, path)
    assert_problem(response, 405, "method_not_allowed")
    assert set(response.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize("raw", [b"{", b'{"name": }', b"\xff", b"", b"[" * 5000])
async def test_a_body_that_is_no_json(
    operator: httpx.AsyncClient, device: EnrolledDevice, raw: bytes
) -> None:
    response = await operator.patch(device.path, content=raw, headers=JSON)
    assert_problem(response, 422, "invalid")


async def test_a_body_that_does_not_say_it_is_json(
    operator: httpx.AsyncClient, device: EnrolledDevice
) -> None:
    """A form on another site can send text/plain with a person's cookies; ours takes JSON that says so."""
    for headers in ({}, {"Content-Type": "text/plain"}):
        response = await operator.patch(device.path, content=b'{"name": "x"}', headers=headers)
        assert_problem(response, 422, "invalid")


async def test_a_body_of_more_than_a_mebibyte(operator: httpx.AsyncClient, device: EnrolledDevice) -> None:
    response = await operator.patch(device.path, content=b" " * ((1 << 20) + 1), headers=JSON)
    assert_problem(response, 413, "body_too_large")


async def test_a_strangers_body_of_more_than_16_kibibytes(stranger: httpx.AsyncClient) -> None:
    response = await stranger.post("/api/v1/auth/login", content=b" " * ((16 << 10) + 1), headers=JSON)
    assert_problem(response, 413, "body_too_large")


async def test_an_answer_to_head_has_no_body(viewer: httpx.AsyncClient) -> None:
    assert (await viewer.head("/health")).content == b""


@pytest.fixture
def starting() -> httpx.AsyncClient:
    """A process that is not open yet."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(create_platform_app()), base_url="http://test")


@pytest.mark.parametrize("path", ["/api/v1/devices", "/api/v1/auth/me", "/metrics"])
async def test_before_the_platform_is_open(starting: httpx.AsyncClient, path: str) -> None:
    response = await starting.get(path, headers={"Authorization": "Bearer x"})
    assert_problem(response, 503, "not_started")
    assert response.headers["retry-after"] == "1"


@pytest_asyncio.fixture
async def closed(
    platform: Platform, people: dict[Role, Secret], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """A viewer at a process whose pool was closed under it, as in the last moment of a shutdown."""
    app = create_platform_app(platform)
    headers = {"Authorization": f"Bearer {people['viewer'].reveal()}"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test", headers=headers
    ) as client:
        assert (await client.get("/api/v1/devices")).status_code == 200
        monkeypatch.setattr(platform, "pool", _ClosedPool(platform))
        yield client


class _ClosedPool:
    """The platform's pool once it is closed; closing the shared one would end the other tests."""

    def __init__(self, platform: Platform) -> None:
        self._pool = type(platform.pool)(platform.pool._inner.__class__("", open=False), "test")

    def connection(self, *, read_only: bool = False, one_moment: bool = False) -> object:
        return self._pool.connection(read_only=read_only, one_moment=one_moment)


async def test_a_database_that_is_away(closed: httpx.AsyncClient) -> None:
    response = await closed.get("/api/v1/devices")
    problem = assert_problem(response, 503, "database_unavailable")
    assert problem.detail == "The database cannot answer now."
    assert response.headers["retry-after"] == "1"


async def test_a_bug(
    platform: Platform, people: dict[Role, Secret], caplog: pytest.LogCaptureFixture
) -> None:
    app = create_platform_app(platform)

    @app.get("/bug")
    async def bug() -> None:
        raise RuntimeError("the secret inside")

    headers = {"Authorization": f"Bearer {people['viewer'].reveal()}", "X-Request-ID": "find-me-in-the-log"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        response = await client.get("/bug", headers=headers)
    assert_problem(response, 500, "internal")
    assert "secret" not in response.text
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert "the secret inside" in str(record.exc_info[1])


async def test_an_answer_that_does_not_fit_its_model_is_a_bug(
    platform: Platform, people: dict[Role, Secret]
) -> None:
    app = create_platform_app(platform)

    @app.get("/wrong")
    async def wrong() -> int:
        return "not a number"  # type: ignore[return-value]

    headers = {"Authorization": f"Bearer {people['viewer'].reveal()}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        assert_problem(await client.get("/wrong", headers=headers), 500, "internal")
