"""Takes over what was made elsewhere: a partitioned table, or a table as a partition. Refuses with every reason at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import final

from psycopg import sql

from iotistic.clock import Clock, system_clock
from iotistic.database import locks
from iotistic.database.errors import translated
from iotistic.database.identifiers import identifier
from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.partitioning.acts import attach
from iotistic.partitioning.catalog import PartitionCatalog
from iotistic.partitioning.errors import AdoptionRefused
from iotistic.partitioning.grain import Grain, Period
from iotistic.partitioning.patience import Patience
from iotistic.partitioning.plan import horizon
from iotistic.partitioning.policy import Policy, Situation

__all__ = ["Adoption", "Shape", "Table", "objections", "objections_to_parent"]

_QUERIES = Queries("iotistic.partitioning")
_WAIT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What the catalog says of one table."""

    kind: str
    """pg_class.relkind: r plain, p partitioned."""
    attached: bool
    """Whether it is a partition already."""
    owned: bool
    """Whether this session's role owns it."""
    strategy: str | None
    """r range, l list, h hash; None when it is not partitioned."""
    key_type: str | None
    """The type of the one column it is partitioned by; None when there are several, or an expression."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    kind: str
    definition: str


@dataclass(frozen=True, slots=True)
class Shape:
    """What a partition has to have in common with its parent: columns, indexes, checks, by their definitions."""

    columns: frozenset[str]
    indexes: frozenset[str]
    checks: frozenset[str]


def objections_to_parent(name: str, table: Table | None) -> list[str]:
    """Why no policy can be made for a table."""
    if table is None:
        return ["there is no such table in schema public"]
    if table.kind != "p":
        return ["it is not partitioned: PARTITION BY RANGE is declared when a table is made"]
    reasons: list[str] = []
    if table.attached:
        reasons.append("it is a partition itself")
    if not table.owned:
        reasons.append("another role owns it")
    if table.strategy != "r" or table.key_type != "timestamp with time zone":
        reasons.append(f"{name} is not partitioned BY RANGE of one column of type timestamptz")
    return reasons


def objections(
    situation: Situation, table: Table | None, period: Period, shapes: tuple[Shape, Shape], now: datetime
) -> list[str]:
    """Why a table cannot become the partition of a period; `shapes` are the parent's and its own."""
    if table is None:
        return ["there is no such table in schema public"]
    reasons: list[str] = []
    if table.kind != "r" or table.attached:
        reasons.append("it is no plain table of its own")
    if not table.owned:
        reasons.append("another role owns it")
    reasons += _objections_to_period(situation, period, now)
    parent, own = shapes
    reasons += [f"it has no column {column}" for column in sorted(parent.columns - own.columns)]
    reasons += [
        f"it has a column {column} that its parent has not" for column in sorted(own.columns - parent.columns)
    ]
    reasons += [
        f"it has no index {index}; make it with CREATE INDEX CONCURRENTLY"
        for index in sorted(parent.indexes - own.indexes)
    ]
    reasons += [f"it has no constraint {check}" for check in sorted(parent.checks - own.checks)]
    return reasons


def _objections_to_period(situation: Situation, period: Period, now: datetime) -> list[str]:
    reasons = [
        f"{leaf.name} holds a part of {period}"
        for leaf in situation.leaves
        if leaf.covers(period.lower, period.upper)
    ]
    if (
        Grain.DAY.period(period.lower).lower != period.lower
        or Grain.DAY.period(period.upper).lower != period.upper
    ):
        reasons.append("its range begins or ends within a UTC day")
    if period.upper <= horizon(now, situation.longest):
        days = situation.policy.keep // timedelta(days=1)
        reasons.append(
            f"it is older than the {days} days that are kept, and would be dropped by the next run"
        )
    return reasons


@final
class Adoption:
    """On a direct autocommit connection as the owner of the tables."""

    def __init__(self, connection: Connection, *, clock: Clock = system_clock) -> None:
        self._connection = connection
        self._clock = clock
        self._sql = Statements(connection, _QUERIES)
        self._catalog = PartitionCatalog(connection)

    async def adopt_parent(self, policy: Policy) -> None:
        """Makes the policy of a table that is partitioned already. Raises AdoptionRefused."""
        reasons = objections_to_parent(policy.parent, await self._table(policy.parent))
        if reasons:
            raise AdoptionRefused.because(policy.parent, reasons)
        made = await self._sql.run(
            "create_policy",
            parent=policy.parent,
            grain=policy.grain.value,
            premake=policy.premake,
            back=policy.back,
            keep_days=policy.keep // timedelta(days=1),
        )
        if not made:
            raise AdoptionRefused.because(policy.parent, ["it has a policy already"])

    async def adopt_leaf(self, parent: str, name: str, period: Period | None = None) -> Period:
        """Attaches a table; for the period its name claims, or else that its rows are in. Answers which.

        Raises PolicyNotFound, AdoptionRefused, RowsOutside, LockNotAvailable.
        """
        with translated():
            async with locks.hold(self._connection, locks.LockKey.PARTITIONS, wait=_WAIT):
                situation = await self._catalog.situation(parent)
                table = await self._table(name)
                chosen = period or Grain.claimed(parent, name)
                if chosen is None and table is not None:
                    chosen = await self._period_of_rows(situation, name)
                if chosen is None:
                    reason = "it is empty and its name names no period: say --from and --to" if table else ""
                    raise AdoptionRefused.because(name, [reason or "there is no such table in schema public"])
                shapes = (await self._shape(parent), await self._shape(name))
                reasons = objections(situation, table, chosen, shapes, self._clock())
                if reasons:
                    raise AdoptionRefused.because(name, reasons)
                await attach(
                    Patience(self._connection), parent=parent, leaf=name, period=chosen, key=situation.key
                )
                return chosen

    async def _table(self, name: str) -> Table | None:
        return await self._sql.one("find_table", Table, name=name)

    async def _shape(self, name: str) -> Shape:
        parts = await self._sql.many("list_parts", _Part, name=name)
        return Shape(*(_of_kind(parts, kind) for kind in ("column", "index", "check")))

    async def _period_of_rows(self, situation: Situation, name: str) -> Period | None:
        """From the midnight before the first row to the one after the last."""
        bounds = sql.SQL("SELECT min({key}), max({key}) FROM {table}").format(
            key=identifier(situation.key), table=identifier(name)
        )
        row = await (await self._connection.execute(bounds)).fetchone()
        if row is None or row[0] is None:
            return None
        first, last = (moment.astimezone(UTC) for moment in row)
        return Period(Grain.DAY.period(first).lower, Grain.DAY.period(last).upper)


def _of_kind(parts: Sequence[_Part], kind: str) -> frozenset[str]:
    return frozenset(part.definition for part in parts if part.kind == kind)
