"""Nothing stands in the schema that nobody uses: tables, columns and indexes, held against the SQL that the platform runs.

What runs is all named queries, the SQL that modules write as text (COPY and the like), and the functions and views of the
schema itself.
"""

import ast
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from psycopg import AsyncConnection, sql

import iotistic
from iotistic.database.pool import connect
from tests.support.databases import Databases
from tests.support.query_plans import NamedQuery, Plans, named_queries

SOURCE = Path(iotistic.__file__).parent
ENGINE = ("schema_migrations", "schema_migrations_events")  # the layout that other tools read
TABLES = """
  SELECT c.oid, c.relname::text AS name FROM pg_class AS c
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> ALL (%(engine)s)
"""

# Columns that only people read, in psql or through device_overview and the like; each with the reason to keep it.
READ_BY_PEOPLE: dict[str, str] = {
    "api_key_history.occurred_at": "the history of a key is read in psql, in this order",
    "api_key_history_heads.only_row": "keeps the table at one row",
    "api_keys.created_at": "how old a key is, for reports about keys that should be replaced",
    "metric_sets.created_at": "when a fleet began to report something new",
    "enrolments.claimed_at": "when a device came, for whoever asks how a claim key was used",
    "permissions.description": "what a permission allows, for whoever reads the schema",
    "permissions.name": "what role_permissions.permission refers to",
    "roles.description": "what a role is for, for whoever chooses one",
    "users.created_at": "how old an account is",
}

# Indexes that serve SQL which is no named query: the SQL, as the module or function named beside it writes it.
SERVES: dict[str, str] = {
    # pack_search_pages_v1
    "search_page_devices_device_uuid_idx": "SELECT page_id FROM search_page_devices WHERE device_uuid = ANY('{}'::uuid[])",
}

# Indexes that a plan over empty tables does not show, each with what it is for.
FOR_LARGE_TABLES: dict[str, str] = {
    # sum_quarters and sum_hours over a fleet ask by time alone. Up to PostgreSQL 17 the key, which begins with the device, would
    # be read whole: a week or a month of all devices for one day.
    "device_metric_quarters_bucket_idx": "a day of a fleet out of a leaf that holds a week",
    "device_metric_hours_bucket_idx": "a day of a fleet out of a leaf that holds a month",
}


@pytest_asyncio.fixture
async def schema(databases: Databases) -> AsyncIterator[AsyncConnection]:
    """The owner's connection to a database of the test's own, in a transaction that is rolled back."""
    async with databases.platform() as database:
        connection = await connect(database.endpoint("owner"), database.name, application_name="test")
        yield connection
        await connection.rollback()
        await connection.close()


async def rows(connection: AsyncConnection, query: str) -> list[tuple[str, ...]]:
    cursor = await connection.execute(query, {"engine": list(ENGINE)})  # type: ignore[arg-type]
    return await cursor.fetchall()


def literals(path: Path) -> list[str]:
    """The texts in a module that are no docstrings."""
    tree = ast.parse(path.read_text())
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented
    ]


def statements_of_the_program() -> list[str]:
    """Named queries, and texts of modules that look like SQL."""
    texts = [query.text for query in named_queries()]
    looks_like_sql = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|COPY)\b")
    for path in SOURCE.rglob("*.py"):
        texts += [text for text in literals(path) if looks_like_sql.search(text)]
    return texts


async def statements_of_the_schema(connection: AsyncConnection) -> list[str]:
    """Bodies of our functions and views."""
    found = await rows(
        connection,
        """
        SELECT prosrc FROM pg_proc AS p WHERE pronamespace = 'public'::regnamespace
          AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
        UNION ALL
        SELECT pg_get_viewdef(c.oid) FROM pg_class AS c WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'
          AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')
        UNION ALL
        SELECT pg_get_triggerdef(t.oid) FROM pg_trigger AS t WHERE NOT tgisinternal
        """,
    )
    return [text for (text,) in found]


async def test_every_table_is_used_by_some_statement(schema: AsyncConnection) -> None:
    texts = [*statements_of_the_program(), *await statements_of_the_schema(schema)]
    everything = "\n".join(texts)
    unused = [name for _, name in await rows(schema, TABLES) if not re.search(rf"\b{name}\b", everything)]
    assert not unused, (
        "no named query, SQL text of a module, function or view reads or writes these tables;"
        f" write the code that does, or leave them out until there is some: {unused}"
    )


async def test_every_column_is_used_by_some_statement(schema: AsyncConnection) -> None:
    texts = [*statements_of_the_program(), *await statements_of_the_schema(schema)]
    columns = await rows(
        schema,
        f"WITH t AS ({TABLES}) SELECT t.name, a.attname::text FROM t"
        " JOIN pg_attribute AS a ON a.attrelid = t.oid WHERE a.attnum > 0 AND NOT a.attisdropped"
        " AND a.attidentity = ''",
    )
    about: dict[str, str] = {}
    for table in {table for table, _ in columns}:
        about[table] = "\n".join(text for text in texts if re.search(rf"\b{table}\b", text))
    unused = sorted(
        f"{table}.{column}"
        for table, column in columns
        if not re.search(rf"\b{column}\b", about[table]) and f"{table}.{column}" not in READ_BY_PEOPLE
    )
    assert not unused, (
        "no statement that names the table names these columns; use them in a query, drop them from the CREATE TABLE,"
        f" or say in READ_BY_PEOPLE what people do with them: {unused}"
    )


CANDIDATES = f"""
  WITH t AS ({TABLES})
  SELECT t.name, i.relname::text
  FROM t
  JOIN pg_index AS x ON x.indrelid = t.oid
  JOIN pg_class AS i ON i.oid = x.indexrelid
  WHERE NOT x.indisunique
    -- What a foreign key needs to delete in the table it refers to: its columns first, in any order.
    AND NOT EXISTS (
      SELECT FROM pg_constraint AS c
      WHERE c.contype = 'f' AND c.conrelid = t.oid AND (x.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey
        AND cardinality(c.conkey) = x.indnkeyatts
    )
  ORDER BY t.name, i.relname
"""


async def test_every_index_serves_a_query(schema: AsyncConnection) -> None:
    """An index that holds no rule and no foreign key must be chosen by some query of ours, with sequential scans and sorting
    dear and the other such indexes of its table away: then it can serve. Whether it is the best is for benchmarks to say."""
    candidates = [pair for pair in await rows(schema, CANDIDATES) if pair[1] not in FOR_LARGE_TABLES]
    await give_every_parent_a_leaf(schema)
    plans = Plans(schema)
    await plans.prepare()
    queries = named_queries()
    idle: list[str] = []
    for table, index in candidates:
        others = [other for about, other in candidates if about == table and other != index]
        if not await serves(schema, plans, queries_about(queries, table, index), index, without=others):
            idle.append(index)
    assert not idle, (
        "no named query uses these indexes; drop them from their migration, or write the query. One that serves SQL of a"
        f" function or module goes into SERVES with that SQL, one that only a large table needs into FOR_LARGE_TABLES: {idle}"
    )


def queries_about(queries: list[NamedQuery], table: str, index: str) -> list[NamedQuery]:
    if index in SERVES:
        return [NamedQuery(package="SERVES", name=index, text=SERVES[index])]
    # Views hide tables, so what names the table comes first and everything else after it.
    return sorted(queries, key=lambda query: re.search(rf"\b{table}\b", query.text) is None)


async def serves(
    connection: AsyncConnection, plans: Plans, queries: list[NamedQuery], index: str, *, without: list[str]
) -> bool:
    async with connection.transaction(force_rollback=True):
        for other in without:
            await connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(other)))
        cursor = await connection.execute("SELECT relid::text FROM pg_partition_tree(%s::regclass)", (index,))
        names = {index} | {name for (name,) in await cursor.fetchall()}
        for query in queries:
            if names & await plans.indexes_of(query):
                return True
    return False


async def give_every_parent_a_leaf(connection: AsyncConnection) -> None:
    """A partitioned table without partitions is planned as nothing at all."""
    by_time = "SELECT partrelid::regclass::text FROM pg_partitioned_table AS p WHERE partstrat = 'r'"
    by_time += " AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = p.partrelid)"
    for (parent,) in await rows(connection, by_time):
        await connection.execute(
            sql.SQL(
                "CREATE TABLE {} PARTITION OF {} FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"
            ).format(sql.Identifier(f"{parent}_leaf"), sql.Identifier(parent))
        )


async def test_no_index_is_the_beginning_of_another(schema: AsyncConnection) -> None:
    """Of two such indexes the longer one serves for both, at half the cost of a write."""
    doubled = await rows(
        schema,
        f"""
        WITH t AS ({TABLES}), x AS (
          SELECT x.*, i.relname::text AS name, i.relam, pg_get_expr(x.indpred, x.indrelid) AS condition
          FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid JOIN t ON t.oid = x.indrelid
        )
        SELECT short.name, long.name
        FROM x AS short
        JOIN x AS long ON long.indrelid = short.indrelid AND long.indexrelid <> short.indexrelid AND long.relam = short.relam
        WHERE NOT short.indisunique AND short.indexprs IS NULL AND long.indexprs IS NULL
          AND (long.indkey::int2[])[0:short.indnkeyatts - 1] = (short.indkey::int2[])[0:short.indnkeyatts - 1]
          AND (long.indclass::oid[])[0:short.indnkeyatts - 1] = (short.indclass::oid[])[0:short.indnkeyatts - 1]
          AND (long.condition IS NULL OR long.condition = short.condition)
          AND (long.indnkeyatts > short.indnkeyatts OR long.indisunique OR long.name > short.name)
        """,
    )
    assert not doubled, f"the second index of each pair serves what the first does; drop the first: {doubled}"
