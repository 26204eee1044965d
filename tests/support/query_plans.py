"""How PostgreSQL would run our named queries, and so which index serves one: judged by plans, not by likeness of names."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg import AsyncConnection, Error, sql

import iotistic
from iotistic.database.queries import Queries

__all__ = ["PACKAGES", "NamedQuery", "Plans", "named_queries", "positional"]

SOURCE = Path(iotistic.__file__).parent
PACKAGES = sorted(
    f"iotistic.{path.parent.relative_to(SOURCE).as_posix().replace('/', '.')}"
    for path in SOURCE.rglob("queries.sql")
)

# A value of each type that our parameters have. What a planner does not know it estimates, so the values matter little; a
# pattern needs three letters to be looked up by trigrams.
_SAMPLES = {
    "bigint": "1",
    "boolean": "true",
    "bytea": r"'\x00'",
    "double precision": "1",
    "inet": "'192.0.2.1'",
    "integer": "1",
    "interval": "'1 hour'",
    "jsonb": """'{"site": "x"}'""",
    "jsonpath": """'$.site == "x"'""",
    "name": "'pump'",
    "numeric": "1",
    "text": "'%pump%'",
    "timestamp with time zone": "'2026-06-15 12:00Z'",
    "cidr": "'192.0.2.0/24'",
    "uuid": "'00000000-0000-4000-8000-000000000001'",
}


_PLANNED = re.compile(r"^(SELECT|INSERT|UPDATE|DELETE|MERGE|WITH)\b", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedQuery:
    """One query of one package."""

    package: str
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.package}:{self.name}"


def named_queries() -> list[NamedQuery]:
    """Every named query of the platform's packages."""
    return [
        NamedQuery(package=package, name=name, text=text)
        for package in PACKAGES
        for name, text in Queries(package).items()
    ]


def positional(text: str) -> str:
    """psycopg's named placeholders as the server's numbered ones."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        if match["name"] not in names:
            names.append(match["name"])
        return f"${names.index(match['name']) + 1}"

    return re.sub(r"%%|%\((?P<name>\w+)\)[sbt]", number, text)


class Plans:
    """Plans of queries on one connection, in a transaction that is rolled back: sequential scans are out of favour."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def prepare(self) -> None:
        """Makes the planner choose an index wherever one fits."""
        for setting in ("enable_seqscan", "enable_sort"):
            await self._connection.execute(sql.SQL("SET LOCAL {} = off").format(sql.Identifier(setting)))
        await self._connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")

    async def indexes_of(self, query: NamedQuery) -> set[str]:
        """The indexes that serve the query for some choice of its parameters."""
        if not _PLANNED.search(query.text):
            return set()  # LOCK, NOTIFY: nothing is planned
        statement = sql.SQL("PREPARE contract AS " + positional(query.text))  # type: ignore[arg-type]
        found: set[str] = set()
        async with self._connection.transaction(force_rollback=True):
            await self._connection.execute(statement)
            try:
                for arguments in _choices(await self._types()):
                    found |= await self._explain(query, arguments)
            finally:
                await self._connection.execute("DEALLOCATE contract")
        return found

    async def _types(self) -> list[str]:
        cursor = await self._connection.execute(
            "SELECT array(SELECT format_type(parameter, NULL) FROM unnest(parameter_types) AS parameter)"
            " FROM pg_prepared_statements WHERE name = 'contract'"
        )
        row = await cursor.fetchone()
        assert row is not None
        types: list[str] = row[0]
        return types

    async def _explain(self, query: NamedQuery, arguments: list[str]) -> set[str]:
        call = f"contract({', '.join(arguments)})" if arguments else "contract"
        try:
            async with self._connection.transaction():
                cursor = await self._connection.execute(f"EXPLAIN (FORMAT JSON) EXECUTE {call}")  # type: ignore[arg-type]
                row = await cursor.fetchone()
        except Error:
            return set()  # these values do not go together, as NULL where a constant is folded
        assert row is not None
        document = row[0] if not isinstance(row[0], str) else json.loads(row[0])
        nodes = list(_nodes(document[0]["Plan"]))
        ordered = "ORDER BY" in query.text and not any("Sort" in node["Node Type"] for node in nodes)
        return {
            node["Index Name"]
            for node in nodes
            if "Index Name" in node and (ordered or "Index Cond" in node or "Order By" in node)
        }


def _nodes(plan: Mapping[str, object]) -> Iterator[dict[str, str]]:
    yield plan  # type: ignore[misc]
    children: Iterable[Mapping[str, object]] = plan.get("Plans", ())  # type: ignore[assignment]
    for child in children:
        yield from _nodes(child)


def _choices(types: list[str]) -> Iterator[list[str]]:
    """All given, none given, and each alone: a filter that is left out must not hide the index of another."""
    values = [_sample(name, position) for position, name in enumerate(types)]
    yield [
        _sample(name, -position) for position, name in enumerate(types)
    ]  # where the end comes before the start
    nothing = [f"NULL::{name}" for name in types]
    yield values
    yield nothing
    for position, value in enumerate(values):
        yield [*nothing[:position], value, *nothing[position + 1 :]]
        yield [*values[:position], nothing[position], *values[position + 1 :]]


def _sample(type_name: str, position: int) -> str:
    if type_name == "timestamp with time zone":  # times that rise, so that no range is empty
        return f"'2026-06-15 12:00Z'::timestamptz + interval '{position} days'"
    if type_name.endswith("[]"):
        element = type_name.removesuffix("[]")
        return f"ARRAY[{_SAMPLES[element]}]::{type_name}"
    return f"{_SAMPLES[type_name]}::{type_name}"
