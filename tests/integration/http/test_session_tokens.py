"""Sessions over HTTP: they go on by refreshing, end at once wherever one asks for it, and a copied token ends them."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from iotistic.bootstrap.platform import Platform, open_platform
from iotistic.database.pool import connect
from iotistic.http import create_platform_app
from iotistic.secret import Secret
from iotistic.security.keys import compose_key, parse_key
from tests.integration.http.conftest import PASSWORD, EnrolledDevice
from tests.integration.http.test_keys import status_soon
from tests.support.databases import TestDatabase

ME = "/api/v1/auth/me"
REFRESH = "/api/v1/auth/refresh"
SESSIONS = "/api/v1/auth/sessions"
_numbers = count(1)


class Person:
    """Somebody with an account of the test's own."""

    def __init__(self, platform: Platform, name: str) -> None:
        self.name = name
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(create_platform_app(platform), client=("192.0.2.7", 1)),
            base_url="http://test",
        )

    async def logs_in(self) -> dict[str, Any]:
        body = {"username": self.name, "password": PASSWORD.reveal()}
        answer = await self.http.post("/api/v1/auth/login", json=body, headers={"User-Agent": "a test"})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def refreshes(self, tokens: dict[str, Any]) -> httpx.Response:
        return await self.http.post(REFRESH, json={"refresh_token": tokens["refresh_token"]})

    def with_tokens(self, tokens: dict[str, Any]) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=self.http._transport,
            base_url="http://test",
            headers={"Authorization": f"Bearer {tokens['key']}"},
        )


@pytest.fixture
async def ada(platform: Platform) -> Person:
    name = f"ada-{next(_numbers)}"
    async with platform.begin() as work:
        await work.security.create_user(name, PASSWORD, "manager")
    return Person(platform, name)


async def turn_back(database: TestDatabase, session_id: str, by: timedelta) -> None:
    """Moves the session into the past, as time would."""
    connection = await connect(database.superuser, database.name, application_name="test", autocommit=True)
    await connection.execute(
        "UPDATE sessions SET created_at = created_at - %(by)s, refreshed_at = refreshed_at - %(by)s,"
        " expires_at = expires_at - %(by)s WHERE id = %(id)s",
        {"by": by, "id": session_id},
    )
    await connection.close()


async def test_a_session_goes_on_with_other_tokens(ada: Person) -> None:
    first = await ada.logs_in()
    assert (await ada.with_tokens(first).get(ME)).json()["username"] == ada.name
    second = (await ada.refreshes(first)).json()
    assert second["session_id"] == first["session_id"]
    assert second["refresh_token"] != first["refresh_token"]
    for tokens in (second, first):  # what was given is good for its quarter of an hour
        assert (await ada.with_tokens(tokens).get(ME)).json()["key_id"] == first["session_id"]
    assert (await ada.refreshes(second)).status_code == 200


async def test_five_tabs_that_refresh_at_once_get_the_same_tokens(ada: Person) -> None:
    first = await ada.logs_in()
    answers = await asyncio.gather(*(ada.refreshes(first) for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert (await ada.refreshes(answers[0].json())).status_code == 200


async def test_a_token_that_comes_again_later_ends_the_session_for_both(
    ada: Person, api_database: TestDatabase
) -> None:
    stolen = await ada.logs_in()
    current = (await ada.refreshes(stolen)).json()
    await turn_back(api_database, stolen["session_id"], timedelta(seconds=31))
    refused = await ada.refreshes(stolen)
    assert (refused.status_code, refused.json()["code"]) == (401, "refresh_refused")
    assert (await ada.refreshes(current)).status_code == 401
    await status_soon(ada.with_tokens(current), ME, 401)


async def test_a_token_from_two_before_ends_the_session_at_once(ada: Person) -> None:
    stolen = await ada.logs_in()
    current = (await ada.refreshes((await ada.refreshes(stolen)).json())).json()
    assert (await ada.refreshes(stolen)).status_code == 401
    assert (await ada.refreshes(current)).status_code == 401


async def test_a_forged_token_ends_nobodys_session(ada: Person) -> None:
    mine, other = await ada.logs_in(), await ada.logs_in()
    parsed = parse_key(mine["refresh_token"])
    assert parsed is not None
    forged = compose_key(replace(parsed, key_id=other["session_id"])).reveal()
    for text in (forged, mine["refresh_token"][:-1], mine["key"], "junk", "iot_rft_"):
        refused = await ada.refreshes({"refresh_token": text})
        assert (refused.status_code, refused.json()["code"]) == (401, "refresh_refused")
    for tokens in (mine, other):
        assert (await ada.refreshes(tokens)).status_code == 200


@pytest.mark.parametrize(("idle", "status"), [(timedelta(days=6, hours=23), 200), (timedelta(days=7), 401)])
async def test_a_week_without_a_refresh_ends_it(
    ada: Person, api_database: TestDatabase, idle: timedelta, status: int
) -> None:
    tokens = await ada.logs_in()
    await turn_back(api_database, tokens["session_id"], idle)
    assert (await ada.refreshes(tokens)).status_code == status


async def test_an_access_token_opens_nothing_after_its_time(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iotistic.security.sessions.tokens.ACCESS_LASTS", timedelta(seconds=-1))
    tokens = await ada.logs_in()
    assert (await ada.with_tokens(tokens).get(ME)).status_code == 401


async def test_a_refresh_token_is_no_key_and_an_access_token_refreshes_nothing(ada: Person) -> None:
    tokens = await ada.logs_in()
    assert (await ada.with_tokens({"key": tokens["refresh_token"]}).get(ME)).status_code == 401


async def test_sessions_are_listed_and_ended_one_by_one(ada: Person, operator: httpx.AsyncClient) -> None:
    here, there = await ada.logs_in(), await ada.logs_in()
    me = ada.with_tokens(here)
    listed = {session["id"]: session for session in (await me.get(SESSIONS)).json()}
    assert set(listed) == {here["session_id"], there["session_id"]}
    assert listed[here["session_id"]]["is_this"]
    assert not listed[there["session_id"]]["is_this"]
    assert (listed[there["session_id"]]["address"], listed[there["session_id"]]["user_agent"]) == (
        "192.0.2.7",
        "a test",
    )
    stranger = await operator.delete(f"{SESSIONS}/{there['session_id']}")
    assert (stranger.status_code, stranger.json()["code"]) == (404, "session_not_found")
    assert (await me.delete(f"{SESSIONS}/{there['session_id']}")).status_code == 204
    await status_soon(ada.with_tokens(there), ME, 401)
    assert (await ada.refreshes(there)).status_code == 401
    assert (await me.get(ME)).status_code == 200


async def test_logging_out_everywhere_counts_at_once_in_every_process_and_leaves_keys(
    ada: Person, platform: Platform
) -> None:
    tokens = [await ada.logs_in() for _ in range(3)]
    key = (await ada.with_tokens(tokens[0]).post("/api/v1/auth/keys", json={})).json()
    other = await open_platform(platform.settings, application_name="test-other")
    try:
        elsewhere = Person(other, ada.name).with_tokens(tokens[1])
        async with asyncio.timeout(60):
            while other.key_cache.find(Secret(tokens[1]["key"])) is None:
                assert (await elsewhere.get(ME)).status_code == 200
        ended = await ada.with_tokens(tokens[0]).delete(SESSIONS)
        assert ended.json() == {"ended": 3}
        # A second on a machine of its own; this one may be busy with other tests.
        assert await status_soon(elsewhere, ME, 401) < 30
    finally:
        await other.close()
    for each in tokens:
        await status_soon(ada.with_tokens(each), ME, 401)
        assert (await ada.refreshes(each)).status_code == 401
    assert (await ada.with_tokens(key).get(ME)).status_code == 200


async def test_an_older_token_of_a_refreshed_session_ends_with_it_although_it_is_remembered(
    ada: Person,
) -> None:
    first = await ada.logs_in()
    second = (await ada.refreshes(first)).json()
    for tokens in (first, second, first):
        assert (await ada.with_tokens(tokens).get(ME)).status_code == 200
    assert (await ada.with_tokens(second).delete("/api/v1/auth/session")).status_code == 204
    for tokens in (first, second):
        await status_soon(ada.with_tokens(tokens), ME, 401)


async def test_a_new_password_and_a_switched_off_account_end_every_session(
    ada: Person, platform: Platform
) -> None:
    tokens = await ada.logs_in()
    async with platform.begin() as work:
        await work.security.reset_password(ada.name)
    await status_soon(ada.with_tokens(tokens), ME, 401)
    assert (await ada.refreshes(tokens)).status_code == 401


async def test_a_session_gives_roles_and_keys_as_far_as_its_bearer_may(
    ada: Person, platform: Platform
) -> None:
    name = f"service-{next(_numbers)}"
    async with platform.begin() as work:
        await work.security.create_service(name, None)
    me = ada.with_tokens(await ada.logs_in())
    wide = await me.post("/api/v1/role-bindings", json={"username": name, "role": "admin"})
    assert (wide.status_code, wide.json()["code"]) == (403, "grant_too_wide")
    assert (
        await me.post("/api/v1/role-bindings", json={"username": name, "role": "viewer"})
    ).status_code == 201
    made = await me.post("/api/v1/keys", json={"username": name, "scopes": ["telemetry:read"]})
    assert made.status_code == 201, made.text


async def test_no_token_is_stored_or_logged(
    ada: Person, device: EnrolledDevice, api_database: TestDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        tokens = await ada.logs_in()
        await ada.refreshes(tokens)
        await ada.with_tokens(tokens).get(f"{device.path}/nowhere")
    said = "".join(str(vars(record)) for record in caplog.records if record.name.startswith("iotistic"))
    connection = await connect(api_database.superuser, api_database.name, application_name="test")
    for table in ("sessions", "audit_log"):
        said += str(await (await connection.execute(f"SELECT {table}::text FROM {table}")).fetchall())  # type: ignore[arg-type]
    await connection.close()
    assert tokens["session_id"] in said
    for secret in (tokens["key"], tokens["refresh_token"], tokens["refresh_token"][21:53]):
        assert secret not in said
