"""What every table of ours keeps to, read from the catalog of the migrated platform database."""

import re

import pytest
from psycopg import AsyncConnection

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
    assert not silent, f"COMMENT ON each of these, saying what one row is or what a call answers: {silent}"


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
    assert not odd, f"name each <table>_<columns>_<pkey|key|fkey|check|idx>: {odd}"


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
    assert not bare, (
        "deleting a row that these refer to would scan the whole table; CREATE INDEX on the referring columns, or put them"
        f" first in the primary key: {bare}"
    )


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
    assert not narrow, f"use timestamptz, text with a CHECK of its length, jsonb, bigint: {narrow}"


# What says its unit by itself, and what is only an identity or a pointer to one.
PLAIN = re.compile(r"^(id|bytes_.*|.*_(id|uuid|at|bytes|seconds|percent|hours|minutes|days|count|version))$")


async def test_a_column_whose_unit_or_shape_is_not_its_name_says_it(
    owner_connection: AsyncConnection,
) -> None:
    silent = [
        f"{table}.{column} ({kind})"
        for table, column, kind in await rows(
            owner_connection,
            f"""
            WITH t AS ({TABLES})
            SELECT t.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod)
            FROM t JOIN pg_attribute AS a ON a.attrelid = t.oid
            WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''
              AND format_type(a.atttypid, a.atttypmod) ~ '^(bigint|integer|smallint|numeric|double|real|interval|bytea|jsonb|.*range)|\\[\\]$'
              AND col_description(t.oid, a.attnum) IS NULL
            """,
        )
        if not PLAIN.match(str(column))
    ]
    assert not silent, (
        f"COMMENT ON each of these columns: its unit, what it counts, or the shape of the document: {silent}"
    )


VOCABULARY = re.compile(
    r"^(.*_)?(kind|status|state|level|role|type|category|severity|tier|action|outcome|direction|protocol|half|stream|mode|method)$"
)

# Triggers write these from columns that have the CHECK.
COPIES = {"device_search.kind"}


async def test_every_vocabulary_is_closed(owner_connection: AsyncConnection) -> None:
    """A word that code decides by is one of a list, or refers to a table that is the list."""
    open_ones = [
        f"{table}.{column}"
        for table, column in await rows(
            owner_connection,
            f"""
            WITH t AS ({TABLES})
            SELECT t.relname::text, a.attname::text
            FROM t JOIN pg_attribute AS a ON a.attrelid = t.oid
            WHERE a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'text'::regtype
              AND NOT EXISTS (
                SELECT FROM pg_constraint AS c
                WHERE c.conrelid = t.oid AND c.contype IN ('c', 'f') AND a.attnum = ANY (c.conkey)
              )
            """,
        )
        if VOCABULARY.match(str(column)) and f"{table}.{column}" not in COPIES
    ]
    assert not open_ones, (
        f"add CONSTRAINT <table>_<column>_check CHECK (<column> IN (...)), or a foreign key to the words: {open_ones}"
    )


async def test_telemetry_refers_to_nothing(owner_connection: AsyncConnection) -> None:
    """A foreign key makes COPY three times dearer and locks the device's row for every report."""
    references = await rows(
        owner_connection,
        "SELECT conname::text FROM pg_constraint WHERE contype = 'f' AND conrelid IN ('device_metrics'::regclass, 'device_logs'::regclass)",
    )
    assert not references, f"drop these foreign keys; name the device by its uuid: {references}"


async def test_no_table_has_a_default_partition(owner_connection: AsyncConnection) -> None:
    found = await rows(
        owner_connection, "SELECT partrelid::regclass::text FROM pg_partitioned_table WHERE partdefid <> 0"
    )
    assert not found, (
        f"a default partition forbids concurrent detach and traps late rows; leave it out, rows go to quarantine: {found}"
    )


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
