"""Nobody gives or takes more than they hold, somebody is always owner, and no way around either."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest
import pytest_asyncio

from iotistic.database.pool import Connection, connect
from iotistic.devices import DeviceService
from iotistic.devices.fleets import FleetDraft, FleetService
from iotistic.secret import Secret
from iotistic.security import Role
from iotistic.security.bindings import BindingNotFound, BindingService, GrantTooWide, LastOwner
from iotistic.security.bindings.errors import BindingInvalid
from tests.support.databases import TestDatabase
from tests.support.services import security_service

TOMORROW = datetime.now(UTC) + timedelta(days=1)


async def act_as(connection: Connection, username: str, role: Role | None = None) -> None:
    """An account with this role, which acts from now on in this transaction."""
    security = security_service(connection)
    user = await security.create_user(username, Secret("correct horse"), role)
    issued = await security.issue_user_key(user.id, lasts=timedelta(hours=1), reason="test")
    await become(connection, username, issued.key_id)


async def become(connection: Connection, username: str, key_id: str | None, kind: str = "user") -> None:
    said = {"actor_kind": kind, "actor": username, "key_id": key_id, "request_id": "r"}
    await connection.execute("SELECT set_config('iotistic.provenance', %s, true)", [json.dumps(said)])


@pytest_asyncio.fixture
async def bindings(connection: Connection) -> BindingService:
    """With somebody to give roles to, two fleets, and an owner."""
    security = security_service(connection)
    await security.create_user("bert", Secret("correct horse"), None)
    await security.create_user("first", Secret("correct horse"), "owner")
    for name in ("berlin", "bonn"):
        await FleetService(connection).create_fleet(name, FleetDraft())
    return BindingService(connection)


async def test_a_command_of_whoever_runs_the_server_gives_any_role(bindings: BindingService) -> None:
    made = await bindings.grant("bert", "owner")
    assert (made.username, made.role, made.fleet, made.expires_at) == ("bert", "owner", None, None)


@pytest.mark.parametrize("role", ["viewer", "operator", "manager"])
async def test_a_manager_gives_up_to_manager(
    connection: Connection, bindings: BindingService, role: Role
) -> None:
    await act_as(connection, "mia", "manager")
    assert (await bindings.grant("bert", role)).granted_by == "mia"


@pytest.mark.parametrize(
    ("giver", "role"),
    [
        ("manager", "admin"),
        ("manager", "owner"),
        ("admin", "owner"),
        ("operator", "viewer"),
        ("viewer", "viewer"),
        (None, "viewer"),
    ],
)
async def test_nobody_gives_more_than_they_hold(
    connection: Connection, bindings: BindingService, giver: Role | None, role: Role
) -> None:
    await act_as(connection, "mia", giver)
    with pytest.raises(GrantTooWide):
        await bindings.grant("bert", role)


async def test_nobody_raises_their_own_rights(connection: Connection, bindings: BindingService) -> None:
    await act_as(connection, "mia", "manager")
    with pytest.raises(GrantTooWide):
        await bindings.grant("mia", "admin")


async def test_a_manager_of_a_fleet_gives_on_that_fleet_and_its_devices_only(
    connection: Connection, bindings: BindingService
) -> None:
    devices = DeviceService(connection)
    inside = await devices.create_device(name="in", kind="host", fleet="berlin")
    outside = await devices.create_device(name="out", kind="host", fleet="bonn")
    await act_as(connection, "mia")
    key = await connection.execute("SELECT current_setting('iotistic.provenance')")
    said = (await key.fetchone() or ("",))[0]
    await connection.execute("SELECT set_config('iotistic.provenance', '', true)")
    await bindings.grant("mia", "manager", fleet="berlin")
    await connection.execute("SELECT set_config('iotistic.provenance', %s, true)", [said])
    assert (await bindings.grant("bert", "operator", fleet="berlin")).fleet == "berlin"
    assert (await bindings.grant("bert", "operator", device_uuid=inside.uuid)).device_uuid == inside.uuid
    for scope in ({"fleet": "bonn"}, {"device_uuid": outside.uuid}, {}):
        with pytest.raises(GrantTooWide):
            async with connection.transaction():
                await bindings.grant("bert", "operator", **scope)


async def test_who_holds_a_role_for_a_while_gives_it_for_no_longer(
    connection: Connection, bindings: BindingService
) -> None:
    await act_as(connection, "mia", "manager")
    await connection.execute(
        "UPDATE role_bindings SET expires_at = %s WHERE user_id = (SELECT id FROM users WHERE username = 'mia')",
        [TOMORROW],
    )
    assert (await bindings.grant("bert", "viewer", expires_at=TOMORROW)).expires_at == TOMORROW
    for longer in (TOMORROW + timedelta(microseconds=1), None):
        with pytest.raises(GrantTooWide):
            async with connection.transaction():
                await bindings.grant("bert", "viewer", expires_at=longer)


async def test_nobody_takes_what_they_do_not_hold(connection: Connection, bindings: BindingService) -> None:
    above = await bindings.grant("bert", "admin")
    await act_as(connection, "mia", "manager")
    with pytest.raises(GrantTooWide):
        await bindings.revoke(above.id)


@pytest.mark.parametrize("kind", ["device", "claim_key", "system"])
async def test_no_device_and_no_stranger_gives_a_role(
    connection: Connection, bindings: BindingService, kind: str
) -> None:
    await become(connection, "whoever", None, kind)
    with pytest.raises(GrantTooWide):
        await bindings.grant("bert", "viewer")


async def test_the_last_owner_stays(connection: Connection, bindings: BindingService) -> None:
    (first,) = await bindings.list_bindings("first")
    with pytest.raises(LastOwner):
        async with connection.transaction():
            await bindings.revoke(first.id)
    second = await bindings.grant("bert", "owner")
    assert (await bindings.revoke(first.id)).username == "first"
    with pytest.raises(LastOwner):
        await bindings.revoke(second.id)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE users SET is_active = false WHERE username = 'first'",
        "DELETE FROM users WHERE username = 'first'",
        "UPDATE role_bindings SET role = 'viewer' WHERE role = 'owner'",
        "DELETE FROM role_bindings",
    ],
)
async def test_there_is_no_other_way_to_be_without_an_owner(
    connection: Connection, bindings: BindingService, statement: LiteralString
) -> None:
    assert bindings
    with pytest.raises(psycopg.errors.CheckViolation):
        await connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO role_permissions (role, permission) VALUES ('viewer', 'settings:write')",
        "UPDATE roles SET rank = 9 WHERE name = 'viewer'",
        "DELETE FROM permissions",
        "TRUNCATE role_bindings",
        "ALTER TABLE role_bindings DISABLE TRIGGER ALL",
    ],
)
async def test_the_application_cannot_change_what_a_role_allows(
    connection: Connection, statement: LiteralString
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await connection.execute(statement)


async def test_two_owners_who_remove_each_other_leave_one(database: TestDatabase) -> None:
    one = await connect(database.endpoint("app"), database.name, application_name="test")
    two = await connect(database.endpoint("app"), database.name, application_name="test")
    try:
        for name in ("anna", "bert"):
            await security_service(one).create_user(name, Secret("correct horse"), "owner")
        await one.commit()
        anna, bert = await BindingService(one).list_bindings()
        await BindingService(one).revoke(bert.id)
        other = asyncio.create_task(BindingService(two).revoke(anna.id))
        async with asyncio.timeout(60):
            while not await waits(one, two.info.backend_pid):
                await asyncio.sleep(0.01)
            await one.commit()
            with pytest.raises(LastOwner):
                await other
    finally:
        await one.close()
        await two.close()


async def waits(connection: Connection, pid: int) -> bool:
    cursor = await connection.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pid])
    return await cursor.fetchone() == (True,)


async def test_an_unknown_fleet_is_not_everything(bindings: BindingService) -> None:
    with pytest.raises(BindingNotFound):
        await bindings.grant("bert", "viewer", fleet="nowhere")


async def test_what_cannot_be_given_is_refused(connection: Connection, bindings: BindingService) -> None:
    wrong = [
        ({"username": "nobody", "role": "viewer"}, BindingNotFound),
        ({"username": "bert", "role": "viewer", "device_uuid": uuid4()}, BindingNotFound),
        ({"username": "bert", "role": "emperor"}, BindingInvalid),
        ({"username": "bert", "role": "owner", "fleet": "berlin"}, BindingInvalid),
        ({"username": "bert", "role": "owner", "expires_at": TOMORROW}, BindingInvalid),
        ({"username": "bert", "role": "viewer", "fleet": "berlin", "device_uuid": uuid4()}, BindingInvalid),
    ]
    for said, error in wrong:
        with pytest.raises(error):
            async with connection.transaction():
                await bindings.grant(**said)


async def test_a_role_given_again_is_one_role_that_ends_as_said_last(bindings: BindingService) -> None:
    first = await bindings.grant("bert", "viewer", fleet="berlin")
    again = await bindings.grant("bert", "viewer", fleet="berlin", expires_at=TOMORROW)
    assert (first.id, again.expires_at) == (again.id, TOMORROW)
    assert len(await bindings.list_bindings("bert")) == 1


async def test_a_fleet_that_goes_takes_its_roles_along(
    connection: Connection, bindings: BindingService
) -> None:
    await bindings.grant("bert", "admin", fleet="berlin")
    await act_as(connection, "mia", "operator")
    await FleetService(connection).delete_fleet("berlin")
    assert not await bindings.list_bindings("bert")
