"""What the database refuses of keys, whichever way it comes: more than the maker holds, and anything that brings a key back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_network
from typing import LiteralString
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio

from iotistic.database.pool import Connection
from iotistic.devices import DeviceService
from iotistic.devices.fleets import FleetDraft, FleetService
from iotistic.secret import Secret
from iotistic.security import Role
from iotistic.security.bindings import BindingService, GrantTooWide
from iotistic.security.errors import KeyCeiling
from iotistic.security.keyring import KeyDraft, KeyringService
from tests.integration.security.test_bindings import become
from tests.support.services import keyring_service, security_service

READS = KeyDraft(scopes=["telemetry:read"])


class Scene:
    """Ada with a role, the service exporter which looks at everything, and a pump in Berlin."""

    def __init__(self, connection: Connection, pump: UUID) -> None:
        self.connection = connection
        self.keyring: KeyringService = keyring_service(connection)
        self.pump = pump

    async def ada(self, role: Role | None, draft: KeyDraft | None = None, **scope: object) -> str:
        """She acts from now on, with a key like this; its public part."""
        await security_service(self.connection).create_user("ada", Secret("correct horse"), None)
        if role is not None:
            await BindingService(self.connection).grant("ada", role, **scope)  # type: ignore[arg-type]
        issued = await self.keyring.issue_account_key("ada", draft or KeyDraft(), reason="test")
        await become(self.connection, "ada", issued.key_id)
        return issued.key_id

    async def makes(self, username: str, draft: KeyDraft = READS) -> str:
        async with self.connection.transaction():
            return (await self.keyring.issue_account_key(username, draft, reason="test")).key_id

    async def lacks(self, username: str, draft: KeyDraft = READS) -> str:
        with pytest.raises(KeyCeiling, match="may more than you") as refused:
            await self.makes(username, draft)
        return refused.value.message


@pytest_asyncio.fixture
async def scene(connection: Connection) -> AsyncIterator[Scene]:
    await FleetService(connection).create_fleet("berlin", FleetDraft())
    pump = await DeviceService(connection).create_device(name="pump", kind="sensor")
    await FleetService(connection).assign("berlin", [pump.uuid])
    await security_service(connection).create_service("exporter", "viewer")
    yield Scene(connection, pump.uuid)


# ---------------------------------------------------------------- who makes which


async def test_somebody_who_holds_it_makes_a_service_a_key(scene: Scene) -> None:
    await scene.ada("manager")
    key = await scene.keyring.get_key(await scene.makes("exporter"))
    assert (key.created_by, key.scopes, key.kind) == ("ada", ["telemetry:read"], "service")


@pytest.mark.parametrize("role", [None, "viewer"])
async def test_who_may_not_make_keys_makes_none_for_others(scene: Scene, role: Role | None) -> None:
    await scene.ada(role)
    assert "keys:write" in await scene.lacks("exporter")


async def test_a_role_on_a_part_makes_no_key_that_reaches_everything(scene: Scene) -> None:
    await scene.ada("admin", fleet="berlin")
    assert "keys:write" in await scene.lacks("exporter")


async def test_a_key_of_a_service_names_its_scopes(scene: Scene) -> None:
    await scene.ada("manager")
    assert "named scopes" in await scene.lacks("exporter", KeyDraft())


async def test_no_scope_goes_beyond_what_the_maker_holds(scene: Scene) -> None:
    await BindingService(scene.connection).grant("exporter", "admin")
    await scene.ada("manager")
    assert "settings:write" in await scene.lacks("exporter", KeyDraft(scopes=["settings:write"]))
    assert await scene.makes("exporter", KeyDraft(scopes=["jobs:write"]))


async def test_nobody_makes_a_key_of_another_person(scene: Scene) -> None:
    await security_service(scene.connection).create_user("bert", Secret("correct horse"), "viewer")
    await scene.ada("owner")
    assert "the account itself" in await scene.lacks("bert")


async def test_what_is_held_for_a_while_makes_no_key_for_longer(scene: Scene) -> None:
    cursor = await scene.connection.execute("SELECT now() + interval '1 day'")
    row = await cursor.fetchone()
    assert row is not None
    await scene.ada("manager", expires_at=row[0])
    assert "telemetry:read" in await scene.lacks("exporter")
    assert await scene.makes("exporter", KeyDraft(scopes=["telemetry:read"], lasts=timedelta(days=1)))
    day_and_more = KeyDraft(scopes=["telemetry:read"], lasts=timedelta(days=1, microseconds=1))
    assert "telemetry:read" in await scene.lacks("exporter", day_and_more)


async def test_a_key_makes_no_key_of_its_bearer_that_may_more_than_itself(scene: Scene) -> None:
    await scene.ada("owner", READS)
    assert await scene.makes("ada", READS)
    assert "alerts:read" in await scene.lacks("ada", KeyDraft(scopes=["telemetry:read", "alerts:read"]))
    assert await scene.lacks("ada", KeyDraft())


async def test_a_key_of_one_network_makes_none_of_another(scene: Scene) -> None:
    await scene.ada("owner", KeyDraft(networks=[ip_network("192.0.2.0/24")]))
    assert await scene.makes("ada", KeyDraft(networks=[ip_network("192.0.2.128/25")]))
    for wider in ([ip_network("192.0.2.0/23")], [ip_network("192.0.2.0/24"), ip_network("0.0.0.0/0")], None):
        assert "those networks" in await scene.lacks("ada", KeyDraft(networks=wider))


async def test_a_key_with_an_end_makes_its_bearer_none_that_lasts_longer(scene: Scene) -> None:
    await scene.ada("owner", KeyDraft(lasts=timedelta(days=9)))
    assert await scene.makes("ada", KeyDraft(lasts=timedelta(days=8)))
    for longer in (timedelta(days=10), None):
        assert "lasts as long" in await scene.lacks("ada", KeyDraft(lasts=longer))


async def test_a_key_with_few_scopes_gives_no_role_beyond_them(scene: Scene) -> None:
    await security_service(scene.connection).create_user("bert", Secret("correct horse"), None)
    await scene.ada("owner", KeyDraft(scopes=["users:grant", "telemetry:read"]))
    with pytest.raises(GrantTooWide):
        await BindingService(scene.connection).grant("bert", "viewer")


async def test_a_device_gets_a_key_from_who_may_make_keys_there(scene: Scene) -> None:
    await scene.ada("operator", fleet="berlin")
    async with scene.connection.transaction():
        await scene.keyring.issue_device_key(scene.pump, KeyDraft(), reason="test")
    other = await DeviceService(scene.connection).create_device(name="other", kind="sensor")
    with pytest.raises(KeyCeiling, match="keys:write"):
        await scene.keyring.issue_device_key(other.uuid, KeyDraft(), reason="test")


async def test_a_device_makes_only_the_key_that_takes_the_place_of_its_own(scene: Scene) -> None:
    own = await scene.keyring.issue_device_key(scene.pump, KeyDraft(), reason="test")
    other = await DeviceService(scene.connection).create_device(name="other", kind="sensor")
    await scene.keyring.rotate(own.key_id, hand_out=False, reason="test")
    await become(scene.connection, str(scene.pump), own.key_id, "device")
    for device in (other.uuid, scene.pump):
        with pytest.raises(KeyCeiling):
            async with scene.connection.transaction():
                await scene.keyring.issue_device_key(device, KeyDraft(), reason="test")
    await become(scene.connection, str(other.uuid), own.key_id, "device")
    stored = await scene.keyring.open_succession(own.text, address=None)
    with pytest.raises(KeyCeiling):
        async with scene.connection.transaction():
            await scene.keyring.fetch_successor(stored)
    await become(scene.connection, str(scene.pump), own.key_id, "device")
    assert await scene.keyring.fetch_successor(stored)


@pytest.mark.parametrize("kind", ["claim_key", "system"])
async def test_strangers_and_claim_keys_make_no_key_of_an_account(scene: Scene, kind: str) -> None:
    await become(scene.connection, "whoever", "k", kind)
    assert await scene.lacks("exporter")


# ---------------------------------------------------------------- what a key becomes


@pytest.mark.parametrize(
    "change",
    [
        "expires_at = NULL",
        "expires_at = expires_at + interval '1 us'",
        "retires_at = NULL, successor_until = NULL",
        "retires_at = retires_at + interval '1 us'",
        "successor_until = successor_until + interval '1 us'",
        "allowed_networks = NULL",
        "allowed_networks = '{0.0.0.0/0}'",
        "device_uuid = (SELECT uuid FROM devices WHERE name = 'other')",
        "key_id = 'another'",
        "replaces = 'another'",
        "created_at = now() - interval '1 day'",
    ],
)
async def test_a_key_stays_as_it_was_issued_and_never_lasts_longer(
    scene: Scene, change: LiteralString
) -> None:
    draft = KeyDraft(networks=[ip_network("192.0.2.0/24")], lasts=timedelta(days=9))
    await DeviceService(scene.connection).create_device(name="other", kind="sensor")
    issued = await scene.keyring.issue_device_key(scene.pump, draft, reason="test")
    await scene.keyring.rotate(issued.key_id, hand_out=False, reason="test")
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        await scene.connection.execute(f"UPDATE api_keys SET {change} WHERE key_id = %s", (issued.key_id,))
    assert refused.value.diag.constraint_name == "api_keys_as_issued"


@pytest.mark.parametrize(
    "change", ["revoked_at = NULL", "secret_hash = sha256('x')", "retires_at = now()", "label = 'x'"]
)
async def test_nothing_changes_a_key_that_was_revoked(scene: Scene, change: LiteralString) -> None:
    issued = await scene.keyring.issue_device_key(scene.pump, KeyDraft(), reason="test")
    await scene.keyring.revoke(issued.key_id, reason="test")
    with pytest.raises(psycopg.errors.CheckViolation):
        await scene.connection.execute(f"UPDATE api_keys SET {change} WHERE key_id = %s", (issued.key_id,))


@pytest.mark.parametrize("column", ["expires_at", "retires_at"])
async def test_a_key_may_end_earlier(scene: Scene, column: LiteralString) -> None:
    issued = await scene.keyring.issue_device_key(
        scene.pump, KeyDraft(lasts=timedelta(days=9)), reason="test"
    )
    await scene.keyring.rotate(issued.key_id, hand_out=False, reason="test")
    cursor = await scene.connection.execute(
        f"UPDATE api_keys SET {column} = {column} - interval '1 day' WHERE key_id = %s", (issued.key_id,)
    )
    assert cursor.rowcount == 1


@pytest.mark.parametrize(
    ("what", "constraint"),
    [
        ("replaces = 'nobodys'", "api_keys_replaces_retiring"),
        ("scopes = '{telemetry:read}'", "api_keys_scopes_check"),
        ("first_used_at = now()", "api_keys_first_used_at_check"),
        ("successor_until = now()", "api_keys_successor_until_check"),
        ("fetched_late_at = now()", "api_keys_fetched_late_at_check"),
        ("expires_at = now()", "api_keys_expires_at_check"),
        ("allowed_networks = '{}'", "api_keys_allowed_networks_check"),
        ("kind = 'user'", "api_keys_kind_check"),
    ],
)
async def test_there_is_no_such_key_of_a_device(scene: Scene, what: str, constraint: str) -> None:
    columns = {"kind": "'device'", "device_uuid": f"'{scene.pump}'"}
    name, _, value = what.partition(" = ")
    columns[name] = value
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        await scene.connection.execute(
            f"INSERT INTO api_keys (key_id, secret_hash, pepper_version, {', '.join(columns)})"  # type: ignore[arg-type]
            f" VALUES ('x', sha256('x'), 1, {', '.join(columns.values())})"
        )
    assert refused.value.diag.constraint_name == constraint


async def test_a_key_replaces_only_one_of_the_same_bearer(scene: Scene) -> None:
    issued = await scene.keyring.issue_device_key(scene.pump, KeyDraft(), reason="test")
    await scene.keyring.rotate(issued.key_id, hand_out=False, reason="test")
    other = await DeviceService(scene.connection).create_device(name="other", kind="sensor")
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        await scene.connection.execute(
            "INSERT INTO api_keys (key_id, kind, device_uuid, replaces, secret_hash, pepper_version)"
            " VALUES ('x', 'device', %s, %s, sha256('x'), 1)",
            (other.uuid, issued.key_id),
        )
    assert refused.value.diag.constraint_name == "api_keys_replaces_retiring"


async def test_a_persons_account_has_no_service_key_and_the_other_way_round(scene: Scene) -> None:
    await security_service(scene.connection).create_user("bert", Secret("correct horse"), None)
    for username, kind in (("bert", "service"), ("exporter", "user")):
        with pytest.raises(psycopg.errors.CheckViolation) as refused:
            async with scene.connection.transaction():
                await scene.connection.execute(
                    "INSERT INTO api_keys (key_id, kind, user_id, secret_hash, pepper_version)"
                    " SELECT 'x', %s, id, sha256('x'), 1 FROM users WHERE username = %s",
                    (kind, username),
                )
        assert refused.value.diag.constraint_name == "api_keys_kind_of_account"


async def test_a_service_is_no_last_owner(scene: Scene) -> None:
    await BindingService(scene.connection).grant("exporter", "owner")
    await security_service(scene.connection).create_user("first", Secret("correct horse"), "owner")
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        await scene.connection.execute("UPDATE users SET is_active = false WHERE username = 'first'")
    assert refused.value.diag.constraint_name == "role_bindings_last_owner"


async def test_the_history_of_a_key_that_is_replaced_says_why_it_ended(scene: Scene) -> None:
    old = await scene.keyring.issue_device_key(scene.pump, KeyDraft(), reason="made")
    new = await scene.keyring.rotate(old.key_id, hand_out=True, reason="yearly")
    assert new is not None
    await security_service(scene.connection).note_use(new.text)
    cursor = await scene.connection.execute(
        "SELECT action, reason FROM api_key_history WHERE key_id = %s ORDER BY sequence", (old.key_id,)
    )
    assert await cursor.fetchall() == [
        ("issued", "made"), ("changed", "yearly"), ("revoked", "its successor was used"),
    ]  # fmt: skip
