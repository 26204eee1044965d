"""What a restored backup brings back, and whose clock decides."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from psycopg import sql

from iotistic.database.pool import Connection, connect
from iotistic.devices import DeviceService
from iotistic.secret import Secret
from iotistic.security import Anchor, KeyHistory, Peppers, Principal, Refusal
from iotistic.security.judgement import judge
from iotistic.security.keys import IssuedKey
from iotistic.security.repository import SecurityRepository
from tests.support.databases import TestDatabase
from tests.support.services import keyring_service, security_service


@asynccontextmanager
async def opened(database: TestDatabase, name: str) -> AsyncIterator[Connection]:
    connection = await connect(database.endpoint("app"), name, application_name="test", autocommit=True)
    try:
        yield connection
    finally:
        await connection.close()


async def issue(connection: Connection) -> IssuedKey:
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    return await security_service(connection).issue_device_key(device.uuid, reason="test")


@asynccontextmanager
async def restored(database: TestDatabase) -> AsyncIterator[tuple[IssuedKey, Anchor, str]]:
    """A key that was revoked after the backup, the end of the history that was kept then, and the database as it was restored."""
    async with opened(database, database.name) as connection:
        issued = await issue(connection)
    copy = f"{database.name}_restored"
    administrator = await connect(database.superuser, "postgres", application_name="test", autocommit=True)
    try:
        await administrator.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(copy), sql.Identifier(database.name)
            )
        )
        await administrator.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO iotistic_app").format(sql.Identifier(copy))
        )
        async with opened(database, database.name) as connection:
            await security_service(connection).revoke_key(issued.key_id, reason="stolen")
            kept = (await KeyHistory(connection).verify()).head
        yield issued, kept, copy
    finally:
        await administrator.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(copy))
        )
        await administrator.close()


async def test_a_restored_backup_is_found_by_the_end_of_the_history_that_was_kept(
    database: TestDatabase,
) -> None:
    async with restored(database) as (issued, kept, copy), opened(database, copy) as connection:
        came_back = await security_service(connection).authenticate(issued.text)
        assert isinstance(came_back, Principal)  # that is why whoever restores has to look
        assert not (await KeyHistory(connection).verify()).broken
        assert (await KeyHistory(connection).verify(kept)).broken


async def test_a_new_pepper_ends_every_key_that_came_back(database: TestDatabase) -> None:
    async with restored(database) as (issued, _, copy), opened(database, copy) as connection:
        fresh = Peppers({2: Secret("made after the restore")}, current=2)
        came_back = await security_service(connection, peppers=fresh).authenticate(issued.text)
        assert came_back == Refusal(reason="pepper_missing")
        keys = keyring_service(connection, peppers=fresh)
        device = await DeviceService(connection).create_device(name="another", kind="sensor")
        new = await security_service(connection, peppers=fresh).issue_device_key(device.uuid, reason="test")
        assert (await keys.get_key(new.key_id)).state == "good"


@pytest.mark.parametrize("away", [timedelta(days=365), timedelta(days=-365)])
async def test_the_clock_of_the_service_decides_nothing(connection: Connection, away: timedelta) -> None:
    """As if the database's clock were a year away from ours: its moments are held against one another alone."""
    security = security_service(connection)
    user = await security.create_user("ada", Secret("correct horse"), "viewer")
    issued = await security.issue_user_key(user.id, lasts=timedelta(hours=1), reason="test")
    stored = await SecurityRepository(connection).find_key(issued.key_id)
    assert stored is not None
    assert stored.expires_at is not None
    there = replace(stored, seen_at=stored.seen_at + away, expires_at=stored.expires_at + away)
    verdict = judge(there, pepper=1)
    assert isinstance(verdict, Principal)
    assert verdict.good_for == stored.expires_at - stored.seen_at
    assert judge(replace(there, expires_at=there.seen_at), pepper=1) == Refusal(reason="expired")
