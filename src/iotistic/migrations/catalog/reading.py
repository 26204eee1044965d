"""A database's catalog, read in one snapshot."""

from dataclasses import replace
from typing import final

from psycopg import IsolationLevel

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.migrations.catalog.model import Catalog, Item, catalog_of
from iotistic.migrations.catalog.view_text import without_needless_prefixes
from iotistic.migrations.history import History, quoted
from iotistic.migrations.tenants.control import CONTROL_TABLES

__all__ = ["read_catalog"]

_QUERIES = Queries("iotistic.migrations.catalog")


async def read_catalog(
    connection: Connection, *, without: History | None = None, grants: bool = False
) -> Catalog:
    """Everything migrations can make, except operators, casts, text search, foreign servers and publications.

    Partitions are left out, and with `without` the tables of that history itself. With `grants`, also who may do what.
    The connection must be idle; it is left as it was, and nothing is written.
    """
    await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    await connection.set_read_only(True)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL search_path TO ''")
            reader = _Reader(connection)
            items = await reader.schema() + (await reader.grants() if grants else [])
    finally:
        await connection.set_isolation_level(None)
        await connection.set_read_only(None)
    hidden = _ledger_names(without) if without is not None else set[str]()
    return catalog_of(
        _normal(item) for item in items if not hidden & {item.name, item.parent, _object_of(item)}
    )


@final
class _Reader:
    """The queries of this package, run one after the other."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def schema(self) -> list[Item]:
        return [
            *await self._sql.many("extensions", Item),
            *await self._sql.many("schemas", Item),
            *await self._sql.many("types", Item),
            *await self._sql.many("sequences", Item),
            *await self._sql.many("tables", Item),
            *await self._sql.many("columns", Item),
            *await self._sql.many("constraints", Item),
            *await self._sql.many("indexes", Item),
            *await self._sql.many("views", Item),
            *await self._sql.many("functions", Item),
            *await self._sql.many("triggers", Item),
            *await self._sql.many("rules", Item),
            *await self._sql.many("policies", Item),
            *await self._sql.many("statistics", Item),
            *await self._sql.many("event_triggers", Item),
        ]

    async def grants(self) -> list[Item]:
        return await self._sql.many("grants", Item)


def _normal(item: Item) -> Item:
    if item.kind not in {"view", "materialized view"}:
        return item
    definition = without_needless_prefixes(item.facts["definition"])
    return replace(item, facts={**item.facts, "definition": definition})


def _ledger_names(history: History) -> set[str | None]:
    schema = _plain(history.schema)
    events = f"{history.table}_events"
    names: set[str | None] = {f"{schema}.{_plain(name)}" for name in (history.table, events)}
    names |= {f"public.{name}" for name in CONTROL_TABLES}  # a billing database keeps runs over its tenants
    return names | {f"{schema}.{_plain(events + '_refuse_change')}()"}


def _plain(name: str) -> str:
    # quote_ident() of a name that SQL takes as it is.
    return (
        name
        if name.replace("_", "a").isalnum() and name.islower() and not name[0].isdigit()
        else quoted(name)
    )


def _object_of(item: Item) -> str:
    """The object a grant is on."""
    if item.kind != "grant":
        return item.name
    return item.name.rpartition(" TO ")[0].partition(" ")[2]
