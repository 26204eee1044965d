"""What happens to keys is written by the database, and whoever changes what was written is found."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import LiteralString

import psycopg
import pytest
import pytest_asyncio

from iotistic.database.pool import Connection, connect
from iotistic.devices import DeviceService
from iotistic.secret import Secret
from iotistic.security import Anchor, KeyHistory, parse_anchor
from iotistic.security.key_history import AnchorUnreadable
from tests.support.databases import TestDatabase
from tests.support.services import security_service

EXCHANGED = (
    "UPDATE api_key_history SET sequence = 9 WHERE sequence = 2;"
    "UPDATE api_key_history SET sequence = 2 WHERE sequence = 3;"
    "UPDATE api_key_history SET sequence = 3 WHERE sequence = 9"
)


@pytest_asyncio.fixture
async def forger(database: TestDatabase) -> AsyncIterator[Connection]:
    """A superuser, for whom no right and no trigger is an obstacle."""
    connection = await connect(database.superuser, database.name, application_name="test", autocommit=True)
    yield connection
    await connection.close()


async def make_history(connection: Connection) -> None:
    """Four rows: three keys issued, one of them revoked."""
    security = security_service(connection)
    user = await security.create_user("ada", Secret("correct horse"), "viewer")
    issued = [
        await security.issue_user_key(user.id, lasts=timedelta(hours=1), reason=f"reason {number}")
        for number in range(3)
    ]
    await security.revoke_key(issued[0].key_id, reason="lost")


async def rows(connection: Connection) -> list[tuple[int, str, str]]:
    cursor = await connection.execute(
        "SELECT sequence, action, reason FROM api_key_history ORDER BY sequence"
    )
    return await cursor.fetchall()


async def test_every_change_of_a_key_is_a_row_in_its_place(connection: Connection) -> None:
    await make_history(connection)
    assert await rows(connection) == [
        (1, "issued", "reason 0"),
        (2, "issued", "reason 1"),
        (3, "issued", "reason 2"),
        (4, "revoked", "lost"),
    ]
    report = await KeyHistory(connection).verify()
    assert (report.head.sequence, list(report.broken)) == (4, [])


async def test_an_empty_history_is_whole(connection: Connection) -> None:
    report = await KeyHistory(connection).verify()
    assert (report.head.sequence, list(report.broken)) == (0, [])


async def test_a_change_by_hand_is_told_too(connection: Connection) -> None:
    await make_history(connection)
    await connection.execute(
        "UPDATE api_keys SET expires_at = now() + interval '1 minute' WHERE revoked_at IS NULL"
    )
    assert [action for _, action, _ in (await rows(connection))[4:]] == ["changed", "changed"]
    assert not (await KeyHistory(connection).verify()).broken


async def test_the_history_of_a_deleted_device_stays(connection: Connection) -> None:
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    await security_service(connection).issue_device_key(device.uuid, reason="enrolled")
    await connection.execute("DELETE FROM devices")
    assert [action for _, action, _ in await rows(connection)] == ["issued", "deleted"]
    cursor = await connection.execute(
        "SELECT count(*) FROM api_key_history WHERE device_uuid = %s", [device.uuid]
    )
    assert await cursor.fetchone() == (2,)


@pytest.mark.parametrize(
    ("forgery", "first"),
    [
        ("UPDATE api_key_history SET reason = 'nothing' WHERE sequence = 2", "row 2 "),
        ("UPDATE api_key_history SET actor = 'somebody else' WHERE sequence = 1", "row 1 "),
        (
            "UPDATE api_key_history SET occurred_at = occurred_at - interval '1 microsecond' WHERE sequence = 4",
            "row 4 ",
        ),
        ("DELETE FROM api_key_history WHERE sequence = 1", "row 2 "),
        ("DELETE FROM api_key_history WHERE sequence = 3", "row 4 "),
        ("DELETE FROM api_key_history WHERE sequence = 4", "it ends with row 3"),
        ("DELETE FROM api_key_history", "it ends with row 0"),
        (EXCHANGED, "row 2 "),
    ],
)
async def test_a_row_that_is_altered_missing_or_moved_is_found(
    database: TestDatabase, forger: Connection, forgery: LiteralString, first: str
) -> None:
    app = await connect(database.endpoint("app"), database.name, application_name="test", autocommit=True)
    await make_history(app)
    assert not (await KeyHistory(app).verify()).broken
    await forger.execute("ALTER TABLE api_key_history DISABLE TRIGGER ALL")
    for statement in forgery.split(";"):
        await forger.execute(statement)
    broken = (await KeyHistory(app).verify()).broken
    assert broken[0].startswith(first)
    await app.close()


async def test_a_history_written_anew_is_found_by_the_end_that_was_kept(
    database: TestDatabase, forger: Connection
) -> None:
    app = await connect(database.endpoint("app"), database.name, application_name="test", autocommit=True)
    await make_history(app)
    kept = parse_anchor(str((await KeyHistory(app).verify()).head))
    assert not (await KeyHistory(app).verify(kept)).broken
    await forger.execute("ALTER TABLE api_key_history DISABLE TRIGGER ALL")
    await forger.execute("DELETE FROM api_key_history")
    await forger.execute("UPDATE api_key_history_heads SET sequence = 0, hash = sha256('api_key_history')")
    await forger.execute("UPDATE api_keys SET expires_at = now() WHERE revoked_at IS NULL")
    assert not (await KeyHistory(app).verify()).broken
    assert (await KeyHistory(app).verify(kept)).broken
    await app.close()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO api_key_history SELECT * FROM api_key_history",
        "UPDATE api_key_history_heads SET sequence = 0",
        "DELETE FROM api_key_history_heads",
        "TRUNCATE api_keys",
        "ALTER TABLE api_keys DISABLE TRIGGER ALL",
    ],
)
async def test_the_application_writes_no_history_itself(
    connection: Connection, statement: LiteralString
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await connection.execute(statement)


async def test_not_even_a_replica_or_a_truncating_superuser_leaves_no_trace(forger: Connection) -> None:
    await make_history(forger)
    await forger.execute("SET session_replication_role = replica")
    await forger.execute("UPDATE api_keys SET revoked_at = now() WHERE revoked_at IS NULL")
    assert [action for _, action, _ in (await rows(forger))[4:]] == ["revoked", "revoked"]
    for statement in ("TRUNCATE api_keys CASCADE", "TRUNCATE api_key_history", "DELETE FROM api_key_history"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await forger.execute(statement)  # type: ignore[call-overload]


async def test_writers_at_once_make_one_chain(database: TestDatabase) -> None:
    async def write(number: int) -> None:
        connection = await connect(
            database.endpoint("app"), database.name, application_name="test", autocommit=True
        )
        security = security_service(connection)
        user = await security.create_user(f"writer-{number}", Secret("correct horse"), None)
        for _ in range(10):
            await security.issue_user_key(user.id, lasts=timedelta(hours=1), reason="race")
        await connection.close()

    await asyncio.gather(*(write(number) for number in range(4)))
    app = await connect(database.endpoint("app"), database.name, application_name="test")
    report = await KeyHistory(app).verify()
    assert (report.head.sequence, list(report.broken)) == (40, [])
    await app.close()


@pytest.mark.parametrize("text", ["", "1", "1:xyz", "1:ab", "-1:" + "0" * 64, "x:" + "0" * 64])
def test_an_end_that_cannot_be_read_is_told(text: str) -> None:
    with pytest.raises(AnchorUnreadable):
        parse_anchor(text)


def test_an_end_is_read_as_it_is_written() -> None:
    anchor = Anchor(sequence=7, hash=bytes(range(32)))
    assert parse_anchor(str(anchor)) == anchor
