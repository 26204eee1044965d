"""Reads the health of all partitioned tables from one connection to the platform database."""

from dataclasses import dataclass
from datetime import datetime
from typing import final

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.operations.partitions.judgement import Facts, judge
from iotistic.operations.partitions.model import DefaultPartition, PartitionsHealth, State
from iotistic.partitioning import PartitionCatalog

__all__ = ["PartitionsService"]

_QUERIES = Queries("iotistic.operations.partitions")
_URGENCY = (State.FAILING, State.ATTENTION, State.FINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    name: str
    bytes: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quarantined:
    parent: str
    rows: int


@final
class PartitionsService:
    """Catalogs, statistics and the quarantine; no scan of telemetry."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)
        self._catalog = PartitionCatalog(connection)

    async def health(self, now: datetime) -> PartitionsHealth:
        """Every table with a policy, by name."""
        situations = await self._catalog.situations()
        names = [leaf.name for one in situations for leaf in one.leaves]
        names += [stray.name for one in situations for stray in one.strays]
        names += [one.default for one in situations if one.default]
        sizes = {row.name: row for row in await self._sql.many("list_sizes", _Size, names=names)}
        aside = {row.parent: row.rows for row in await self._sql.many("count_quarantined", _Quarantined)}
        bytes_of = {name: size.bytes for name, size in sizes.items()}
        parents = tuple(
            judge(
                situation,
                Facts(
                    bytes=bytes_of,
                    default_partition=_default(situation.default, sizes),
                    quarantined_rows=aside.get(situation.policy.parent, 0),
                ),
                now,
            )
            for situation in situations
        )
        worst = min((parent.state for parent in parents), key=_URGENCY.index, default=State.FINE)
        return PartitionsHealth(now=now, state=worst, parents=parents)


def _default(name: str | None, sizes: dict[str, _Size]) -> DefaultPartition | None:
    if name is None:
        return None
    return DefaultPartition(name=name, rows=sizes[name].rows if name in sizes else 0)
