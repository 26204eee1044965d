"""The catalog of a server, in the words of backups. Reads only, but for ending sessions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.operations.backups.model import Grant, SessionSetting

__all__ = ["Aside", "CatalogRepository", "DatabaseFacts", "TableFacts", "Unanalyzed"]

_QUERIES = Queries("iotistic.operations.backups")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """A table that holds rows itself."""

    schema: str
    name: str
    bytes: int
    """On disk, without indexes; 0: it has no page, so no row either."""
    parents: list[str]
    """The partitioned tables above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanalyzed:
    """Something with rows that the planner knows nothing about yet."""

    schema: str
    name: str
    is_parent: bool
    """Partitioned: the rows are in its leaves."""
    is_partition: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    """What a dump leaves out."""

    database_bytes: int
    owner: str
    extensions: list[str]
    roles: list[str]
    """Those that own something in it or were granted something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """One database that served before a restore."""

    name: str
    bytes: int
    comment: str
    """Which restore put it aside."""


@final
class CatalogRepository:
    """What one connection sees."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def describe(self) -> DatabaseFacts:
        """The connected database."""
        (facts,) = await self._sql.many("describe_database", DatabaseFacts)
        return facts

    async def list_settings(self) -> Sequence[SessionSetting]:
        return await self._sql.many("list_database_settings", SessionSetting)

    async def list_grants(self) -> Sequence[Grant]:
        return await self._sql.many("list_database_grants", Grant)

    async def list_tables(self) -> Sequence[TableFacts]:
        """By schema and name."""
        return await self._sql.many("list_tables", TableFacts)

    async def list_unanalyzed(self) -> Sequence[Unanalyzed]:
        """Everything that holds rows, itself or in leaves: the largest first, so that none of them is left to the end."""
        return await self._sql.many("list_unanalyzed", Unanalyzed)

    async def list_columns(self, table: TableFacts) -> Sequence[tuple[str, str]]:
        """Name and type of each, in order."""
        return [
            (row[0], row[1])
            for row in await self._sql.rows("list_columns", schema=table.schema, name=table.name)
        ]

    async def bytes_copied(self, application: str) -> dict[str, int]:
        """How many bytes of each table the running COPYs of this application have sent."""
        return dict(await self._sql.rows("list_copies", application=application))

    async def missing_roles(self, names: Iterable[str]) -> Sequence[str]:
        return [row[0] for row in await self._sql.rows("list_missing_roles", names=list(names))]

    async def missing_extensions(self, names: Iterable[str]) -> Sequence[str]:
        return [row[0] for row in await self._sql.rows("list_missing_extensions", names=list(names))]

    async def database_exists(self, name: str) -> bool:
        return bool(await self._sql.value("database_exists", name=name))

    async def database_bytes(self, name: str) -> int:
        """On disk now."""
        return int(await self._sql.value("database_bytes", name=name))

    async def list_databases(self) -> Sequence[str]:
        return [row[0] for row in await self._sql.rows("list_databases")]

    async def claim(self, key: int) -> bool:
        """Takes an advisory lock of this session, if it is free."""
        return bool(await self._sql.value("claim", key=key))

    async def disclaim(self, key: int) -> None:
        await self._sql.value("disclaim", key=key)

    async def is_shut(self, database: str, *, by: int) -> bool:
        """Whether that server process keeps everybody from connecting to the database."""
        return bool(await self._sql.value("is_shut", name=database, pid=by))

    async def end_sessions(self, database: str) -> Sequence[int]:
        """Tells every session of a database to end, without waiting for it; answers their processes."""
        return [pid for pid, told in await self._sql.rows("end_sessions", name=database) if told]

    async def list_aside(self) -> Sequence[Aside]:
        return await self._sql.many("list_aside", Aside)
