"""Takes the rows of devices whose retention class is over out of partitions that others still need.

The partition is written anew with the rows that stay, and put in the place of the old one: no row is looked up at ingest, none
is deleted one by one, and the room is free at once. A row is written again at most once per class.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString, final

from psycopg import IsolationLevel, sql

from iotistic.clock import Clock, system_clock
from iotistic.database import locks
from iotistic.database.errors import translated
from iotistic.database.identifiers import checked, identifier, timestamp_literal
from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.partitioning.acts import RETIRING, drop
from iotistic.partitioning.catalog import PartitionCatalog
from iotistic.partitioning.grain import Grain, Period
from iotistic.partitioning.keeper import ArchiveNotConfigured, Keeper
from iotistic.partitioning.patience import Patience
from iotistic.partitioning.plan import horizon
from iotistic.partitioning.policy import Leaf, Situation

__all__ = ["Thin", "Thinner", "thinnings"]

_QUERIES = Queries("iotistic.partitioning")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thin:
    """Writes a partition anew without the rows of devices that are kept `age` or shorter."""

    parent: str
    leaf: str
    period: Period
    key: str
    device_column: str
    keep: timedelta
    """What the policy keeps, for devices without a class of their own."""
    age: timedelta
    """From its last moment to the midnight before now."""
    archive: bool
    """Whether the rows that go are archived first."""

    def __str__(self) -> str:
        return f"thin out {self.leaf}: rows of devices that are kept for {self.age // timedelta(days=1)} days or less go"


def thinnings(situation: Situation, now: datetime) -> list[Thin]:
    """The partitions in which some class is over and another is not, oldest first; those that are over for all are retired whole."""
    policy = situation.policy
    if policy.device_column is None or not situation.classes:
        return []
    midnight = horizon(now, timedelta())
    return [
        Thin(
            parent=policy.parent,
            leaf=leaf.name,
            period=leaf.period,
            key=situation.key,
            device_column=policy.device_column,
            keep=policy.keep,
            age=midnight - leaf.period.upper,
            archive=policy.archive,
        )
        for leaf in sorted(situation.leaves, key=lambda one: one.name)
        if leaf.holds and leaf.period and _due(situation, leaf, leaf.period, midnight)
    ]


def _due(situation: Situation, leaf: Leaf, period: Period, midnight: datetime) -> bool:
    """Whether a class ended, or a device came into one that had ended, since it was last thinned out."""
    if period.upper <= midnight - situation.longest:
        return False
    ends: list[datetime] = []
    if period.upper <= midnight - situation.policy.keep:
        ends.append(Grain.DAY.period(period.upper + situation.policy.keep).lower)
    ends += [
        max(Grain.DAY.period(period.upper + one.keep).lower, one.changed_at)
        for one in situation.classes
        if period.upper <= midnight - one.keep
    ]
    return bool(ends) and (leaf.thinned_at is None or leaf.thinned_at < max(ends))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leftover:
    parent: str
    archive: bool
    name: str


@final
class Thinner:
    """On a direct autocommit connection as the owner of the tables. What a killed run left is cleared away by the next."""

    def __init__(
        self,
        connection: Connection,
        *,
        clock: Clock = system_clock,
        keeper: Keeper | None = None,
        lock_timeout: timedelta = timedelta(milliseconds=200),
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._keeper = keeper
        self._patience = Patience(connection, lock_timeout=lock_timeout)
        self._sql = Statements(connection, _QUERIES)
        self._catalog = PartitionCatalog(connection)

    async def plan(self) -> list[Thin]:
        """What a run would do now."""
        now = self._clock()
        return [step for situation in await self._catalog.situations() for step in thinnings(situation, now)]

    async def run(self) -> list[Thin]:
        """Thins out what is due; answers what was. Raises LockNotAvailable when another process does this, or a reader is in the way."""
        with translated():
            async with locks.hold(self._connection, locks.LockKey.LEAVES):
                for leftover in await self._sql.many("list_thinning_leftovers", _Leftover):
                    await self._clear_away(leftover)
                steps = await self.plan()
                for step in steps:
                    await self._thin(step)
                return steps

    async def _thin(self, step: Thin) -> None:
        if step.archive and self._keeper is None:
            raise ArchiveNotConfigured.of(step.parent)
        names = await self._names(step)
        seen = await self._build(names)
        async with (
            locks.hold(self._connection, locks.LockKey.PARTITIONS, wait=timedelta(seconds=30)),
            locks.hold(self._connection, locks.LockKey.OPERATIONS),
        ):
            await self._patience.patiently(lambda: self._swap(step, names, seen))
        await self._drop_gone(step.parent, step.leaf, step.period if step.archive else None)

    async def _clear_away(self, leftover: _Leftover) -> None:
        """The new table of a killed run was not in place yet and can go; the old one may have to be archived."""
        leaf = leftover.name.removesuffix("_gone")
        if leaf == leftover.name:
            await drop(self._patience, leftover.name)
        else:
            period = Grain.claimed(leftover.parent, leaf) if leftover.archive else None
            await self._drop_gone(leftover.parent, leaf, period)

    async def _drop_gone(self, parent: str, leaf: str, archived_as: Period | None) -> None:
        """Archives the whole day as it was, if that is asked for: what stays is not archived again when it goes."""
        gone = checked(f"{leaf}_gone")
        if archived_as is not None:
            if self._keeper is None:
                raise ArchiveNotConfigured.of(parent)
            await self._keeper.keep(
                self._connection, parent=parent, leaf=leaf, period=archived_as, table=gone
            )
        await drop(self._patience, gone)

    async def _names(self, step: Thin) -> dict[str, sql.Composable]:
        key = [row.name for row in await self._sql.many("list_key_columns", _Name, name=step.parent)]
        same = [sql.SQL("kept.{0} = old.{0}").format(identifier(name)) for name in key]
        return {
            "parent": identifier(step.parent),
            "leaf": identifier(step.leaf),
            "kept": identifier(f"{step.leaf}_kept"),
            "gone": identifier(f"{step.leaf}_gone"),
            "table": sql.Literal(step.parent),
            "device": identifier(step.device_column),
            "keep": sql.Literal(step.keep // timedelta(days=1)),
            "age": sql.Literal(step.age // timedelta(days=1)),
            "order": sql.SQL(", ").join(sql.SQL("old.{}").format(identifier(name)) for name in key),
            "same": sql.SQL(" AND ").join(same),
            "key": identifier(step.key),
            "start": timestamp_literal(step.period.lower),
            "end": timestamp_literal(step.period.upper),
            "comment": sql.Literal(f"Rows of {step.parent} of {step.period}, UTC."),
            "retiring": sql.Literal(f"{RETIRING}thinned out."),
        }

    async def _build(self, names: dict[str, sql.Composable]) -> int:
        """The new table with the rows that stay, as one moment sees them; answers the oldest transaction it did not see the end of."""
        isolation = self._connection.isolation_level
        await self._connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        try:
            async with self._connection.transaction():
                cursor = await self._connection.execute(
                    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
                )
                row = await cursor.fetchone()
                for statement in (_MAKE, _STAYING + " ORDER BY {order}", _CHECK):
                    await self._connection.execute(sql.SQL(statement).format(**names))
        finally:
            await self._connection.set_isolation_level(isolation)
        return int(row[0]) if row else 0

    async def _swap(self, step: Thin, names: dict[str, sql.Composable], seen: int) -> None:
        """In one transaction, so that a query sees the old table or the new one, and a kill leaves either.

        Late rows that came while the new table was built are added under a lock that only writers of this old period meet. The
        lock on the parent is asked for last, and held for renaming and attaching only.
        """
        late = sql.SQL(_STAYING + _AND_LATE).format(**names, seen=sql.Literal(seen))
        async with self._connection.transaction():
            await self._connection.execute(
                sql.SQL("LOCK TABLE {leaf} IN SHARE ROW EXCLUSIVE MODE").format(**names)
            )
            await self._connection.execute(late)
            for statement in _SWAP:
                await self._connection.execute(sql.SQL(statement).format(**names))
            await self._sql.run("note_state", leaf=step.leaf, sealed_at=None, thinned_at=self._clock())


_MAKE: LiteralString = "CREATE TABLE {kept} (LIKE {parent} INCLUDING ALL EXCLUDING IDENTITY)"
_STAYING: LiteralString = """
    INSERT INTO {kept}
    SELECT old.*
    FROM {leaf} AS old
    LEFT JOIN device_retention_classes AS class
      ON class.parent = {table} AND class.device_uuid = old.{device}
    WHERE coalesce(class.keep_days, {keep}) > {age}
"""
_AND_LATE: LiteralString = """
      AND age(old.xmin) <= age(({seen} % 4294967296)::text::xid)
      AND NOT EXISTS (SELECT 1 FROM {kept} AS kept WHERE {same})
"""
_CHECK: LiteralString = (
    "ALTER TABLE {kept} ADD CONSTRAINT partition_bounds_check CHECK ({key} >= {start} AND {key} < {end})"
)
_SWAP: tuple[LiteralString, ...] = (
    "ALTER TABLE {parent} DETACH PARTITION {leaf}",
    "ALTER TABLE {leaf} RENAME TO {gone}",
    "COMMENT ON TABLE {gone} IS {retiring}",
    "ALTER TABLE {kept} RENAME TO {leaf}",
    "ALTER TABLE {parent} ATTACH PARTITION {leaf} FOR VALUES FROM ({start}) TO ({end})",
    "ALTER TABLE {leaf} DROP CONSTRAINT partition_bounds_check",
    "COMMENT ON TABLE {leaf} IS {comment}",
)
