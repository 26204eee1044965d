from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from iotistic.database.pool import Connection, connect
from iotistic.devices import DeviceService
from iotistic.secret import Secret
from iotistic.security import (
    LoginRefused,
    Principal,
    Refusal,
    UserInvalid,
    UsernameTaken,
    UserNotFound,
)
from iotistic.security.keys import KeyKind, _checksum, generate_key, parse_key
from iotistic.security.logins import Credentials, LoggedIn
from tests.support.databases import TestDatabase
from tests.support.services import login_service, security_service

HOUR = timedelta(hours=1)


async def refusal_of(connection: Connection, username: str, password: str) -> str | None:
    """How this login is refused; None: it is not."""
    shown = Credentials(username=username, password=Secret(password))
    outcome = await login_service(connection).prove(shown)
    return None if isinstance(outcome, LoggedIn) else outcome.code


async def test_a_stranger_key_of_the_right_form_is_unknown(connection: Connection) -> None:
    _, issued = generate_key(KeyKind.DEVICE)
    assert await security_service(connection).authenticate(issued.text) == Refusal(reason="unknown")


async def test_a_key_with_somebody_elses_id_opens_nothing(connection: Connection) -> None:
    security = security_service(connection)
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    mine = await security.issue_device_key(device.uuid, reason="test")
    parsed, _ = generate_key(KeyKind.DEVICE)
    body = f"iot_dev_{mine.key_id}_{parsed.secret.reveal()}"
    forged = Secret(body + _checksum(body))
    assert await security.authenticate(forged) == Refusal(reason="wrong_secret")


async def test_a_device_key_is_the_device_until_it_is_revoked(connection: Connection) -> None:
    security = security_service(connection)
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    issued = await security.issue_device_key(device.uuid, reason="test")
    assert await security.authenticate(issued.text) == Principal(
        key_id=issued.key_id, device_uuid=device.uuid
    )
    assert await security.revoke_key(issued.key_id, reason="lost")
    assert not await security.revoke_key(issued.key_id, reason="lost again")
    assert await security.authenticate(issued.text) == Refusal(reason="revoked")


async def test_every_step_of_a_key_is_in_its_history(connection: Connection) -> None:
    security = security_service(connection)
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    issued = await security.issue_device_key(device.uuid, reason="first")
    await security.revoke_device_keys(device.uuid, reason="stolen")
    cursor = await connection.execute(
        "SELECT action, reason FROM api_key_history WHERE key_id = %s ORDER BY sequence", (issued.key_id,)
    )
    assert await cursor.fetchall() == [("issued", "first"), ("revoked", "stolen")]


async def test_the_application_cannot_rewrite_the_history_of_keys(connection: Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await connection.execute("DELETE FROM api_key_history")


async def test_a_user_key_expires(connection: Connection) -> None:
    security = security_service(connection)
    user = await security.create_user("ada", Secret("correct horse"), "viewer")
    issued = await security.issue_user_key(user.id, lasts=HOUR, reason="login")
    found = await security.authenticate(issued.text)
    assert isinstance(found, Principal)
    assert (found.username, found.role) == ("ada", "viewer")
    await connection.execute(
        "UPDATE api_keys SET expires_at = created_at + interval '1 us' WHERE key_id = %s", (issued.key_id,)
    )
    assert await security.authenticate(issued.text) == Refusal(reason="expired")


async def test_no_secret_is_stored_in_clear(connection: Connection) -> None:
    security = security_service(connection)
    user = await security.create_user("ada", Secret("correct horse"), "viewer")
    issued = await security.issue_user_key(user.id, lasts=HOUR, reason="login")
    cursor = await connection.execute("SELECT users::text || api_keys::text FROM users, api_keys")
    text = str(await cursor.fetchall())
    assert "correct horse" not in text
    parsed = parse_key(issued.text.reveal())
    assert parsed is not None
    assert parsed.secret.reveal() not in text


@pytest.mark.parametrize(("username", "password"), [("ada", "wrong password"), ("nobody", "correct horse")])
async def test_unknown_and_wrong_are_refused_alike(
    connection: Connection, username: str, password: str
) -> None:
    security = security_service(connection)
    await security.create_user("ada", Secret("correct horse"), "viewer")
    assert await refusal_of(connection, username, password) == LoginRefused.code


async def test_the_right_password_is_the_person(connection: Connection) -> None:
    security = security_service(connection)
    made = await security.create_user("ada", Secret("correct horse"), "viewer")
    proved = await login_service(connection).prove(
        Credentials(username="ada", password=Secret("correct horse"))
    )
    assert proved == LoggedIn(user=made, factors=("password",))


async def test_a_name_is_given_once(connection: Connection) -> None:
    security = security_service(connection)
    await security.create_user("ada", Secret("correct horse"), "viewer")
    with pytest.raises(UsernameTaken):
        await security.create_user("ada", Secret("correct horse"), "owner")


async def test_an_impossible_name_is_explained(connection: Connection) -> None:
    with pytest.raises(UserInvalid, match="lower-case"):
        await security_service(connection).create_user("Ada Lovelace", Secret("correct horse"), "viewer")


async def test_the_administrator_is_made_once(connection: Connection) -> None:
    security = security_service(connection)
    password = await security.ensure_administrator()
    assert password is not None
    proved = await login_service(connection).prove(Credentials(username="admin", password=password))
    assert isinstance(proved, LoggedIn)
    assert proved.user.role == "owner"
    assert await security.ensure_administrator() is None


async def test_the_readonly_role_sees_no_hash(shared_database: TestDatabase) -> None:
    connection = await connect(
        shared_database.endpoint("readonly"), shared_database.name, application_name="test"
    )
    await connection.execute("SELECT username, is_active FROM users")
    for query in (
        "SELECT password_hash FROM users",
        "SELECT * FROM users",
        "SELECT secret_hash FROM api_keys",
        "SELECT secret_hash FROM provisioning_keys",
    ):
        await connection.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(query)
    await connection.close()


async def test_a_key_for_no_device_cannot_be_made(connection: Connection) -> None:
    with pytest.raises(psycopg.Error):
        await connection.execute(
            "INSERT INTO api_keys (key_id, kind, device_uuid, secret_hash, pepper_version) VALUES ('x', 'device', %s, sha256('x'), 1)",
            (uuid4(),),
        )


async def test_a_new_password_ends_the_old_one_and_its_sessions(connection: Connection) -> None:
    security = security_service(connection)
    user = await security.create_user("ada", Secret("correct horse"), "viewer")
    session = await security.issue_user_key(user.id, lasts=HOUR, reason="login")
    password = await security.reset_password("ada")
    assert await refusal_of(connection, "ada", "correct horse") == LoginRefused.code
    proved = await login_service(connection).prove(Credentials(username="ada", password=password))
    assert proved == LoggedIn(user=user, factors=("password",))
    assert await security.authenticate(session.text) == Refusal(reason="revoked")


async def test_the_password_of_nobody_cannot_be_reset(connection: Connection) -> None:
    with pytest.raises(UserNotFound, match="nobody"):
        await security_service(connection).reset_password("nobody")


async def test_accounts_are_listed_by_name(connection: Connection) -> None:
    security = security_service(connection)
    for name in ("grace", "ada"):
        await security.create_user(name, Secret("correct horse"), "viewer")
    assert [user.username for user in await security.list_users()] == ["ada", "grace"]
