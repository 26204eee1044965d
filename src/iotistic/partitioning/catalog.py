"""Reads what partitions there are, and how long they last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.partitioning.acts import RETIRING
from iotistic.partitioning.errors import PolicyNotFound
from iotistic.partitioning.grain import Grain
from iotistic.partitioning.policy import Leaf, Policy, RetentionClass, Runway, Situation, Stray

__all__ = ["PartitionCatalog", "runway"]

_QUERIES = Queries("iotistic.partitioning")


@dataclass(frozen=True, slots=True, kw_only=True)
class _PolicyRow:
    parent: str
    grain: str
    premake: int
    back: int
    keep_days: int
    ahead_minutes: int
    device_column: str | None
    search_column: str | None
    archive: bool
    key: str
    default_partition: str | None

    @property
    def policy(self) -> Policy:
        return Policy(
            parent=self.parent,
            grain=Grain(self.grain),
            premake=self.premake,
            back=self.back,
            keep=timedelta(days=self.keep_days),
            ahead=timedelta(minutes=self.ahead_minutes),
            device_column=self.device_column,
            search_column=self.search_column,
            archive=self.archive,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _LeafRow:
    parent: str
    leaf: str
    lower_bound: datetime | None
    upper_bound: datetime | None
    detach_pending: bool
    sealed_at: datetime | None
    thinned_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _ClassRow:
    parent: str
    keep_days: int
    devices: int
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _StrayRow:
    parent: str
    name: str
    comment: str | None


@final
class PartitionCatalog:
    """The catalog's side of partitioning, on one connection of any role."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def situations(self, *, with_classes: bool = True) -> list[Situation]:
        """Every table with a policy as it is now, by name. Retention classes only who may read them asks for."""
        policies = await self._sql.many("list_policies", _PolicyRow)
        leaves = await self._sql.many("list_leaves", _LeafRow)
        strays = await self._sql.many("list_strays", _StrayRow)
        classes = await self._sql.many("list_classes", _ClassRow) if with_classes else []
        return [
            Situation(
                policy=row.policy,
                key=row.key,
                leaves=_leaves(row.parent, leaves),
                strays=_strays(row.parent, strays),
                classes=_classes(row.parent, classes),
                default=row.default_partition,
            )
            for row in policies
        ]

    async def situation(self, parent: str) -> Situation:
        """One of them. Raises PolicyNotFound."""
        for situation in await self.situations():
            if situation.policy.parent == parent:
                return situation
        raise PolicyNotFound.of(parent)


async def runway(connection: Connection, now: datetime) -> list[Runway]:
    """How long the partitions of each table last from `now` on, by table."""
    return [situation.runway(now) for situation in await PartitionCatalog(connection).situations()]


def _leaves(parent: str, rows: Sequence[_LeafRow]) -> tuple[Leaf, ...]:
    return tuple(
        Leaf(
            name=row.leaf,
            lower=row.lower_bound,
            upper=row.upper_bound,
            detach_pending=row.detach_pending,
            sealed_at=row.sealed_at,
            thinned_at=row.thinned_at,
        )
        for row in rows
        if row.parent == parent
    )


def _classes(parent: str, rows: Sequence[_ClassRow]) -> tuple[RetentionClass, ...]:
    return tuple(
        RetentionClass(keep=timedelta(days=row.keep_days), devices=row.devices, changed_at=row.changed_at)
        for row in rows
        if row.parent == parent
    )


def _strays(parent: str, rows: Sequence[_StrayRow]) -> tuple[Stray, ...]:
    found: list[Stray] = []
    for row in rows:
        period = Grain.claimed(parent, row.name) if row.parent == parent else None
        if period is not None:
            retiring = (row.comment or "").startswith(RETIRING)
            found.append(Stray(name=row.name, period=period, retiring=retiring))
    return tuple(found)
