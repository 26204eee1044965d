"""What roles can see and call on the migrated schema, asked of the server as each role itself."""

import re

import psycopg
import pytest
from psycopg import AsyncConnection, sql

from iotistic.database.pool import connect
from tests.support.databases import TestDatabase

# By name: whatever helps to guess or to be somebody. A new column that matches has to be closed, or be named here with the reason.
SECRET = re.compile(
    r"hash|secret|password|token|verifier|seed|proof|challenge|private|pepper(?!_version)|sealed|recovery"
)
NOT_SECRET = {
    "api_key_history.hash": "of a row of the history and the one before: proves, and opens nothing",
    "api_key_history_heads.hash": "where that chain ends",
    "partition_states.sealed_at": "when nothing more came for a day",
}


async def secret_columns(connection: AsyncConnection) -> list[tuple[str, str]]:
    cursor = await connection.execute("""
        SELECT one.oid::regclass::text, field.attname
        FROM pg_catalog.pg_class AS one
        INNER JOIN pg_catalog.pg_attribute AS field ON field.attrelid = one.oid AND field.attnum > 0 AND NOT field.attisdropped
        WHERE one.relnamespace = 'public'::regnamespace AND one.relkind IN ('r', 'p', 'v', 'm') AND NOT one.relispartition
        ORDER BY 1, 2
    """)
    return [
        (table, column)
        for table, column in await cursor.fetchall()
        if SECRET.search(column) and f"{table}.{column}" not in NOT_SECRET
    ]


async def readable(database: TestDatabase, purpose: str, columns: list[tuple[str, str]]) -> list[str]:
    """Those that a SELECT by this role gets an answer for."""
    connection = await connect(
        database.endpoint(purpose), database.name, application_name="test", autocommit=True
    )
    seen: list[str] = []
    try:
        for table, column in columns:
            try:
                await connection.execute(
                    sql.SQL("SELECT {} FROM {} LIMIT 1").format(sql.Identifier(column), sql.Identifier(table))
                )
            except psycopg.errors.InsufficientPrivilege:
                continue
            seen.append(f"{table}.{column}")
    finally:
        await connection.close()
    return seen


async def test_what_is_said_to_be_no_secret_is_there(connection: AsyncConnection) -> None:
    for name in NOT_SECRET:
        table, column = name.split(".")
        await connection.execute(
            sql.SQL("SELECT {} FROM {} LIMIT 0").format(sql.Identifier(column), sql.Identifier(table))
        )


async def test_the_columns_that_must_be_found_are_found(connection: AsyncConnection) -> None:
    found = await secret_columns(connection)
    assert {
        ("users", "password_hash"),
        ("api_keys", "secret_hash"),
        ("mqtt_users", "password_hash"),
        ("provisioning_keys", "secret_hash"),
        ("mqtt_broker_users", "password_hash"),
    } <= set(found)


@pytest.mark.parametrize("purpose", ["readonly", "monitor", "ingest"])
async def test_who_has_no_business_with_secrets_can_select_none(
    shared_database: TestDatabase, connection: AsyncConnection, purpose: str
) -> None:
    assert await readable(shared_database, purpose, await secret_columns(connection)) == []


async def test_a_broker_sees_the_password_hashes_of_its_view_and_nothing_else(
    shared_database: TestDatabase, connection: AsyncConnection
) -> None:
    seen = await readable(shared_database, "broker", await secret_columns(connection))
    assert seen == ["mqtt_broker_users.password_hash"]


async def test_functions_with_the_rights_of_their_owner_have_a_search_path_of_their_own(
    connection: AsyncConnection,
) -> None:
    """Else whoever calls one decides by their own search_path which tables it means."""
    cursor = await connection.execute("""
        SELECT one.oid::regprocedure::text FROM pg_catalog.pg_proc AS one
        WHERE one.pronamespace = 'public'::regnamespace AND one.prosecdef
          AND NOT EXISTS (SELECT FROM unnest(one.proconfig) AS setting WHERE setting LIKE 'search\\_path=%')
    """)
    assert await cursor.fetchall() == []


async def test_a_search_path_of_their_own_names_no_place_where_others_may_put_things(
    connection: AsyncConnection,
) -> None:
    """pg_temp is searched first unless it is named last: anybody may make a temporary table called `users`."""
    cursor = await connection.execute("""
        SELECT one.oid::regprocedure::text, setting FROM pg_catalog.pg_proc AS one, unnest(one.proconfig) AS setting
        WHERE one.pronamespace = 'public'::regnamespace AND one.prosecdef
          AND setting LIKE 'search\\_path=%' AND setting NOT LIKE '%pg\\_temp'
    """)
    assert await cursor.fetchall() == []


async def test_nobody_gets_to_call_or_touch_anything_for_being_anybody(connection: AsyncConnection) -> None:
    cursor = await connection.execute("""
        SELECT one.oid::regprocedure::text FROM pg_catalog.pg_proc AS one
        WHERE one.pronamespace = 'public'::regnamespace
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS tie WHERE tie.objid = one.oid AND tie.deptype = 'e')
          AND EXISTS (SELECT FROM aclexplode(coalesce(one.proacl, acldefault('f', one.proowner))) AS acl WHERE acl.grantee = 0)
        UNION ALL
        SELECT one.oid::regclass::text FROM pg_catalog.pg_class AS one
        WHERE one.relnamespace = 'public'::regnamespace
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS tie WHERE tie.objid = one.oid AND tie.deptype = 'e')
          AND EXISTS (SELECT FROM aclexplode(one.relacl) AS acl WHERE acl.grantee = 0)
    """)
    assert await cursor.fetchall() == []
