"""What is written down about a change, and what is not."""

from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID, uuid4

import pytest
from psycopg import sql

from iotistic.audit import AuditEntry, AuditFilter, AuditFilterInvalid, AuditService
from iotistic.configuration import ConfigurationService
from iotistic.database.pool import Connection, connect
from iotistic.database.unit_of_work import UnitOfWork
from iotistic.devices import DeviceService
from iotistic.devices.bulk import BulkService
from iotistic.devices.bulk.model import DeviceDraft
from iotistic.devices.fleets import FleetDraft, FleetService
from iotistic.devices.shadow import Actor, ShadowService
from iotistic.devices.tagging import TagDefinitionDraft, TaggingService
from iotistic.provenance import Provenance
from iotistic.secret import Secret
from iotistic.security.bindings import BindingService
from iotistic.workflows import retire_device
from tests.support.databases import TestDatabase
from tests.support.enrolment import keepers
from tests.support.services import enrolment_service, security_service

ANNA = Provenance(actor_kind="user", actor="anna", key_id="k1", request_id="request-1")


@pytest.fixture(autouse=True)
async def _somebody_acts(connection: Connection) -> None:
    await UnitOfWork(connection).act_as(ANNA)


async def told(connection: Connection, resource: str, **which: Any) -> list[AuditEntry]:  # noqa: ANN401 - filters
    """Oldest first."""
    entries = await AuditService(connection).list_entries(AuditFilter(resource=resource, **which))
    return list(reversed(entries))


def what(entry: AuditEntry) -> tuple[str, dict[str, Any] | None, dict[str, Any] | None]:
    return entry.action, entry.before, entry.after


async def test_an_entry_says_who_when_and_on_whose_request(connection: Connection) -> None:
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    (entry,) = await told(connection, "devices")
    assert (entry.actor_kind, entry.actor, entry.key_id, entry.request_id) == (
        "user", "anna", "k1", "request-1",
    )  # fmt: skip
    assert (entry.database_user, entry.resource_id, entry.device_uuid) == (
        "iotistic_app", str(device.uuid), device.uuid,
    )  # fmt: skip
    assert entry.occurred_at == device.created_at


async def test_a_change_tells_only_what_changed(connection: Connection) -> None:
    devices = DeviceService(connection)
    device = await devices.create_device(name="pump", kind="sensor", serial="S-1")
    await devices.rename_device(device.uuid, "pump-7")
    created, renamed = await told(connection, "devices")
    nothing = {"fleet_id": None, "retired_at": None}
    assert what(created) == (
        "created", None, {"name": "pump", "kind": "sensor", "serial": "S-1", **nothing},
    )  # fmt: skip
    assert what(renamed) == ("changed", {"name": "pump"}, {"name": "pump-7"})


async def test_what_changes_nothing_that_is_shown_is_not_told(connection: Connection) -> None:
    devices = DeviceService(connection)
    device = await devices.create_device(name="pump", kind="sensor")
    await devices.rename_device(device.uuid, "pump")
    await devices.touch_contacts([device.uuid])  # goes online: an event, and no decision of anybody
    assert len(await told(connection, "devices")) == 1


async def test_many_rows_of_one_statement_are_told_one_by_one(connection: Connection) -> None:
    drafts = [
        DeviceDraft(
            line=number,
            name=f"pump-{number}",
            kind="sensor",
            serial=None,
            fleet=None,
            tags={"site": "berlin"},
        )
        for number in range(1, 31)
    ]
    await BulkService(connection).import_devices(drafts)
    devices = await told(connection, "devices")
    assert {(entry.after or {})["name"] for entry in devices} == {draft.name for draft in drafts}
    tags = await told(connection, "device_tags")
    assert {entry.device_uuid for entry in tags} == {entry.device_uuid for entry in devices}
    assert {entry.resource_id for entry in tags} == {f"{entry.device_uuid}/site" for entry in tags}


async def test_tags_and_their_rules(connection: Connection) -> None:
    devices, tagging = DeviceService(connection), TaggingService(connection)
    device = await devices.create_device(name="pump", kind="sensor")
    await devices.set_tag(device.uuid, "site", "berlin")
    await devices.set_tag(device.uuid, "site", "potsdam")
    await devices.set_tag(device.uuid, "site", "potsdam")
    await devices.remove_tag(device.uuid, "site")
    assert [what(entry) for entry in await told(connection, "device_tags")] == [
        ("created", None, {"value": "berlin"}),
        ("changed", {"value": "berlin"}, {"value": "potsdam"}),
        ("deleted", {"value": "potsdam"}, None),
    ]
    await tagging.define("site", TagDefinitionDraft(allowed_values=["x"], is_required=True))
    await tagging.undefine("site")
    assert [entry.action for entry in await told(connection, "tag_definitions")] == ["created", "deleted"]


async def test_fleets_and_who_belongs_to_them(connection: Connection) -> None:
    fleets = FleetService(connection)
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    await fleets.create_fleet(
        "spree", FleetDraft(default_tags={"site": "x"}, default_settings={"every": 60, "wifi_key": "hidden"})
    )
    await fleets.replace_fleet(
        "spree", FleetDraft(default_tags={"site": "x"}, default_settings={"every": 60, "wifi_key": "other"})
    )
    made, changed = await told(connection, "fleets")
    settings = {"default_settings": {"every": 60, "wifi_key": "***"}}
    asked = {"description": None, "default_tags": {"site": "x"}, "expected_every": None}
    assert what(made) == ("created", None, {**asked, **settings})
    assert what(changed) == ("changed", settings, settings)  # that it changed is told, the text is not
    await fleets.assign("spree", [device.uuid])
    assert [entry.action for entry in await told(connection, "devices", device_uuid=device.uuid)] == [
        "created",
        "changed",
    ]


async def test_desired_state_is_told_by_its_version_and_reported_state_is_not(connection: Connection) -> None:
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    shadow = ShadowService(connection)
    await shadow.patch(device.uuid, "desired", {"a": "secret"}, actor=Actor(kind="user", name="anna"))
    await shadow.patch(device.uuid, "reported", {"a": 1}, actor=Actor(kind="device", name=str(device.uuid)))
    await shadow.roll_back(device.uuid, to=0, actor=Actor(kind="user", name="anna"))
    assert [what(entry) for entry in await told(connection, "device_shadows", device_uuid=device.uuid)] == [
        ("changed", {"version": 0}, {"version": 1, "cause": "patch"}),
        ("changed", {"version": 1}, {"version": 2, "cause": "rollback", "restored_version": 0}),
    ]


async def test_accounts_and_keys_without_any_secret(connection: Connection) -> None:
    security = security_service(connection)
    user = await security.create_user("bert", Secret("a password of 26 characters"), None)
    await UnitOfWork(connection).act_as(Provenance(actor_kind="system", actor="a command"))
    await BindingService(connection).grant("bert", "viewer")
    issued = await security.issue_user_key(user.id, lasts=timedelta(hours=1), reason="test")
    await enrolment_service(connection).create_claim_key(
        max_uses=2, lasts=timedelta(hours=1), label="line 4", created_by="bert"
    )
    password = await security.reset_password("bert")
    account, changed = await told(connection, "users")
    assert (account.after or {})["is_active"] is True
    (role,) = await told(connection, "role_bindings")
    assert (role.actor, (role.after or {})["role"]) == ("a command", "viewer")
    assert changed.before == {"password_hash": "***", "credentials_changed_at": None}
    assert set(changed.after or {}) == {"password_hash", "credentials_changed_at"}
    assert (changed.after or {})["password_hash"] == "***"
    key, revoked = await told(connection, "api_keys", resource_id=issued.key_id)
    assert (key.action, revoked.action, list(revoked.after or {})) == ("created", "changed", ["revoked_at"])
    (claim,) = await told(connection, "provisioning_keys")
    assert (claim.after or {})["max_uses"] == 2
    everything = str(await AuditService(connection).list_entries())
    for secret in (password.reveal(), issued.text.reveal(), "secret_hash", "$2b$"):
        assert secret not in everything


async def test_texts_of_a_setting_are_masked_unless_they_name_or_address_something(
    connection: Connection,
) -> None:
    await ConfigurationService(connection).set_setting(
        "mqtt.brokers.1",
        {
            "id": 1,
            "name": "first",
            "host": "broker.example",
            "port": 1884,
            "password": "env:BROKER_PASSWORD",
            "extraConfig": {"more": ["text", {"host": 1}]},
        },
    )
    entry, *_ = await told(connection, "system_config")
    assert entry.resource_id == "mqtt.brokers.1"
    value = (entry.after or {})["value"]
    assert (value["host"], value["port"], value["password"]) == ("broker.example", 1884, "***")
    assert value["extraConfig"] == {"more": ["***", {"host": 1}]}


async def test_retiring_a_device_is_told_with_the_keys_it_takes_along(connection: Connection) -> None:
    devices, security = DeviceService(connection), security_service(connection)
    device = await devices.create_device(name="pump", kind="sensor")
    # Anna may make no keys.
    await UnitOfWork(connection).act_as(Provenance(actor_kind="system", actor="test"))
    await security.issue_device_key(device.uuid, reason="test")
    await UnitOfWork(connection).act_as(ANNA)
    await retire_device(keepers(connection), device.uuid, reason="broken")
    entries = await AuditService(connection).list_entries(AuditFilter(device_uuid=device.uuid))
    assert {(entry.resource, entry.action, tuple(entry.after or {})) for entry in entries[:2]} == {
        ("devices", "changed", ("retired_at",)),
        ("api_keys", "changed", ("revoked_at",)),
    }


async def test_an_entry_outlives_what_it_is_about(connection: Connection) -> None:
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    await connection.execute("DELETE FROM devices WHERE uuid = %s", (device.uuid,))
    assert [entry.action for entry in await told(connection, "devices")] == ["created", "deleted"]


async def test_a_change_that_is_rolled_back_is_not_told(connection: Connection) -> None:
    with pytest.raises(RuntimeError):
        async with connection.transaction():
            await DeviceService(connection).create_device(name="pump", kind="sensor")
            raise RuntimeError
    assert await told(connection, "devices") == []


async def test_somebody_in_psql_is_told_by_the_role_of_the_session(owner_connection: Connection) -> None:
    await owner_connection.execute("INSERT INTO fleets (name) VALUES ('by-hand')")
    (entry,) = await told(owner_connection, "fleets")
    assert (entry.actor_kind, entry.actor, entry.database_user) == (
        "system", "iotistic_migrator", "iotistic_migrator",
    )  # fmt: skip


async def test_what_is_no_row_of_a_table_is_recorded_by_a_call(connection: Connection) -> None:
    audit, device = AuditService(connection), uuid4()
    await audit.record("exported", "devices", "all", device_uuid=device, after={"devices": 12})
    (entry,) = await audit.list_entries(AuditFilter(action="exported"))
    assert (entry.actor, entry.resource_id, entry.device_uuid, what(entry)) == (
        "anna", "all", device, ("exported", None, {"devices": 12}),
    )  # fmt: skip


async def test_a_secret_cannot_be_recorded(connection: Connection) -> None:
    with pytest.raises(TypeError, match="Secret"):
        await AuditService(connection).record(
            "changed", "users", "anna", after={"password": Secret("hunter2")}
        )


async def test_entries_are_read_newest_first_page_by_page(connection: Connection) -> None:
    audit = AuditService(connection)
    for number in range(5):
        await audit.record("tried", "door", number)
    first = await audit.list_entries(limit=2)
    second = await audit.list_entries(before_id=first[-1].id, limit=2)
    assert [entry.resource_id for entry in (*first, *second)] == ["4", "3", "2", "1"]
    assert [len(await audit.list_entries(limit=limit)) for limit in (1, 5000)] == [1, 5]


@pytest.mark.parametrize(
    ("which", "found"),
    [
        (AuditFilter(actor="anna"), 1),
        (AuditFilter(actor="bert"), 0),
        (AuditFilter(request_id="request-1", action="tried"), 1),
        (AuditFilter(request_id="request-2"), 0),
        (AuditFilter(resource="door", resource_id="7"), 1),
        (AuditFilter(resource="door", resource_id="8"), 0),
        (AuditFilter(device_uuid=UUID(int=1)), 0),
        (AuditFilter(end=datetime(2020, 1, 1, tzinfo=UTC)), 0),
        (AuditFilter(start=datetime(2020, 1, 1, tzinfo=UTC)), 1),
    ],
)
async def test_entries_are_found_by_what_they_say(
    connection: Connection, which: AuditFilter, found: int
) -> None:
    audit = AuditService(connection)
    await audit.record("tried", "door", 7)
    assert len(await audit.list_entries(which)) == found


async def test_which_one_means_nothing_without_what(connection: Connection) -> None:
    with pytest.raises(AuditFilterInvalid):
        await AuditService(connection).list_entries(AuditFilter(resource_id="7"))


BYPASSES: list[LiteralString] = [
    "INSERT INTO audit_log (actor_kind, actor, database_user, action, resource, resource_id) VALUES ('user', 'a', 'b', 'c', 'd', '1')",
    "UPDATE audit_log SET actor = 'bert'",
    "DELETE FROM audit_log",
    "TRUNCATE audit_log",
    "DROP TABLE audit_log",
    "ALTER TABLE audit_log DISABLE TRIGGER audit_log_only_added_to",
    "ALTER TABLE audit_log DISABLE TRIGGER ALL",
    "ALTER TABLE devices DISABLE TRIGGER audit_insert",
    "DROP TRIGGER audit_insert ON devices",
    "CREATE RULE nothing AS ON INSERT TO audit_log DO INSTEAD NOTHING",
    "CREATE OR REPLACE FUNCTION refuse_rewriting_v1() RETURNS trigger LANGUAGE sql AS 'SELECT 1'",
    "ALTER FUNCTION audit_change_v1() SECURITY INVOKER",
    "SET session_replication_role = replica",
    "SET ROLE iotistic_owner",
    "ALTER TABLE audit_log OWNER TO iotistic_app",
]


@pytest.mark.parametrize("statement", BYPASSES)
async def test_the_application_finds_no_way_around(connection: Connection, statement: LiteralString) -> None:
    await AuditService(connection).record("tried", "door", 7)
    before = await AuditService(connection).list_entries()
    with pytest.raises(Exception, match=r"permission denied|must be owner|must be able to SET ROLE"):
        async with connection.transaction():
            await connection.execute(statement)
    assert await AuditService(connection).list_entries() == before


async def test_a_grant_by_somebody_without_the_right_gives_nothing(connection: Connection) -> None:
    """Granting what one does not hold is a warning in PostgreSQL, no error: so what counts is what can be done afterwards."""
    await connection.execute("GRANT ALL ON audit_log TO iotistic_app")
    cursor = await connection.execute(
        "SELECT has_table_privilege('audit_log', 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER'), has_any_column_privilege('audit_log', 'UPDATE')"
    )
    assert await cursor.fetchone() == (False, False)


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
async def test_not_even_the_owner_rewrites_by_accident(
    owner_connection: Connection, statement: LiteralString
) -> None:
    with pytest.raises(Exception, match="audit_log is only ever added to"):
        await owner_connection.execute(statement)


async def test_a_superuser_who_replays_changes_is_held_too(
    shared_database: TestDatabase,
) -> None:
    connection = await connect(shared_database.superuser, shared_database.name, application_name="test")
    try:
        await connection.execute("SET session_replication_role = replica")
        with pytest.raises(Exception, match="audit_log is only ever added to"):
            await connection.execute(sql.SQL("DELETE FROM audit_log"))
    finally:
        await connection.close()


@pytest.mark.parametrize("purpose", ["readonly", "ingest", "broker", "monitor"])
async def test_nobody_else_can_add_an_entry(shared_database: TestDatabase, purpose: str) -> None:
    connection = await connect(
        shared_database.endpoint(purpose), shared_database.name, application_name="test"
    )
    try:
        with pytest.raises(Exception, match="permission denied"):
            await connection.execute("SELECT record_audit_v1('a', 'b', 'c', NULL, NULL, NULL)")
    finally:
        await connection.close()
