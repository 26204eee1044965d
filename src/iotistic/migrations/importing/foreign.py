"""The histories of other tools: where each keeps what it applied, and what a row of it means."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from iotistic.errors import Conflict, NotFound
from iotistic.migrations.answers import Row
from iotistic.migrations.history import quoted
from iotistic.migrations.session import Command, Session

__all__ = [
    "ForeignHistory",
    "ForeignRecord",
    "ForeignRefused",
    "ForeignTable",
    "Tool",
    "find_tables",
    "read_foreign",
]


class Tool(StrEnum):
    """A migration tool whose history can be taken over."""

    UPSTREAM = "upstream"
    """The original platform's own runner."""
    KNEX = "knex"
    DBMATE = "dbmate"
    FLYWAY = "flyway"
    ALEMBIC = "alembic"
    GOLANG_MIGRATE = "golang-migrate"


class ForeignMissing(NotFound):
    """There is no table of that tool."""

    code = "migration_foreign_missing"


class ForeignRefused(Conflict):
    """The other tool's history is not in a state to be taken over."""

    code = "migration_foreign_refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignTable:
    """A table in which a tool keeps its history."""

    tool: Tool
    schema: str
    table: str

    @property
    def quoted(self) -> str:
        """Its name for SQL."""
        return f"{quoted(self.schema)}.{quoted(self.table)}"

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignRecord:
    """One applied migration, as the tool recorded it."""

    name: str
    """What the tool calls it."""
    number: int | None = None
    """Its version, where that is a whole number."""
    slug: str | None = None
    """What it says it does, in lower case with underscores; None: not recorded."""
    applied_at: str | None = None
    """When, as PostgreSQL writes it in a session in UTC."""
    applied_by: str | None = None
    """By which role."""
    took_ms: int | None = None
    """How long it took, in milliseconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignHistory:
    """What a tool says it has applied."""

    table: ForeignTable
    records: tuple[ForeignRecord, ...]
    """In the order they were applied."""
    head_only: bool = False
    """Whether the last record stands for all before it: the tool keeps no others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Layout:
    """How one tool's table is told and read."""

    table: str
    """Its usual name."""
    columns: frozenset[str]
    """Columns by which it is known."""
    query: str
    """Text columns for `record`, from {table}, oldest first."""
    record: Callable[[Row], ForeignRecord | None]
    """A row read; None: not an applied migration. Raises ForeignRefused."""
    without: frozenset[str] = frozenset()
    """Columns that it does not have."""
    head_only: bool = False


def slug_of(text: str) -> str:
    """A name without number, ending and punctuation: V1__Add users.sql and 001_add_users.js both are add_users."""
    stem = text
    for ending in (".sql", ".up", ".js", ".cjs", ".mjs", ".ts", ".py"):
        stem = stem.removesuffix(ending)
    words = "".join(letter.lower() if letter.isalnum() else " " for letter in stem).split()
    while words and (words[0].isdigit() or (words[0][0] in "vr" and words[0][1:].isdigit())):
        words = words[1:]
    return "_".join(words)


def _leading_number(text: str) -> int | None:
    digits = ""
    for letter in text:
        if not letter.isdigit():
            break
        digits += letter
    return int(digits) if digits else None


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _upstream(row: Row) -> ForeignRecord:
    filename, number, at, took = row
    return ForeignRecord(
        name=filename or "",
        number=_whole(number),
        slug=slug_of(filename or ""),
        applied_at=at,
        took_ms=_whole(took),
    )


def _knex(row: Row) -> ForeignRecord:
    name, at = row
    return ForeignRecord(
        name=name or "", number=_leading_number(name or ""), slug=slug_of(name or ""), applied_at=at
    )


def _dbmate(row: Row) -> ForeignRecord:
    return ForeignRecord(name=row[0] or "", number=_whole(row[0]))


def _flyway(row: Row) -> ForeignRecord | None:
    version, script, description, kind, at, by, took, success = row
    if kind == "SCHEMA" or version is None:
        return None  # a repeatable one runs again here, which it is made for
    name = script or version or ""
    if success == "f":
        raise ForeignRefused(
            f"Flyway recorded {name} as failed.",
            hint="Decide what of it stands, then `flyway repair`, and import after that.",
        )
    return ForeignRecord(
        name=name,
        number=_whole((version or "").removesuffix(".0")),
        slug=slug_of((description or "").replace("<< Flyway Baseline >>", "")) or None,
        applied_at=at,
        applied_by=by,
        took_ms=_whole(took),
    )


def _alembic(row: Row) -> ForeignRecord:
    return ForeignRecord(name=row[0] or "")


def _golang_migrate(row: Row) -> ForeignRecord:
    version, dirty = row
    if dirty == "t":
        raise ForeignRefused(
            f"golang-migrate left version {version} dirty: nobody knows how much of it was applied.",
            hint="Look at the schema, bring it to a version by hand, `migrate force VERSION`, and import after that.",
        )
    return ForeignRecord(name=version or "", number=_whole(version))


_LAYOUTS: Final = {
    Tool.UPSTREAM: _Layout(
        table="schema_migrations",
        columns=frozenset({"migration_number", "filename"}),
        without=frozenset({"normalised_checksum"}),  # that would be our own
        query="SELECT filename, migration_number, applied_at::text, execution_time_ms FROM {table} ORDER BY migration_number",
        record=_upstream,
    ),
    Tool.KNEX: _Layout(
        table="knex_migrations",
        columns=frozenset({"id", "name", "batch", "migration_time"}),
        query="SELECT name, migration_time::text FROM {table} ORDER BY id",
        record=_knex,
    ),
    Tool.DBMATE: _Layout(
        table="schema_migrations",
        columns=frozenset({"version"}),
        without=frozenset({"dirty", "migration_number"}),
        query="SELECT version FROM {table} ORDER BY version",
        record=_dbmate,
    ),
    Tool.FLYWAY: _Layout(
        table="flyway_schema_history",
        columns=frozenset({"installed_rank", "version", "script", "success"}),
        query="SELECT version, script, description, type, installed_on::text, installed_by, execution_time, success"
        " FROM {table} AS f WHERE type NOT LIKE 'UNDO%' AND type <> 'DELETE' AND NOT EXISTS (SELECT FROM {table} AS u"
        " WHERE u.version = f.version AND u.installed_rank > f.installed_rank AND (u.type LIKE 'UNDO%' OR u.type = 'DELETE'))"
        " ORDER BY installed_rank",
        record=_flyway,
    ),
    Tool.ALEMBIC: _Layout(
        table="alembic_version",
        columns=frozenset({"version_num"}),
        query="SELECT version_num FROM {table} ORDER BY version_num",
        record=_alembic,
        head_only=True,
    ),
    Tool.GOLANG_MIGRATE: _Layout(
        table="schema_migrations",
        columns=frozenset({"version", "dirty"}),
        query="SELECT version, dirty FROM {table}",
        record=_golang_migrate,
        head_only=True,
    ),
}

_CANDIDATES = """
SELECT n.nspname, c.relname, string_agg(a.attname, ',')
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
GROUP BY n.nspname, c.relname ORDER BY n.nspname, c.relname
"""


async def find_tables(
    session: Session, *, tool: Tool | None = None, table: str | None = None, schema: str | None = None
) -> tuple[ForeignTable, ...]:
    """The tables of this database in which `tool` (None: any of them) keeps a history.

    A table is taken for one by its columns, and by its usual name unless `table` says another.
    """
    found: list[ForeignTable] = []
    for row in await session.rows(Command(_CANDIDATES)):
        where, name, columns = (part or "" for part in row)
        for candidate, layout in _LAYOUTS.items():
            named = name == (table or layout.table) and schema in {None, where}
            if tool in {None, candidate} and named and _has(layout, frozenset(columns.split(","))):
                found.append(ForeignTable(tool=candidate, schema=where, table=name))
    return tuple(found)


def _has(layout: _Layout, columns: frozenset[str]) -> bool:
    return layout.columns <= columns and not layout.without & columns


async def read_foreign(session: Session, tables: Sequence[ForeignTable]) -> ForeignHistory:
    """What the one table of `tables` says is applied.

    Raises ForeignMissing when there is none, ForeignRefused when there are several, or when the tool left a migration
    half applied.
    """
    if not tables:
        known = ", ".join(f"{tool} ({layout.table})" for tool, layout in _LAYOUTS.items())
        raise ForeignMissing(
            "No history of another tool was found here.",
            hint=f"Looked for {known}. Name another table with --source-table, or check the database in --url.",
        )
    if len(tables) > 1:
        listed = ", ".join(f"{table} ({table.tool})" for table in tables)
        raise ForeignRefused(
            f"There are several histories: {listed}.",
            hint="Name the one to take over with --from or --source-table.",
        )
    layout = _LAYOUTS[tables[0].tool]
    rows = await session.rows(Command(layout.query.format(table=tables[0].quoted)))
    records = [layout.record(row) for row in rows]
    return ForeignHistory(
        table=tables[0],
        records=tuple(record for record in records if record is not None),
        head_only=layout.head_only,
    )
