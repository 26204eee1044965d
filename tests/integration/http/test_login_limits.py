"""Guessing passwords: who is held back, who is not, and that it tells nothing and cannot be used as a weapon."""

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count

import httpx
import pytest

from iotistic.bootstrap.platform import Platform
from iotistic.database.pool import Connection, connect
from iotistic.http import create_platform_app
from iotistic.secret import Secret
from iotistic.security import PasswordHasher, PasswordUnusable, Role
from iotistic.security.logins import Credentials
from tests.integration.http.conftest import PASSWORD, MakeClient
from tests.integration.http.test_keys import status_soon
from tests.support.databases import TestDatabase

LOGIN = "/api/v1/auth/login"
CHANGE = "/api/v1/auth/password"
ME = "/api/v1/auth/me"
NEW = "another password of mine"
_numbers = count(1)


class Guesser:
    """Somebody who tries to log in. Each attempt goes to a process of its own: what holds back must be the database."""

    def __init__(self, platform: Platform, name: str) -> None:
        self.platform = platform
        self.name = name
        self.address = f"10.77.{next(_numbers)}.1"
        """Nobody else's: what is counted from there is this test's."""

    def client(self, address: str | None = None, key: str | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(
                create_platform_app(self.platform), client=(address or self.address, 1)
            ),
            base_url="http://test",
            headers={} if key is None else {"Authorization": f"Bearer {key}"},
        )

    async def tries(self, password: str = "wrong", address: str | None = None) -> httpx.Response:
        return await self.client(address).post(LOGIN, json={"username": self.name, "password": password})

    async def comes_in(self, address: str | None = None) -> httpx.AsyncClient:
        opened = await self.tries(PASSWORD.reveal(), address)
        assert opened.status_code == 200, opened.text
        return self.client(address, opened.json()["key"])


Attempt = Callable[[], Awaitable[httpx.Response]]


async def until_held(attempt: Attempt, refused: int = 401) -> tuple[int, httpx.Response]:
    """How many attempts were looked at before one had to wait, and that one's answer. It comes: each pause is twice the one before."""
    for looked_at in range(30):
        answer = await attempt()
        if answer.status_code != refused:
            return looked_at, answer
    raise AssertionError("nothing held the guesser back")


async def hold(connection: Connection, address: str) -> None:
    """A pause of five minutes there, from now on: longer than a slow machine takes for a test."""
    await connection.execute(
        "UPDATE login_sources SET failures = 20, failed_at = clock_timestamp() WHERE source = %s",
        (f"{address}/32",),
    )


async def hold_everywhere(connection: Connection) -> None:
    """The longest pause for all sources together, from now on; of whatever names were attacked."""
    await connection.execute(
        "UPDATE login_sources SET failures = 70, failed_at = clock_timestamp() WHERE source = '' AND failures >= 50"
    )


@pytest.fixture
async def ada(platform: Platform) -> Guesser:
    name = f"login-{next(_numbers)}"
    async with platform.begin() as work:
        await work.security.create_user(name, PASSWORD, "viewer")
    return Guesser(platform, name)


@pytest.fixture
async def database_connection(api_database: TestDatabase) -> AsyncIterator[Connection]:
    connection = await connect(
        api_database.superuser, api_database.name, application_name="test", autocommit=True
    )
    yield connection
    await connection.close()


async def attacked_from_everywhere(person: Guesser) -> None:
    """56 failures, each from another place."""
    for n in range(56):
        shown = Credentials(username=person.name, password=Secret("wrong"), address=f"198.51.100.{n}")
        async with person.platform.begin() as work:
            await work.logins.prove(shown)


async def test_after_five_failures_a_place_pauses_and_the_right_password_too(
    ada: Guesser, database_connection: Connection
) -> None:
    looked_at, held = await until_held(ada.tries)
    assert looked_at >= 6
    assert (held.status_code, held.json()["code"]) == (429, "login_paused")
    assert int(held.headers["retry-after"]) >= 1
    await hold(database_connection, ada.address)
    held = await ada.tries(PASSWORD.reveal())
    assert (held.status_code, held.json()["code"]) == (429, "login_paused")
    assert 60 < int(held.headers["retry-after"]) <= 300


async def test_a_name_that_is_nobodys_is_held_back_in_the_same_words(
    platform: Platform, ada: Guesser
) -> None:
    told: list[object] = []
    for person in (ada, Guesser(platform, f"{ada.name}-nobody")):
        looked_at, held = await until_held(person.tries)
        assert looked_at >= 6
        told.append(held.json() | {"request_id": None, "retry_after": None})
    assert told[0] == told[1]


async def test_who_guesses_in_one_place_keeps_nobody_out_elsewhere(ada: Guesser) -> None:
    await until_held(lambda: ada.tries(address="198.51.100.66"))
    assert (await ada.tries(PASSWORD.reveal())).status_code == 200


async def test_under_attack_from_everywhere_the_owner_comes_in_from_where_they_were_before(
    ada: Guesser, database_connection: Connection
) -> None:
    session = await ada.comes_in("192.0.2.10")
    await attacked_from_everywhere(ada)
    await hold_everywhere(database_connection)
    stranger = await ada.tries(PASSWORD.reveal(), "203.0.113.5")
    assert (stranger.status_code, stranger.json()["code"]) == (429, "login_paused")
    assert int(stranger.headers["retry-after"]) <= 30
    assert (await ada.tries(PASSWORD.reveal(), "192.0.2.10")).status_code == 200
    assert (await session.get(ME)).status_code == 200
    changed = await session.post(CHANGE, json={"password": PASSWORD.reveal(), "new_password": NEW})
    assert changed.status_code == 200, changed.text


async def test_a_network_of_ipv6_counts_as_one_place(ada: Guesser) -> None:
    looked_at, _ = await until_held(lambda: ada.tries(address=f"2001:db8:7::{next(_numbers)}"))
    assert looked_at >= 6
    assert (await ada.tries(PASSWORD.reveal(), "2001:db8:8::1")).status_code == 200


async def test_hammering_writes_nothing(ada: Guesser, database_connection: Connection) -> None:
    await ada.tries()
    await hold(database_connection, ada.address)
    before = await written(database_connection)
    assert {(await ada.tries()).status_code for _ in range(10)} == {429}
    assert await written(database_connection) == before


async def test_a_process_that_heard_of_a_pause_asks_nobody_while_it_lasts(
    ada: Guesser, database_connection: Connection
) -> None:
    await ada.tries()
    await hold(database_connection, ada.address)
    process = ada.client()
    guess = {"username": ada.name, "password": "wrong"}
    asked = await process.post(LOGIN, json=guess)
    # Nothing that is said from now on can come from there.
    await database_connection.execute(
        "UPDATE login_sources SET failures = 0 WHERE source = %s", (f"{ada.address}/32",)
    )
    known = await process.post(LOGIN, json=guess)
    assert (known.status_code, known.json()["code"]) == (429, "login_paused")
    assert known.json().keys() == asked.json().keys()
    assert 60 < int(known.headers["retry-after"]) <= 300
    assert (await process.post(LOGIN, json=guess | {"username": f"{ada.name}-2"})).status_code == 401
    assert (await process.post(LOGIN, json=guess | {"more": 1})).status_code == 422
    assert (await ada.tries(PASSWORD.reveal())).status_code == 200


async def test_a_process_that_heard_of_an_attack_from_everywhere_lets_the_owner_in_from_home(
    ada: Guesser, database_connection: Connection
) -> None:
    await ada.comes_in("192.0.2.11")
    await attacked_from_everywhere(ada)
    await hold_everywhere(database_connection)
    app = create_platform_app(ada.platform)
    right = {"username": ada.name, "password": PASSWORD.reveal()}
    answers: list[int] = []
    for address in ("203.0.113.6", "203.0.113.7", "192.0.2.11"):
        transport = httpx.ASGITransport(app, client=(address, 1))
        client = httpx.AsyncClient(transport=transport, base_url="http://test")
        answers.append((await client.post(LOGIN, json=right)).status_code)
    assert answers == [429, 429, 200]


async def written(connection: Connection) -> list[tuple[object, ...]]:
    cursor = await connection.execute("SELECT xmin::text, ctid::text FROM login_sources ORDER BY 1, 2")
    return await cursor.fetchall()


async def test_coming_in_forgets_the_failures_of_that_place(ada: Guesser) -> None:
    for _ in range(5):
        assert (await ada.tries()).status_code == 401
    await ada.comes_in()
    assert [(await ada.tries()).status_code for _ in range(6)] == [401] * 6


async def test_a_day_without_failures_begins_anew(ada: Guesser, database_connection: Connection) -> None:
    for _ in range(6):
        await ada.tries()
    await database_connection.execute("UPDATE login_sources SET failed_at = failed_at - interval '1 day'")
    assert [(await ada.tries()).status_code for _ in range(6)] == [401] * 6


async def test_no_name_is_kept_in_clear(ada: Guesser, database_connection: Connection) -> None:
    await ada.tries()
    cursor = await database_connection.execute("SELECT l::text FROM login_sources AS l")
    assert ada.name not in str(await cursor.fetchall())


async def test_what_decides_nothing_any_more_is_forgotten(
    ada: Guesser, platform: Platform, database_connection: Connection
) -> None:
    await ada.comes_in("192.0.2.77")
    await ada.tries(address="192.0.2.78")
    await database_connection.execute(
        "UPDATE login_sources SET changed_at = now() - interval '3 days' WHERE source IN ('192.0.2.77/32', '192.0.2.78/32')"
    )
    async with platform.begin() as work:
        assert await work.logins.forget_old() >= 1
    cursor = await database_connection.execute(
        "SELECT source FROM login_sources WHERE source IN ('192.0.2.77/32', '192.0.2.78/32')"
    )
    assert await cursor.fetchall() == [("192.0.2.77/32",)]


# ---------------------------------------------------------------- passwords themselves


async def test_a_hash_of_another_cost_is_made_anew_at_the_next_login(
    ada: Guesser, platform: Platform, database_connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "_hasher", PasswordHasher(cost=5))
    for _ in range(2):
        await ada.comes_in()
        cursor = await database_connection.execute(
            "SELECT left(password_hash, 7), credentials_changed_at FROM users WHERE username = %s",
            (ada.name,),
        )
        assert await cursor.fetchone() == ("$2b$05$", None)


async def test_what_bcrypt_would_cut_is_refused_with_the_reason(ada: Guesser, platform: Platform) -> None:
    for password in ("x" * 73, "\u00e4" * 37):
        refused = await ada.tries(password)
        assert (refused.status_code, refused.json()["code"]) == (422, "password_unusable")
        assert "72 octets" in refused.json()["detail"]
        async with platform.begin() as work:
            with pytest.raises(PasswordUnusable, match="72 octets"):
                await work.security.create_user(f"{ada.name}-long", Secret(password), None)
    async with platform.begin() as work:
        await work.security.create_user(f"{ada.name}-72", Secret("x" * 72), None)
    assert (await Guesser(platform, f"{ada.name}-72").tries("x" * 72)).status_code == 200


async def test_a_new_password_takes_the_place_of_the_old_and_ends_the_other_sessions(ada: Guesser) -> None:
    here, there = await ada.comes_in(), await ada.comes_in()
    changed = await here.post(CHANGE, json={"password": PASSWORD.reveal(), "new_password": NEW})
    assert (changed.status_code, changed.json()) == (200, {"ended": 1})
    await status_soon(there, ME, 401)
    assert (await here.get(ME)).status_code == 200
    assert (await ada.tries()).status_code == 401
    assert (await ada.tries(NEW)).status_code == 200


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"password": "wrong", "new_password": NEW}, 403, "password_wrong"),
        ({"password": PASSWORD.reveal(), "new_password": "short"}, 422, "password_unusable"),
        ({"password": PASSWORD.reveal(), "new_password": "x" * 73}, 422, "password_unusable"),
        ({"password": PASSWORD.reveal(), "new_password": PASSWORD.reveal()}, 422, "password_unusable"),
        ({"new_password": NEW}, 422, "invalid"),
    ],
)
async def test_a_change_that_is_not_the_owners_or_not_sensible_changes_nothing(
    ada: Guesser, change: dict[str, str], status: int, code: str
) -> None:
    session = await ada.comes_in()
    refused = await session.post(CHANGE, json=change)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert (await ada.tries(PASSWORD.reveal())).status_code == 200


async def test_a_password_does_not_contain_the_name(ada: Guesser) -> None:
    session = await ada.comes_in()
    refused = await session.post(
        CHANGE, json={"password": PASSWORD.reveal(), "new_password": f"I am {ada.name.upper()}!"}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "password_unusable")


async def test_a_stranger_at_an_open_session_guesses_no_password_there(ada: Guesser) -> None:
    session = await ada.comes_in()
    guess = {"password": "wrong", "new_password": NEW}
    looked_at, held = await until_held(lambda: session.post(CHANGE, json=guess), refused=403)
    assert looked_at >= 6
    assert held.status_code == 429


async def test_a_change_stands_in_the_audit_without_the_password(
    ada: Guesser, database_connection: Connection
) -> None:
    session = await ada.comes_in()
    await session.post(CHANGE, json={"password": PASSWORD.reveal(), "new_password": NEW})
    cursor = await database_connection.execute(
        "SELECT actor, after FROM audit_log WHERE resource = 'users' AND resource_id = %s AND action = 'changed'",
        (ada.name,),
    )
    ((actor, after),) = await cursor.fetchall()
    assert actor == ada.name
    assert after["password_hash"] == "***"
    assert after["credentials_changed_at"]


# ---------------------------------------------------------------- accounts that are switched off


async def test_a_switched_off_account_opens_nothing_until_it_is_switched_on(
    ada: Guesser, people: dict[Role, Secret], client_with: MakeClient
) -> None:
    session = await ada.comes_in()
    key = (await session.post("/api/v1/auth/keys", json={})).json()["key"]
    path = f"/api/v1/users/{ada.name}"
    for role in ("viewer", "operator", "manager"):
        refused = await client_with(people[role]).patch(path, json={"is_active": False})  # type: ignore[index]
        assert refused.status_code == 403
    admin = client_with(people["admin"])
    assert (await admin.patch(path, json={"is_active": False})).json()["is_active"] is False
    for client in (session, ada.client(key=key)):
        await status_soon(client, ME, 401)
    refused = await ada.tries(PASSWORD.reveal())
    assert (refused.status_code, refused.json()["code"]) == (401, "login_refused")
    assert (await admin.patch(path, json={"is_active": True})).status_code == 200
    await status_soon(ada.client(key=key), ME, 200)
    assert (await session.get(ME)).status_code == 401
    assert (await ada.tries(PASSWORD.reveal())).status_code == 200
    assert (await admin.patch("/api/v1/users/nobody", json={"is_active": False})).status_code == 404


async def test_an_administrator_switches_no_owner_off(
    people: dict[Role, Secret], client_with: MakeClient
) -> None:
    refused = await client_with(people["admin"]).patch("/api/v1/users/owner", json={"is_active": False})
    assert (refused.status_code, refused.json()["code"]) == (403, "owners_only")
