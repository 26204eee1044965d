"""Gets rid of the DEFAULT partition of a foreign set-up: its rows move to where they belong, none is lost."""

from datetime import UTC, datetime, timedelta
from typing import LiteralString, final

from psycopg import sql

from iotistic.database.identifiers import checked, identifier, timestamp_literal
from iotistic.partitioning.catalog import PartitionCatalog
from iotistic.partitioning.grain import Period
from iotistic.partitioning.patience import Patience
from iotistic.partitioning.plan import horizon, uncovered
from iotistic.partitioning.policy import Situation

__all__ = ["DefaultPartition"]

_AHEAD = timedelta(days=60)
"""Rows further ahead are of a clock that is wrong: no partitions are made for them."""

_MOVE: LiteralString = """
    WITH moved AS (DELETE FROM {default} WHERE {key} >= {start} AND {key} < {end} RETURNING *)
    INSERT INTO {target} SELECT * FROM moved
"""


@final
class DefaultPartition:
    """The DEFAULT partition of one table, on a connection of its owner."""

    def __init__(self, patience: Patience, parent: str, name: str) -> None:
        self._patience = patience
        self._connection = patience.connection
        self._catalog = PartitionCatalog(patience.connection)
        self._parent = parent
        self._name = name

    async def empty(self, now: datetime) -> None:
        """Moves the rows of each period to a partition of its own, of times that are not kept to <parent>_strays; drops it."""
        situation = await self._catalog.situation(self._parent)
        while (moment := await self._first(situation.key)) is not None:
            period = situation.policy.grain.period(moment)
            if horizon(now, situation.policy.keep) < period.upper and period.lower < now + _AHEAD:
                await self._move(situation, period)
                situation = await self._catalog.situation(self._parent)
            else:
                await self._set_aside(situation.key, period)
        await self._patience.patiently(self._drop_empty)

    async def _first(self, key: str) -> datetime | None:
        first = sql.SQL("SELECT min({}) FROM {}").format(identifier(key), identifier(self._name))
        row = await (await self._connection.execute(first)).fetchone()
        return row[0].astimezone(UTC) if row and row[0] is not None else None

    async def _move(self, situation: Situation, period: Period) -> None:
        """In one transaction: rows of these days that come meanwhile wait for the lock on the DEFAULT partition, others do not."""
        for grain, part in uncovered(situation.policy.grain, period, situation):
            names = self._names(situation.key, grain.leaf(self._parent, part), part)

            async def act(names: dict[str, sql.Composable] = names) -> None:
                await self._in_one(
                    names,
                    "LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE",
                    "CREATE TABLE {target} (LIKE {parent} INCLUDING ALL EXCLUDING IDENTITY)",
                    _MOVE,
                    "ALTER TABLE {parent} ATTACH PARTITION {target} FOR VALUES FROM ({start}) TO ({end})",
                )

            await self._patience.patiently(act)

    async def _set_aside(self, key: str, period: Period) -> None:
        names = self._names(key, checked(f"{self._parent}_strays"), period)
        make: LiteralString = "CREATE TABLE IF NOT EXISTS {target} (LIKE {parent} INCLUDING DEFAULTS)"
        await self._in_one(names, make, _MOVE)

    def _names(self, key: str, target: str, period: Period) -> dict[str, sql.Composable]:
        return {
            "parent": identifier(self._parent),
            "default": identifier(self._name),
            "target": identifier(target),
            "key": identifier(key),
            "start": timestamp_literal(period.lower),
            "end": timestamp_literal(period.upper),
        }

    async def _in_one(self, names: dict[str, sql.Composable], *statements: LiteralString) -> None:
        async with self._connection.transaction():
            for statement in statements:
                await self._connection.execute(sql.SQL(statement).format(**names))

    async def _drop_empty(self) -> None:
        parent, default = identifier(self._parent), identifier(self._name)
        async with self._connection.transaction():
            await self._connection.execute(
                sql.SQL("LOCK TABLE {}, {} IN ACCESS EXCLUSIVE MODE").format(parent, default)
            )
            cursor = await self._connection.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(default))
            if await cursor.fetchone() == (False,):
                await self._connection.execute(sql.SQL("DROP TABLE {}").format(default))
