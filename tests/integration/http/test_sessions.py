"""Logging in and out over HTTP."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from iotistic.bootstrap.platform import Platform
from iotistic.http import create_platform_app
from iotistic.secret import Secret
from iotistic.security import Role
from tests.integration.http.conftest import PASSWORD, EnrolledDevice

LOGIN = "/api/v1/auth/login"


@pytest.fixture
async def fresh(platform: Platform) -> httpx.AsyncClient:
    """A stranger at a process that has not yet seen a failed login."""
    app: FastAPI = create_platform_app(platform)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


def bearer(key: Secret | str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.reveal() if isinstance(key, Secret) else key}"}


async def test_a_login_gives_a_key_that_opens(
    fresh: httpx.AsyncClient, people: dict[Role, Secret], platform: Platform
) -> None:
    assert people
    response = await fresh.post(LOGIN, json={"username": "viewer", "password": PASSWORD.reveal()})
    assert response.status_code == 200
    session = response.json()
    assert (session["username"], session["role"]) == ("viewer", "viewer")
    left = datetime.fromisoformat(session["expires_at"]) - platform.clock()
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    me = await fresh.get("/api/v1/auth/me", headers=bearer(session["key"]))
    assert me.json()["kind"] == "user"
    assert me.json()["username"] == "viewer"
    assert me.json()["expires_at"].endswith("Z")


async def test_an_unknown_name_and_a_wrong_password_are_refused_alike(
    fresh: httpx.AsyncClient, people: dict[Role, Secret]
) -> None:
    assert people
    answers = [
        await fresh.post(LOGIN, json={"username": username, "password": password})
        for username, password in [("viewer", "wrong"), ("nobody", PASSWORD.reveal()), ("nobody", "x" * 72)]
    ]
    bodies: list[dict[str, Any]] = [answer.json() | {"request_id": None} for answer in answers]
    assert {answer.status_code for answer in answers} == {401}
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["code"] == "login_refused"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.username"),
        ({"username": "x"}, "body.password"),
        ({"username": "x", "password": ""}, "body.password"),
        ({"username": "x", "password": "x" * 1001}, "body.password"),
        ({"username": "a\0b", "password": "x"}, "body.username"),
        ({"username": "x", "password": 5}, "body.password"),
    ],
)
async def test_half_a_login_names_what_is_missing(fresh: httpx.AsyncClient, body: object, field: str) -> None:
    response = await fresh.post(LOGIN, json=body)
    assert response.status_code == 422
    assert field in [error["field"] for error in response.json()["errors"]]


@pytest.mark.parametrize("field", ["username", "password"])
async def test_half_a_character_opens_nothing(fresh: httpx.AsyncClient, field: str) -> None:
    body = {"username": "viewer", "password": "x", field: "\ud800"}
    headers = {"Content-Type": "application/json"}
    response = await fresh.post(LOGIN, content=json.dumps(body).encode(), headers=headers)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [f"body.{field}"]


async def test_a_refused_login_does_not_repeat_the_password(fresh: httpx.AsyncClient) -> None:
    for body in ({"username": "x", "password": "hunter2" * 200}, {"username": "x", "password": ["hunter2"]}):
        assert "hunter2" not in (await fresh.post(LOGIN, json=body)).text


async def test_after_ten_failures_an_address_has_to_pause(
    fresh: httpx.AsyncClient, people: dict[Role, Secret]
) -> None:
    assert people
    statuses = [
        (await fresh.post(LOGIN, json={"username": f"guess-{n}", "password": "wrong"})).status_code
        for n in range(10)
    ]
    assert statuses == [401] * 10
    refused = await fresh.post(LOGIN, json={"username": "viewer", "password": PASSWORD.reveal()})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_failures")
    assert 0 < int(refused.headers["retry-after"]) <= 60


async def test_a_crowd_at_the_login_is_turned_away_and_takes_no_connections(
    fresh: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    wrong = {"username": "nobody-of-a-crowd", "password": "wrong"}
    crowd = asyncio.gather(*(fresh.post(LOGIN, json=wrong) for _ in range(30)))
    await asyncio.sleep(0)
    assert (await viewer.get("/api/v1/devices")).status_code == 200
    assert not crowd.done(), "pool and loop are free for others while passwords are checked"
    statuses = {answer.status_code for answer in await crowd}
    assert 503 in statuses
    assert statuses <= {401, 429, 503}


async def test_after_logging_out_the_key_is_good_for_nothing(
    platform: Platform, fresh: httpx.AsyncClient, people: dict[Role, Secret]
) -> None:
    assert people
    session = (await fresh.post(LOGIN, json={"username": "viewer", "password": PASSWORD.reveal()})).json()
    headers = bearer(session["key"])
    response = await fresh.delete("/api/v1/auth/session", headers=headers)
    assert (response.status_code, response.content) == (204, b"")
    async with asyncio.timeout(25):
        while (await fresh.get("/api/v1/auth/me", headers=headers)).status_code != 401:
            await asyncio.sleep(0.005)
    assert platform


async def test_me_tells_a_device_who_it_is(device: EnrolledDevice) -> None:
    me = (await device.client.get("/api/v1/auth/me")).json()
    assert (me["kind"], me["device_uuid"], me["expires_at"]) == ("device", str(device.uuid), None)
