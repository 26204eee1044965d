"""A second factor over HTTP: set up, asked for, replayed, guessed, lost, and taken away."""

import asyncio
from base64 import b32decode
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx
import pytest

from iotistic.bootstrap.platform import Platform, open_platform
from iotistic.bootstrap.sealing import rewrap_everything, sealed_places
from iotistic.database.pool import connect
from iotistic.http import create_platform_app
from iotistic.sealing import SealingKeys, new_sealing_key
from iotistic.secret import Secret
from iotistic.security import PasswordHasher, Role
from iotistic.security.keyring import KeyDraft
from iotistic.security.second_factor.codes import code_at, step_of
from tests.integration.http.conftest import PASSWORD, MakeClient
from tests.integration.http.test_keys import status_soon
from tests.support.databases import TestDatabase

LOGIN = "/api/v1/auth/login"
FACTOR = "/api/v1/auth/second-factor"
ME = "/api/v1/auth/me"
_numbers = count(1)


class Person:
    """Somebody with an account of the test's own, and an authenticator app."""

    def __init__(self, platform: Platform, name: str) -> None:
        self.name = name
        self.seed = b""
        self.step = 0
        """Of the code that was used last."""
        self.platform = platform
        self.recovery: list[str] = []
        self.http = self.client({})

    def client(self, headers: dict[str, str]) -> httpx.AsyncClient:
        """At a process that has not yet seen a failed login."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(create_platform_app(self.platform), client=("192.0.2.7", 1)),
            base_url="http://test",
            headers=headers,
        )

    def next_code(self) -> str:
        """One that was not used yet, good for half a minute at least: that of now, and then that of the step after it. There is no third."""
        self.step = max(self.step + 1, step_of(datetime.now(UTC)))
        return code_at(self.seed, self.step)

    async def logs_in(self, code: str | None = None, password: Secret = PASSWORD) -> httpx.Response:
        body = {"username": self.name, "password": password.reveal()}
        return await self.client({}).post(LOGIN, json=body if code is None else {**body, "code": code})

    async def session(self, code: str | None = None) -> httpx.AsyncClient:
        opened = await self.logs_in(code)
        assert opened.status_code == 200, opened.text
        return self.client({"Authorization": f"Bearer {opened.json()['key']}"})

    async def sets_up(self) -> httpx.AsyncClient:
        """The session that did it."""
        session = await self.session()
        begun = await session.post(FACTOR, json={"password": PASSWORD.reveal()})
        assert begun.status_code == 201, begun.text
        self.seed = b32decode(begun.json()["secret"])
        confirmed = await session.post(f"{FACTOR}/confirmation", json={"code": self.next_code()})
        assert confirmed.status_code == 200, confirmed.text
        self.recovery = confirmed.json()["recovery_codes"]
        return session


def proof(code: str | None = None) -> dict[str, Any]:
    return {"password": PASSWORD.reveal(), **({} if code is None else {"code": code})}


async def new_person(platform: Platform, role: Role | None = "viewer") -> Person:
    name = f"totp-{next(_numbers)}"
    async with platform.begin() as work:
        await work.security.create_user(name, PASSWORD, role)
    return Person(platform, name)


@pytest.fixture
async def ada(platform: Platform) -> Person:
    return await new_person(platform)


async def test_it_counts_from_its_first_code_on(ada: Person) -> None:
    session = await ada.session()
    assert (await session.get(FACTOR)).json() == {
        "username": ada.name,
        "since": None,
        "is_pending": False,
        "recovery_codes_left": 0,
    }
    begun = (await session.post(FACTOR, json=proof())).json()
    assert begun["uri"].startswith(f"otpauth://totp/Iotistic:{ada.name}?secret={begun['secret']}&")
    assert (await session.get(FACTOR)).json()["is_pending"]
    assert (await ada.logs_in()).status_code == 200  # not confirmed: asked for by nobody
    ada.seed = b32decode(begun["secret"])
    wrong = await session.post(f"{FACTOR}/confirmation", json={"code": "abcdef"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "code_wrong")
    confirmed = await session.post(f"{FACTOR}/confirmation", json={"code": ada.next_code()})
    codes = confirmed.json()["recovery_codes"]
    assert (confirmed.status_code, len(codes), len(set(codes))) == (200, 10, 10)
    assert (await session.get(FACTOR)).json()["recovery_codes_left"] == 10
    again = await session.post(f"{FACTOR}/confirmation", json={"code": ada.next_code()})
    assert (again.status_code, again.json()["code"]) == (409, "second_factor_on")
    assert (await session.post(FACTOR, json=proof())).json()["code"] == "second_factor_on"


async def test_a_login_asks_for_the_code_once_the_password_is_right_and_not_before(ada: Person) -> None:
    await ada.sets_up()
    needed = await ada.logs_in()
    assert (needed.status_code, needed.json()["code"]) == (401, "second_factor_needed")
    opened = await ada.logs_in(ada.next_code())
    assert opened.status_code == 200
    session = ada.client({"Authorization": f"Bearer {opened.json()['key']}"})
    assert (await session.get(ME)).json()["factors"] == ["password", "totp"]
    listed = (await session.get("/api/v1/auth/sessions")).json()
    assert {tuple(one["factors"]) for one in listed} == {("password", "totp")}


async def test_a_wrong_password_says_nothing_about_a_second_factor(ada: Person, platform: Platform) -> None:
    await ada.sets_up()
    plain = await new_person(platform)
    nobody = Person(platform, "totp-nobody")
    wrong = Secret("not the password at all")
    answers = [
        (await person.logs_in(code, wrong)).json() | {"request_id": None}
        for person in (ada, plain, nobody)
        for code in (None, "123456", ada.next_code() if person is ada else "000000")
    ]
    assert {answer["code"] for answer in answers} == {"login_refused"}
    assert all(answer == answers[0] for answer in answers)


async def test_nothing_of_the_factor_is_even_looked_at_before_the_password_is_right(
    ada: Person, api_database: TestDatabase
) -> None:
    await ada.sets_up()
    connection = await connect(api_database.superuser, api_database.name, application_name="test")
    # Whoever looks at the factor waits for this and is turned away after 5 s with 503.
    await connection.execute("LOCK TABLE second_factors, recovery_codes IN ACCESS EXCLUSIVE MODE")
    assert (await ada.logs_in("123456", Secret("not the password at all"))).status_code == 401
    assert (await ada.logs_in("123456")).status_code == 503
    await connection.close()


async def test_a_code_is_taken_once_even_by_two_logins_at_once(ada: Person) -> None:
    await ada.sets_up()
    code = ada.next_code()
    answers = await asyncio.gather(*(ada.logs_in(code) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    replayed = await ada.logs_in(code)
    assert (replayed.status_code, replayed.json()["code"]) == (401, "second_factor_refused")


async def test_the_code_that_confirmed_opens_no_login(ada: Person) -> None:
    await ada.sets_up()
    assert (await ada.logs_in(code_at(ada.seed, ada.step))).json()["code"] == "second_factor_refused"


async def test_a_recovery_code_lets_in_once_however_it_is_typed(ada: Person) -> None:
    await ada.sets_up()
    typed = ada.recovery[0].upper().replace("-", " ")
    opened = await ada.logs_in(typed)
    assert opened.status_code == 200, opened.text
    session = ada.client({"Authorization": f"Bearer {opened.json()['key']}"})
    assert (await session.get(ME)).json()["factors"] == ["password", "recovery_code"]
    assert (await session.get(FACTOR)).json()["recovery_codes_left"] == 9
    assert (await ada.logs_in(ada.recovery[0])).json()["code"] == "second_factor_refused"
    answers = await asyncio.gather(*(ada.logs_in(ada.recovery[1]) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401]


async def test_somebody_elses_recovery_code_opens_nothing(ada: Person, platform: Platform) -> None:
    bert = await new_person(platform)
    await ada.sets_up()
    await bert.sets_up()
    assert (await ada.logs_in(bert.recovery[0])).json()["code"] == "second_factor_refused"
    assert (await bert.logs_in(bert.recovery[0])).status_code == 200


async def test_guessed_codes_are_held_back_by_account_and_the_owner_still_gets_in(ada: Person) -> None:
    await ada.sets_up()
    known = {code_at(ada.seed, ada.step + n) for n in range(20)}  # ten minutes on
    guess = next(f"{n:06}" for n in range(100) if f"{n:06}" not in known)
    # Each attempt at a process of its own: what holds back is in the database.
    statuses = [(await ada.logs_in(guess)).status_code for _ in range(6)]
    assert statuses == [401] * 6
    held = await ada.logs_in(ada.next_code())
    assert (held.status_code, held.json()["code"]) == (429, "too_many_codes")
    assert 0 < int(held.headers["retry-after"]) <= 10
    assert (await ada.logs_in(ada.recovery[0])).status_code == 200


async def test_a_right_code_after_the_pause_ends_the_counting(
    ada: Person, api_database: TestDatabase
) -> None:
    await ada.sets_up()
    connection = await connect(
        api_database.superuser, api_database.name, application_name="test", autocommit=True
    )
    await connection.execute(
        "UPDATE second_factors SET failures = 9, failed_at = now() - interval '1 hour'"
        " WHERE user_id = (SELECT id FROM users WHERE username = %s)",
        (ada.name,),
    )
    assert (await ada.logs_in(ada.next_code())).status_code == 200
    cursor = await connection.execute(
        "SELECT failures FROM second_factors WHERE user_id = (SELECT id FROM users WHERE username = %s)",
        (ada.name,),
    )
    assert await cursor.fetchone() == (0,)
    await connection.close()


async def test_setting_up_and_doing_without_end_the_other_sessions(ada: Person) -> None:
    other = await ada.session()
    assert (await other.get(ME)).status_code == 200
    session = await ada.sets_up()
    await status_soon(other, ME, 401)
    await status_soon(session, ME, 200)
    other = await ada.session(ada.next_code())
    removed = await session.post(f"{FACTOR}/removal", json=proof(ada.recovery[0]))
    assert removed.status_code == 204, removed.text
    await status_soon(other, ME, 401)
    assert (await session.get(ME)).status_code == 200
    assert (await ada.logs_in()).status_code == 200


async def test_it_is_not_taken_away_without_password_and_code(ada: Person) -> None:
    session = await ada.sets_up()
    for body, code in [
        ({"password": "not the password", "code": ada.recovery[0]}, "password_wrong"),
        (proof(), "code_needed"),
        (proof("abcdefgh"), "code_wrong"),
    ]:
        for path in ("removal", "recovery-codes"):
            refused = await session.post(f"{FACTOR}/{path}", json=body)
            assert (refused.status_code, refused.json()["code"]) == (403, code)
    assert (await session.get(FACTOR)).json()["recovery_codes_left"] == 10


async def test_other_recovery_codes_make_those_of_before_good_for_nothing(ada: Person) -> None:
    session = await ada.sets_up()
    renewed = await session.post(f"{FACTOR}/recovery-codes", json=proof(ada.recovery[0]))
    codes = renewed.json()["recovery_codes"]
    assert len(codes) == 10
    assert not set(codes) & set(ada.recovery)
    assert (await ada.logs_in(ada.recovery[1])).status_code == 401
    assert (await ada.logs_in(codes[0])).status_code == 200


async def test_an_idempotency_key_makes_no_attempt_uncounted(ada: Person) -> None:
    session = await ada.sets_up()
    for path in ("", "/confirmation", "/recovery-codes", "/removal"):
        refused = await session.post(
            FACTOR + path, json=proof("abcdefgh"), headers={"Idempotency-Key": "one-and-only"}
        )
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_unsupported")


async def test_a_device_and_a_stranger_have_none(
    stranger: httpx.AsyncClient, platform: Platform, client_with: MakeClient
) -> None:
    assert (await stranger.get(FACTOR)).status_code == 401
    async with platform.begin() as work:
        name = f"totp-service-{next(_numbers)}"
        await work.security.create_service(name, "admin")
        key = (
            await work.keyring.issue_account_key(name, KeyDraft(scopes=["users:read"]), reason="test")
        ).text
    assert (await client_with(key).get(FACTOR)).status_code == 404


async def test_an_administrator_resets_what_was_lost_and_the_audit_says_so(
    ada: Person, people: dict[Role, Secret], client_with: MakeClient, api_database: TestDatabase
) -> None:
    session = await ada.sets_up()
    path = f"/api/v1/users/{ada.name}/second-factor"
    for role in ("viewer", "operator", "manager"):
        assert (await client_with(people[role]).delete(path)).status_code == 403  # type: ignore[index]
    admin = client_with(people["admin"])
    assert (await admin.get(path)).json()["recovery_codes_left"] == 10
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.delete(path)).json()["code"] == "second_factor_missing"
    assert (await admin.delete("/api/v1/users/nobody/second-factor")).status_code == 404
    await status_soon(session, ME, 401)
    assert (await ada.logs_in()).status_code == 200
    connection = await connect(api_database.superuser, api_database.name, application_name="test")
    cursor = await connection.execute(
        "SELECT actor, action, before ->> 'sealed_seed' FROM audit_log WHERE resource = 'second_factors'"
        " AND resource_id = (SELECT id::text FROM users WHERE username = %s) ORDER BY id",
        (ada.name,),
    )
    entries = await cursor.fetchall()
    await connection.close()
    assert [(actor, action) for actor, action, _ in entries] == [
        (ada.name, "created"),
        (ada.name, "changed"),
        ("admin", "deleted"),
    ]
    assert entries[-1][2] == "***"


async def test_an_administrator_takes_nothing_from_an_owner(
    platform: Platform, people: dict[Role, Secret], client_with: MakeClient
) -> None:
    owner = await new_person(platform, "owner")
    await owner.sets_up()
    path = f"/api/v1/users/{owner.name}/second-factor"
    refused = await client_with(people["admin"]).delete(path)
    assert (refused.status_code, refused.json()["code"]) == (403, "owners_only")
    assert (await client_with(people["owner"]).delete(path)).status_code == 204


async def test_whose_role_asks_for_one_may_do_nothing_but_get_one(platform: Platform) -> None:
    settings = replace(platform.settings, second_factor_roles=("manager",))
    strict = await open_platform(settings, application_name="test-strict")
    strict._hasher = PasswordHasher(cost=4)
    try:
        ada, bert = await new_person(strict, "manager"), await new_person(strict, "viewer")
        session = await ada.session()
        assert (await session.get(ME)).json()["lacks_factor"]
        for method, path in [
            ("GET", "/api/v1/devices"),
            ("POST", "/api/v1/auth/keys"),
            ("GET", "/api/v1/auth/keys"),
            ("POST", "/api/v1/role-bindings"),
        ]:
            refused = await session.request(method, path, json={})
            assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_demanded"), path
        assert (await (await bert.session()).get("/api/v1/devices")).status_code == 200
        session = await ada.sets_up()
        await status_soon(session, "/api/v1/devices", 200)
        assert not (await session.get(ME)).json()["lacks_factor"]
    finally:
        await strict.close()


async def test_seeds_are_sealed_and_go_along_when_everything_is_wrapped_anew(
    ada: Person, platform: Platform, api_database: TestDatabase
) -> None:
    await ada.sets_up()
    connection = await connect(api_database.superuser, api_database.name, application_name="test")
    kept = ""
    for table in ("second_factors", "recovery_codes"):
        kept += str(await (await connection.execute(f"SELECT {table}::text FROM {table}")).fetchall())  # type: ignore[arg-type]
    await connection.close()
    assert ada.seed.hex() not in kept
    assert not any(code in kept or code.replace("-", "") in kept for code in ada.recovery)
    before = platform.settings.data_dir / "secrets" / "sealing-key"
    old = before.read_text()
    async with platform.begin() as work:
        assert any(text in kept for text in await sealed_places(work, platform.settings))
        before.write_text(f"{new_sealing_key().reveal()},{old}")
        assert await rewrap_everything(work, platform.settings) > 0
        current = SealingKeys(Secret(before.read_text())).current
        assert {SealingKeys.key_id(text) for text in await work.second_factors.list_sealed()} == {current}
    other = await open_platform(platform.settings, application_name="test-other")
    other._hasher = PasswordHasher(cost=4)
    try:
        ada.platform = other
        assert (await ada.logs_in(ada.next_code())).status_code == 200
    finally:
        await other.close()
        async with platform.begin() as work:  # as it was, for the tests that follow
            before.write_text(f"{old},{before.read_text().partition(',')[0]}")
            await rewrap_everything(work, platform.settings)
            before.write_text(old)
