"""Which number stands for which list of metric names and units, and how reports of it are packed."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, final
from uuid import UUID

import msgspec

from iotistic.database.queries import Queries, Statements
from iotistic.telemetry.ingest.session import Session
from iotistic.telemetry.wire.copy_format import MetricPacker

__all__ = ["Layout", "MetricSets", "Number", "Units", "digest_of"]

Units = tuple[tuple[str, str], ...]
"""Metric and unit, sorted by metric."""

_QUERIES: Final = Queries("iotistic.telemetry.names")
_MOST_LAYOUTS = 20_000


@final
class Layout:
    """How reports whose metrics come in one particular order are packed."""

    def __init__(self, number: "Number", packer: MetricPacker, names: tuple[str, ...]) -> None:
        self.packer: Final = packer
        self.metric_set_id: Final = number.id
        self.metric_names_id: Final = number.metric_names_id
        """The names without their units: what a series is of."""
        self.names: Final = tuple(sorted(names))
        """The metrics in the order they are stored in."""
        self.pick: Final[Callable[[Mapping[str, float | None]], tuple[float | None, ...]] | None] = (
            None if names == self.names else itemgetter(*self.names)
        )
        """Takes the values out of a report in that order; None when they already are."""
        self.uses = 0
        """Bodies that held nothing but reports of this layout."""

    def seal(self, parts: list[bytes]) -> tuple[bytes, range]:
        """Packed rows as a block, and where each begins in it."""
        return self.packer.block(parts), self.packer.cuts(len(parts))

    def explain(self, units: Units, row: bytes) -> dict[str, Any]:
        """A packed row's metrics as a device could have sent them."""
        return {"metrics": dict(zip(self.names, self.packer.values(row), strict=True)), "units": dict(units)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """What stands for a metric set."""

    id: int
    metric_names_id: int


def digest_of(names: tuple[str, ...], units: Units) -> bytes:
    """What makes a metric set unique: SHA-256 of its sorted names with their units."""
    unit_of = dict(units)
    return _digest([(name, unit_of.get(name)) for name in sorted(names)])


def _digest(value: object) -> bytes:
    return hashlib.sha256(msgspec.json.encode(value)).digest()


@final
class MetricSets:
    """The sets this process has met, and the way to those it has not. Sets never change, so nothing goes stale."""

    def __init__(self, session: Session, most_per_device: int) -> None:
        self._session = session
        self._most_per_device = most_per_device
        self._layouts: dict[Units, dict[tuple[str, ...], Layout]] = {}
        self._packers: dict[bytes, tuple[Number, MetricPacker]] = {}
        self._count = 0
        self._lock = asyncio.Lock()

    def known(self, units: Units) -> dict[tuple[str, ...], Layout]:
        """Layout by metric names in the order of the report, for reports with these units."""
        found = self._layouts.get(units)
        if found is None:
            if len(self._layouts) >= _MOST_LAYOUTS:
                self._layouts.clear()
            found = self._layouts[units] = {}
        return found

    async def resolve(self, device_uuid: UUID, names: tuple[str, ...], units: Units) -> Layout | None:
        """The layout of a list of names, made in the database if it is new; None when the device may bring no more.

        Raises Unavailable when the database cannot be asked.
        """
        async with self._lock:
            found = self.known(units).get(names)
            if found is not None:
                return found
            digest = digest_of(names, units)
            if digest not in self._packers:
                number = await self._number(device_uuid, names, units, digest)
                if number is None:
                    return None
                packer = MetricPacker(number.id, len(names))
                self._packers[digest] = number, packer
            layout = Layout(*self._packers[digest], names)
            self._remember(units, names, layout)
            return layout

    def _remember(self, units: Units, names: tuple[str, ...], layout: Layout) -> None:
        if self._count >= _MOST_LAYOUTS:
            # Orders of names are endless, sets are not: begin anew rather than grow.
            self._layouts.clear()
            self._packers.clear()
            self._count = 0
        self.known(units)[names] = layout
        self._count += 1

    async def _number(
        self, device_uuid: UUID, names: tuple[str, ...], units: Units, digest: bytes
    ) -> Number | None:
        async with self._session.use() as connection:
            rows = _Rows(Statements(connection, _QUERIES), device_uuid, self._most_per_device)
            found = await rows.find(digest)
            if found is not None:
                return found
            ordered = sorted(names)
            names_id = await rows.names_id(_digest(ordered))
            if names_id is None:
                return None
            unit_of = dict(units)
            await rows.create(
                digest=digest,
                metric_names_id=names_id,
                names=ordered,
                units=[unit_of.get(name) for name in ordered],
            )
            # Also when another process made it between the two.
            return await rows.find(digest)


@final
class _Rows:
    """Rows that one device brings."""

    def __init__(self, sql: Statements, device_uuid: UUID, most: int) -> None:
        self._sql = sql
        self._brings = {"device_uuid": device_uuid, "most": most}

    async def find(self, digest: bytes) -> Number | None:
        return await self._sql.one("find_metric_set", Number, digest=digest)

    async def names_id(self, digest: bytes) -> int | None:
        """The number of a list of names, given now if it is new; None when the device may bring no more."""
        found: int | None = (
            await self._sql.value("find_metric_names", digest=digest)
            or await self._sql.value("create_metric_names", digest=digest, **self._brings)
            # Another process made it between the two.
            or await self._sql.value("find_metric_names", digest=digest)
        )
        return found

    async def create(self, **row: object) -> None:
        await self._sql.run("create_metric_set", **row, **self._brings)
