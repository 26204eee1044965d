"""What every table of ours keeps to, read from the catalog of the migrated platform database."""

import re
from pathlib import Path

import pytest
from psycopg import AsyncConnection

import iotistic

SOURCE = Path(iotistic.__file__).parent
# The engine's own tables follow the layout that other tools read.
ENGINE = "schema_migrations%"


async def rows(connection: AsyncConnection, query: str) -> list[tuple[object, ...]]:
    cursor = await connection.execute(query, {"engine": ENGINE})  # type: ignore[arg-type]
    return await cursor.fetchall()


TABLES = """
  SELECT c.oid, c.relname FROM pg_class AS c
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname NOT LIKE %(engine)s
"""


async def test_every_table_view_and_function_says_what_it_is(owner_connection: AsyncConnection) -> None:
    silent = await rows(
        owner_connection,
        """
        SELECT relname::text FROM pg_class AS c
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND NOT relispartition
          AND relname NOT LIKE %(engine)s AND obj_description(c.oid, 'pg_class') IS NULL
          AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')
        UNION ALL
        SELECT proname::text FROM pg_proc AS p
        WHERE pronamespace = 'public'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL AND proname NOT LIKE %(engine)s
          AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
        """,
    )
    assert silent == []


async def test_every_constraint_and_index_is_named_by_the_rule(owner_connection: AsyncConnection) -> None:
    found = await rows(
        owner_connection,
        f"""
        WITH t AS ({TABLES})
        SELECT t.relname::text, c.conname::text FROM t JOIN pg_constraint AS c ON c.conrelid = t.oid WHERE c.contype <> 'n'
        UNION
        SELECT t.relname::text, i.relname::text FROM t JOIN pg_index AS x ON x.indrelid = t.oid JOIN pg_class AS i ON i.oid = x.indexrelid
        """,
    )
    odd = [
        name
        for table, name in found
        if not re.fullmatch(rf"{table}_(\w+_)?(pkey|key|fkey|check|idx)", str(name))
    ]
    assert odd == []


async def test_every_foreign_key_has_an_index(owner_connection: AsyncConnection) -> None:
    bare = await rows(
        owner_connection,
        """
        SELECT c.conname::text FROM pg_constraint AS c
        WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
          AND NOT EXISTS (
            SELECT FROM pg_index AS i
            WHERE i.indrelid = c.conrelid AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey
          )
        """,
    )
    assert bare == []


async def test_time_is_always_with_zone_and_text_never_bounded_by_type(
    owner_connection: AsyncConnection,
) -> None:
    narrow = await rows(
        owner_connection,
        f"""
        WITH t AS ({TABLES})
        SELECT t.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod)
        FROM t JOIN pg_attribute AS a ON a.attrelid = t.oid
        WHERE a.attnum > 0 AND NOT a.attisdropped
          AND format_type(a.atttypid, a.atttypmod) ~ '^(timestamp without|time|character|char|json$|money|serial)'
          AND format_type(a.atttypid, a.atttypmod) !~ 'with time zone'
        """,
    )
    assert narrow == []


async def test_telemetry_refers_to_nothing(owner_connection: AsyncConnection) -> None:
    """A foreign key makes COPY three times dearer and locks the device's row for every report."""
    references = await rows(
        owner_connection,
        "SELECT conname::text FROM pg_constraint WHERE contype = 'f' AND conrelid IN ('device_metrics'::regclass, 'device_logs'::regclass)",
    )
    assert references == []


async def test_no_table_has_a_default_partition(owner_connection: AsyncConnection) -> None:
    found = await rows(
        owner_connection, "SELECT partrelid::regclass::text FROM pg_partitioned_table WHERE partdefid <> 0"
    )
    assert found == []


async def test_every_table_is_used_by_some_query(owner_connection: AsyncConnection) -> None:
    text = "\n".join(path.read_text() for path in SOURCE.rglob("*.py")) + "\n".join(
        path.read_text() for path in SOURCE.rglob("queries*.sql")
    )
    tables = [str(name) for _, name in await rows(owner_connection, TABLES)]
    assert [name for name in tables if not re.search(rf"\b{name}\b", text)] == []


@pytest.mark.parametrize(
    "table",
    [
        "devices",
        "device_tags",
        "device_metrics",
        "device_logs",
        "network_interfaces",
        "users",
        "api_keys",
        "api_key_history",
        "system_config",
    ],
)
async def test_the_handbooks_tables_are_there(owner_connection: AsyncConnection, table: str) -> None:
    assert await rows(owner_connection, f"SELECT to_regclass('public.{table}') IS NOT NULL") == [(True,)]
