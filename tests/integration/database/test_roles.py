import psycopg
import pytest

from iotistic.database.pool import Connection, connect
from iotistic.database.roles import OWNER, ROLES, Role, ensure_database, ensure_roles, verifier_matches
from iotistic.secret import Secret
from tests.support.databases import TestDatabase, password_of


async def administrator(database: TestDatabase) -> Connection:
    return await connect(database.superuser, "postgres", application_name="test", autocommit=True)


async def stored(connection: Connection, role: Role) -> str:
    cursor = await connection.execute(
        "SELECT rolpassword FROM pg_authid WHERE rolname = %s", (role.logins[0],)
    )
    row = await cursor.fetchone()
    assert row
    return str(row[0])


async def test_making_the_roles_again_changes_nothing(shared_database: TestDatabase) -> None:
    connection = await administrator(shared_database)
    before = await stored(connection, OWNER)
    assert await ensure_roles(connection, password_of) == []
    assert await stored(connection, OWNER) == before
    await connection.close()


async def test_no_role_of_ours_is_superuser(shared_database: TestDatabase) -> None:
    connection = await administrator(shared_database)
    cursor = await connection.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)",
        ([role.name for role in ROLES],),
    )
    assert await cursor.fetchall() == []
    await connection.close()


async def test_a_stored_verifier_is_told_from_another_passwords(shared_database: TestDatabase) -> None:
    connection = await administrator(shared_database)
    verifier = await stored(connection, OWNER)
    assert verifier_matches(verifier, password_of(OWNER))
    assert not verifier_matches(verifier, Secret("another"))
    assert not verifier_matches(None, password_of(OWNER))
    await connection.close()


async def test_a_database_is_made_once(shared_database: TestDatabase) -> None:
    connection = await administrator(shared_database)
    assert await ensure_database(connection, "made_once")
    assert not await ensure_database(connection, "made_once")
    await connection.execute("DROP DATABASE made_once")
    await connection.close()


async def test_the_application_role_changes_no_schema(connection: Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await connection.execute("CREATE TABLE mine (id bigint)")


@pytest.mark.parametrize("purpose", ["readonly", "broker", "monitor", "backup"])
async def test_who_only_reads_makes_no_temporary_tables(shared_database: TestDatabase, purpose: str) -> None:
    connection = await connect(
        shared_database.endpoint(purpose), shared_database.name, application_name="test"
    )
    await connection.execute("SET TRANSACTION READ WRITE")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await connection.execute("CREATE TEMPORARY TABLE mine (id bigint)")
    await connection.close()


@pytest.mark.parametrize("purpose", ["app", "ingest"])
async def test_who_takes_in_telemetry_may_stage_it(shared_database: TestDatabase, purpose: str) -> None:
    connection = await connect(
        shared_database.endpoint(purpose), shared_database.name, application_name="test"
    )
    await connection.execute("CREATE TEMPORARY TABLE staged (id bigint)")
    await connection.close()
