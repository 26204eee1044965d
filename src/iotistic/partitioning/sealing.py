"""Seals partitions whose period is over: frozen, analysed, searchable. Today's partition carries only what ingest can afford.

A trigram index on today's logs would cost ingest 9 times the CPU and 13 times the WAL; on a sealed partition it is built once.
VACUUM FREEZE then saves the anti-wraparound vacuum of a table that nobody writes any more, and ANALYZE of the parent gives the
planner what autovacuum never does for a partitioned table.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import final

from psycopg import sql

from iotistic.clock import Clock, system_clock
from iotistic.database import locks
from iotistic.database.capabilities import Capability, supports
from iotistic.database.errors import translated
from iotistic.database.identifiers import checked, identifier
from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.partitioning.catalog import PartitionCatalog
from iotistic.partitioning.patience import Patience
from iotistic.partitioning.plan import horizon
from iotistic.partitioning.policy import Leaf, Situation

__all__ = ["Seal", "Sealer", "sealings"]

_QUERIES = Queries("iotistic.partitioning")

LATE = timedelta(hours=1)
"""How long after its end a partition is left to the rows that come late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """Builds the search index of a partition, freezes and analyses it."""

    parent: str
    leaf: str
    search_column: str | None

    def __str__(self) -> str:
        return f"seal {self.leaf}"


def sealings(situation: Situation, now: datetime) -> list[Seal]:
    """The partitions of one table that are over and not sealed, newest first: those are read most."""
    policy = situation.policy

    def due(leaf: Leaf) -> bool:
        return (
            leaf.holds
            and leaf.sealed_at is None
            and leaf.upper is not None
            and horizon(now, situation.longest) < leaf.upper <= now - LATE
        )

    found = sorted((leaf.period, leaf.name) for leaf in situation.leaves if leaf.period and due(leaf))
    return [
        Seal(parent=policy.parent, leaf=name, search_column=policy.search_column)
        for _, name in reversed(found)
    ]


@final
class Sealer:
    """On a direct autocommit connection as the owner of the tables. Each step can be killed and is done again."""

    def __init__(self, connection: Connection, *, clock: Clock = system_clock) -> None:
        self._connection = connection
        self._clock = clock
        # CREATE INDEX CONCURRENTLY waits for every older transaction; nobody waits behind it.
        self._patience = Patience(connection, lock_timeout=timedelta(seconds=60), attempts=1)
        self._sql = Statements(connection, _QUERIES)
        self._catalog = PartitionCatalog(connection)

    async def plan(self) -> list[Seal]:
        """What a run would do now."""
        now = self._clock()
        return [seal for situation in await self._catalog.situations() for seal in sealings(situation, now)]

    async def run(self) -> list[Seal]:
        """Seals what is due; answers what is sealed now. Raises LockNotAvailable when another process does this, or a report is in the way."""
        with translated():
            async with locks.hold(self._connection, locks.LockKey.LEAVES):
                await self._sql.run("forget_states")
                steps = await self.plan()
                sealed = [step for step in steps if await self._seal(step)]
                for parent in sorted({step.parent for step in steps}):
                    await self._analyse(parent)
                return sealed

    async def _seal(self, step: Seal) -> bool:
        """Answers whether all of it is frozen: a transaction that is older than its last rows keeps those for the next run."""
        if step.search_column is not None:
            await self._index(step.leaf, step.search_column)
        await self._connection.execute(sql.SQL("VACUUM (FREEZE, ANALYZE) {}").format(identifier(step.leaf)))
        if not await self._sql.value("find_all_visible", leaf=step.leaf):
            return False
        thinned = [
            leaf.thinned_at
            for leaf in (await self._catalog.situation(step.parent)).leaves
            if leaf.name == step.leaf
        ]
        await self._sql.run(
            "note_state", leaf=step.leaf, sealed_at=self._clock(), thinned_at=thinned[0] if thinned else None
        )
        return True

    async def _index(self, leaf: str, column: str) -> None:
        """An interrupted build leaves an index that is maintained and never used: it goes first."""
        name = checked(f"{leaf}_{column}_trgm_idx")
        valid = await self._sql.value("find_index", name=name)
        if valid is True:
            return
        async with self._patience.bounded(self._patience.lock_timeout):
            if valid is False:
                await self._connection.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(identifier(name)))
            await self._connection.execute(
                sql.SQL("CREATE INDEX CONCURRENTLY {} ON {} USING gin ({} gin_trgm_ops)").format(
                    identifier(name), identifier(leaf), identifier(column)
                )
            )

    async def _analyse(self, parent: str) -> None:
        only = supports(self._connection.info.server_version, Capability.ANALYZE_ONLY)
        statement = sql.SQL("ANALYZE ONLY {}") if only else sql.SQL("ANALYZE {}")
        await self._connection.execute(statement.format(identifier(parent)))
