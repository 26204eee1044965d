"""What each database role may do on the migrated schema, whatever the application's code says."""

import re
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import LiteralString, cast
from uuid import UUID

import msgspec
import psycopg
import pytest

import iotistic
from iotistic.database.pool import Connection, connect
from iotistic.database.roles.book import ROLES
from iotistic.devices import DeviceService
from iotistic.partitioning import Maintainer
from iotistic.telemetry import Ingest
from tests.support.databases import TestDatabase
from tests.support.services import security_service

SECRET = re.compile(r"secret|password|hash|token|private")
GRANTS = Path(iotistic.__file__).parent / "migrations/sql/platform/R__grants.sql"

_COLUMNS = """
SELECT c.relname || '.' || a.attname, has_column_privilege(c.oid, a.attnum, 'SELECT')
FROM pg_class AS c
INNER JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
  AND c.relname NOT LIKE 'pg\\_stat\\_statements%'
"""
_WRITABLE = """
SELECT c.relname
FROM pg_class AS c
WHERE
  c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
  AND (
    has_any_column_privilege(c.oid, 'INSERT') OR has_any_column_privilege(c.oid, 'UPDATE')
    OR has_table_privilege(c.oid, 'DELETE') OR has_table_privilege(c.oid, 'TRUNCATE')
  )
ORDER BY c.relname
"""


@asynccontextmanager
async def as_role(
    database: TestDatabase, purpose: str, *, autocommit: bool = False
) -> AsyncIterator[Connection]:
    connection = await connect(
        database.endpoint(purpose), database.name, application_name="test", autocommit=autocommit
    )
    try:
        yield connection
    finally:
        await connection.close()


async def columns(connection: Connection) -> dict[str, bool]:
    """Column -> whether this role may read it."""
    return dict(await (await connection.execute(_COLUMNS)).fetchall())


async def writable(connection: Connection) -> list[str]:
    return [name for (name,) in await (await connection.execute(_WRITABLE)).fetchall()]


async def test_the_readonly_role_reads_every_column_but_credentials(shared_database: TestDatabase) -> None:
    async with as_role(shared_database, "readonly") as connection:
        seen = await columns(connection)
    hidden = {name for name, readable in seen.items() if not readable}
    assert hidden == {
        "users.password_hash",
        "api_keys.secret_hash",
        "provisioning_keys.secret_hash",
        "login_sources.name_hash",
        "recovery_codes.code_hash",
        "second_factors.last_step",
        "second_factors.sealed_seed",
        "signing_keys.sealed_seed",
        "sessions.generation",
        "sessions.nonce",
        "sessions.pepper_version",
        "enrolments.secret_hash",
        "enrolments.answer_hash",
        "enrolments.mqtt_password_hash",
        "mqtt_users.password_hash",
        "mqtt_broker_users.username",
        "mqtt_broker_users.client_id",
        "mqtt_broker_users.is_superuser",
        "mqtt_broker_users.password_hash",
    }
    chain = {"api_key_history.hash", "api_key_history_heads.hash"}  # of what everybody may read: no secret
    assert {name for name in seen.keys() - hidden if SECRET.search(name.split(".")[1])} == chain


@pytest.mark.parametrize("purpose", ["readonly", "broker", "monitor", "backup"])
async def test_who_only_reads_writes_nowhere(shared_database: TestDatabase, purpose: str) -> None:
    async with as_role(shared_database, purpose) as connection:
        assert await writable(connection) == []


@pytest.mark.parametrize(
    "statement",
    [
        "VACUUM (ANALYZE) devices",
        "VACUUM (FREEZE) devices",
        "ANALYZE devices",
        "REINDEX TABLE devices",
        "REINDEX TABLE CONCURRENTLY devices",
    ],
)
async def test_maintenance_does_its_work(shared_database: TestDatabase, statement: LiteralString) -> None:
    notices: list[str] = []
    async with as_role(shared_database, "maintenance", autocommit=True) as connection:
        connection.add_notice_handler(lambda said: notices.append(said.message_primary or ""))
        await connection.execute(statement)
    assert notices == []  # a table that is skipped is a warning only


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO fleets (name) VALUES ('mine')",
        "DELETE FROM devices",
        "TRUNCATE devices CASCADE",
        "DROP TABLE devices CASCADE",
        "ALTER TABLE api_keys DISABLE TRIGGER ALL",
        "CREATE TABLE mine (id bigint)",
    ],
)
async def test_maintenance_changes_nothing(shared_database: TestDatabase, statement: LiteralString) -> None:
    """Before PostgreSQL 17 it has the owner's rights, and nothing but transactions that only read keeps it from using them."""
    async with as_role(shared_database, "maintenance", autocommit=True) as connection:
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
            await connection.execute(statement)


async def test_who_needs_no_table_reads_none(shared_database: TestDatabase) -> None:
    async with as_role(shared_database, "monitor") as connection:
        assert not any((await columns(connection)).values())


async def test_the_broker_reads_accounts_and_rules_and_nothing_else(shared_database: TestDatabase) -> None:
    async with as_role(shared_database, "broker") as connection:
        readable = {name.split(".")[0] for name, may in (await columns(connection)).items() if may}
    assert readable == {"mqtt_broker_users", "mqtt_broker_acls"}


async def test_ingest_reads_nothing_of_people_and_keys(shared_database: TestDatabase) -> None:
    async with as_role(shared_database, "ingest") as connection:
        readable = {name.split(".")[0] for name, may in (await columns(connection)).items() if may}
        assert not readable & {"users", "api_keys", "api_key_history", "provisioning_keys", "system_config"}
        assert not {"users", "api_keys"} & set(await writable(connection))


async def test_ingest_can_do_its_work_with_its_rights(database: TestDatabase) -> None:
    async with as_role(database, "owner", autocommit=True) as owner:
        await owner.execute("UPDATE partition_policies SET premake = 3, back = 1")
        await Maintainer(owner).run()
    async with as_role(database, "app", autocommit=True) as app:
        device = await DeviceService(app).create_device(name="pump", kind="sensor")
        await _report_as_ingest(database, device.uuid)
        assert (await DeviceService(app).get_device(device.uuid)).connection_status == "online"


async def _report_as_ingest(database: TestDatabase, device: UUID) -> None:
    async def direct() -> Connection:
        return await connect(
            database.endpoint("ingest"), database.name, application_name="test", autocommit=True
        )

    async def touch(connection: Connection, uuids: Collection[UUID]) -> None:
        await DeviceService(connection).touch_contacts(uuids)

    now = datetime.now(UTC).isoformat()
    metrics = msgspec.json.encode({"reports": [{"timestamp": now, "metrics": {"cpu_usage": 1.0}}]})
    strange = msgspec.json.encode(
        {"reports": [{"timestamp": "1970-01-01T00:00:00Z", "metrics": {"cpu_usage": 1.0}}]}
    )
    logs = msgspec.json.encode(
        {"lines": [{"timestamp": now, "sequence": 1, "level": "info", "message": "hello"}]}
    )
    ingest = Ingest(direct, contacts=touch)
    await ingest.start()
    try:
        assert (await ingest.submit_metrics(device, metrics)).accepted == 1
        assert (await ingest.submit_metrics(device, metrics)).duplicate == 1
        assert (await ingest.submit_metrics(device, strange)).quarantined == 1
        assert (await ingest.submit_logs(device, logs)).accepted == 1
    finally:
        await ingest.stop()


ROUND_THE_HISTORY: tuple[LiteralString, ...] = (
    "INSERT INTO api_key_history SELECT * FROM api_key_history",
    "UPDATE api_key_history SET reason = 'nothing happened'",
    "UPDATE api_key_history_heads SET sequence = 0",
    "DELETE FROM api_key_history",
    "TRUNCATE api_key_history",
    "ALTER TABLE api_key_history DISABLE TRIGGER ALL",
    "DROP TABLE api_key_history",
    "TRUNCATE devices CASCADE",
    "TRUNCATE api_keys CASCADE",
    "ALTER TABLE api_keys DISABLE TRIGGER ALL",
    "SET session_replication_role = replica",
)


@pytest.mark.parametrize("statement", ROUND_THE_HISTORY)
async def test_the_application_rewrites_no_history_and_switches_off_no_trigger(
    connection: Connection, statement: LiteralString
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await connection.execute(statement)


_MAINTAIN = 170_000
"""From this version on there is a right to maintain."""


# The owner is not among them: it can undo what it made, and nothing the product runs signs in as it but migrations and partition work.
@pytest.mark.parametrize("purpose", [role.purpose for role in ROLES if role.purpose != "owner"])
async def test_no_role_of_the_product_goes_round_the_history_of_keys(
    shared_database: TestDatabase, purpose: str
) -> None:
    async with as_role(shared_database, purpose, autocommit=True) as connection:
        if purpose == "maintenance" and connection.info.server_version < _MAINTAIN:
            pytest.skip(
                "before PostgreSQL 17 only the owner may vacuum: the maintenance role has its rights, as the docs say"
            )
        await connection.execute("SET default_transaction_read_only = off")  # anybody may: it is no right
        for statement in ROUND_THE_HISTORY:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(statement)


async def test_the_history_of_a_key_survives_its_device(connection: Connection) -> None:
    device = await DeviceService(connection).create_device(name="pump", kind="sensor")
    issued = await security_service(connection).issue_device_key(device.uuid, reason="test")
    await connection.execute("DELETE FROM devices WHERE uuid = %s", (device.uuid,))
    cursor = await connection.execute(
        "SELECT device_uuid, action FROM api_key_history WHERE key_id = %s ORDER BY sequence",
        (issued.key_id,),
    )
    assert await cursor.fetchall() == [(device.uuid, "issued"), (device.uuid, "deleted")]


async def test_the_application_cannot_say_what_the_schema_is(database: TestDatabase) -> None:
    grants = cast("LiteralString", GRANTS.read_text())
    async with as_role(database, "owner", autocommit=True) as owner:
        for table in ("schema_migrations", "schema_migrations_events"):
            await owner.execute(cast("LiteralString", f"CREATE TABLE IF NOT EXISTS {table} (filename text)"))
        await owner.execute(grants)
    async with as_role(database, "app", autocommit=True) as app:
        assert not {"schema_migrations", "schema_migrations_events"} & set(await writable(app))
        await app.execute("SELECT FROM schema_migrations")


async def test_a_server_without_our_roles_takes_the_grants_too(owner_connection: Connection) -> None:
    absent = GRANTS.read_text().replace("iotistic_", "absent_").replace(r"iotistic\_", r"absent\_")
    await owner_connection.execute(cast("LiteralString", absent))
