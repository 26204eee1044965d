"""The page about the data model, made from the catalog of the migrated platform database: a diagram for each domain.

python -m tests.support.data_model > docs/reference/data-model.md
"""

import asyncio
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from psycopg import AsyncConnection

from iotistic.database.pool import connect
from tests.support.databases import Databases
from tests.support.server import start_test_server, stop_test_server

__all__ = ["page", "read_tables"]

# A table belongs to the first domain whose pattern its name fits.
DOMAINS = {
    "Registry": r"devices|connection_.*|fleets|device_(tags|contacts|host_facts|search|groups.*|sensors.*)|tag_definitions|network_interfaces.*|gateway.*|.*traffic.*",
    "Shadow": r"device_shadows|device_state_history",
    "Telemetry": r"device_(metric.*|logs|clocks)|metric_.*|ingest_.*|receipt_.*|partition_.*|log_alert.*|.*rollup.*",
    "Jobs and applications": r"job.*|device_job.*|agent_updates|applications|application_.*|releases|images|image_.*",
    "Events and audit": r"event.*|audit.*|dashboard.*",
    "Security": r"users|api_key.*|provisioning_.*|enrolment.*|.*permits.*|.*login.*|.*sessions",
    "Settings and operations": r"system_config.*|idempotency_keys|housekeep.*|operation.*|backup.*",
    "MQTT": r"mqtt_.*",
    "VPN": r"vpn_.*",
    "Digital twin": r"digital_twin_.*",
    "Other": r".*",
}

COLUMNS = """
SELECT
  c.relname::text AS "table",
  a.attname::text AS name,
  replace(format_type(a.atttypid, a.atttypmod), 'timestamp with time zone', 'timestamptz') AS type,
  coalesce(col_description(c.oid, a.attnum), '') AS comment,
  EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype = 'p' AND a.attnum = ANY (k.conkey)) AS is_key,
  EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype = 'f' AND a.attnum = ANY (k.conkey)) AS is_reference
FROM pg_class AS c
INNER JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname NOT LIKE 'schema\\_migrations%'
ORDER BY c.relname, a.attnum
"""
NAMES = """
SELECT c.relname::text, coalesce(obj_description(c.oid, 'pg_class'), ''), c.relkind = 'p'
FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname NOT LIKE 'schema\\_migrations%'
"""
REFERENCES = """
SELECT DISTINCT k.conrelid::regclass::text, k.confrelid::regclass::text, k.conname::text
FROM pg_constraint AS k
WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND k.conparentid = 0
ORDER BY 1, 2, 3
"""
VIEWS = """
SELECT c.relname::text, coalesce(obj_description(c.oid, 'pg_class'), '')
FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v'
  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')
ORDER BY c.relname
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column."""

    name: str
    type: str
    comment: str
    is_key: bool
    is_reference: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """One table, with what it refers to."""

    name: str
    comment: str
    is_partitioned: bool
    columns: tuple[Column, ...]
    references: tuple[str, ...]

    @property
    def domain(self) -> str:
        return next(domain for domain, pattern in DOMAINS.items() if re.fullmatch(pattern, self.name))


async def read_tables(connection: AsyncConnection) -> tuple[list[Table], list[tuple[str, str]]]:
    """Every table of ours, and every view with its comment."""
    columns: dict[str, list[Column]] = {}
    for table, name, kind, comment, is_key, is_reference in await (
        await connection.execute(COLUMNS)
    ).fetchall():
        columns.setdefault(table, []).append(
            Column(name=name, type=kind, comment=comment, is_key=is_key, is_reference=is_reference)
        )
    references: dict[str, list[str]] = {}
    for table, target, _ in await (await connection.execute(REFERENCES)).fetchall():
        references.setdefault(table, []).append(target)
    tables = [
        Table(
            name=name,
            comment=comment,
            is_partitioned=is_partitioned,
            columns=tuple(columns[name]),
            references=tuple(dict.fromkeys(references.get(name, []))),
        )
        for name, comment, is_partitioned in await (await connection.execute(NAMES)).fetchall()
    ]
    return sorted(tables, key=lambda table: table.name), await (await connection.execute(VIEWS)).fetchall()


def page(tables: Sequence[Table], views: Sequence[tuple[str, str]]) -> str:
    """The whole page as Markdown."""
    parts = [
        "# Data model",
        "",
        "Made by `make docs` from the catalog of a migrated platform database; a test holds this page to it. Lines lead from the table",
        "that refers to the one it refers to; telemetry refers to nothing by foreign key, which would make COPY three times dearer.",
        "",
    ]
    for domain in DOMAINS:
        own = [table for table in tables if table.domain == domain]
        if own:
            parts += [f"## {domain}", "", *_diagram(own), "", *_tables(own)]
    parts += ["## Views", "", "| view | is |", "|---|---|"]
    parts += [f"| `{name}` | {_cell(comment)} |" for name, comment in views]
    return "\n".join(parts) + "\n"


def _diagram(tables: Sequence[Table]) -> Iterable[str]:
    yield "```mermaid"
    yield "erDiagram"
    for table in tables:
        yield f"  {table.name} {{"
        for column in table.columns:
            marks = ", ".join(
                mark for mark, holds in (("PK", column.is_key), ("FK", column.is_reference)) if holds
            )
            kind = re.sub(r"\W+", "_", column.type.replace("[]", "_array")).strip("_")
            yield f"    {kind} {column.name} {marks}".rstrip()
        yield "  }"
    for table in tables:
        for target in table.references:
            yield f'  {table.name} }}o--|| {target} : ""'
    yield "```"


def _tables(tables: Sequence[Table]) -> Iterable[str]:
    for table in tables:
        partitioned = (
            " Partitioned by time." if table.is_partitioned and "artitioned" not in table.comment else ""
        )
        yield f"**`{table.name}`**: {table.comment}{partitioned}"
        yield ""
        told = [column for column in table.columns if column.comment]
        if told:
            yield "| column | means |"
            yield "|---|---|"
            yield from (f"| `{column.name}` | {_cell(column.comment)} |" for column in told)
            yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


async def _print() -> None:
    server = await start_test_server()
    try:
        databases = await Databases.prepare(server)
        async with databases.platform() as database:
            connection = await connect(database.endpoint("owner"), database.name, application_name="docs")
            sys.stdout.write(page(*await read_tables(connection)))
            await connection.close()
    finally:
        await stop_test_server(server)


if __name__ == "__main__":
    asyncio.run(_print())
