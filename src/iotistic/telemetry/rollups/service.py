"""Makes rollups: a batch in a transaction, again and again until all that is over is in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.telemetry.rollups.level import HOURS, LEVELS, QUARTERS, Level
from iotistic.telemetry.rollups.progress import SETTLED_AFTER, Pass, Progress, next_pass

__all__ = ["RollupService", "RollupState", "Step"]

_QUERIES: Final = Queries("iotistic.telemetry.rollups")

_MOST_MARKS: Final = 2_000
"""In one transaction."""

Bucket = tuple[UUID, datetime]
"""A device, and when the bucket begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one transaction did."""

    marks: int
    """Late buckets that were made again."""
    buckets: int
    """Devices times buckets that were looked at as time went on."""
    moved: bool
    """Whether a rollup came further, be it without any device."""

    def __bool__(self) -> bool:
        return bool(self.marks or self.moved)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollupState:
    """How far the rollups are."""

    complete_until: dict[str, datetime]
    """By rollup; one that never ran is missing."""
    marks: int
    """Late buckets that wait to be made again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Floor:
    parent: str
    floor: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    device_uuid: UUID
    bucket: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Device:
    device_uuid: UUID


@final
class RollupService:
    """On the connection of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def state(self) -> RollupState:
        """For people."""
        progress = await self._sql.many("list_progress", Progress)
        return RollupState(
            complete_until={one.rollup: one.complete_until for one in progress},
            marks=await self._sql.value("count_marks"),
        )

    async def step(self, now: datetime) -> Step:
        """The oldest late buckets, and the next piece of each rollup; false when there was nothing to do.

        May be cut short or repeated at any point: a bucket is made anew as a whole, in the transaction that notes it as made.
        """
        floors = {one.parent: one.floor for one in await self._sql.many("list_floors", _Floor)}
        if any(level.table not in floors for level in LEVELS) or QUARTERS.source not in floors:
            return Step(
                marks=0, buckets=0, moved=False
            )  # no partition yet: nothing can have been reported either
        marks = await self._mend(floors)
        target, buckets, moved = now - SETTLED_AFTER, 0, False
        for level in LEVELS:
            progress = await self._progress(level, max(floors[QUARTERS.source], floors[level.table]))
            work = next_pass(level, progress, target)
            if work is not None:
                buckets, moved = buckets + await self._pass(level, work), True
                progress = await self._progress(level, progress.complete_until)
            target = progress.complete_until
        return Step(marks=marks, buckets=buckets, moved=moved)

    async def _progress(self, level: Level, floor: datetime) -> Progress:
        found = await self._sql.one("lock_progress", Progress, rollup=level.name)
        if found is None:
            await self._sql.run("begin_progress", rollup=level.name, complete_since=level.ceiling(floor))
            found = await self._sql.one("lock_progress", Progress, rollup=level.name)
        if found is None:
            raise RuntimeError(f"the progress of {level.name} is gone as soon as it was made")
        return found

    async def _pass(self, level: Level, work: Pass) -> int:
        devices = [
            one.device_uuid
            for one in await self._sql.many(
                "list_reporting_devices", _Device, after=work.after, limit=work.devices
            )
        ]
        pairs = [(device, bucket) for device in devices for bucket in work.buckets]
        await self._make(level, pairs)
        over = len(devices) < work.devices
        await self._sql.run(
            "note_progress",
            rollup=level.name,
            complete_until=work.until if over else work.since,
            pass_until=None if over else work.until,
            device_uuid=None if over else devices[-1],
        )
        return len(pairs)

    async def _mend(self, floors: dict[str, datetime]) -> int:
        marks = await self._sql.many("take_marks", _Mark, limit=_MOST_MARKS)
        for level in LEVELS:
            progress = await self._sql.one("lock_progress", Progress, rollup=level.name)
            if progress is None:
                break
            buckets = {(mark.device_uuid, level.floor(mark.bucket)) for mark in marks}
            await self._make(
                level,
                sorted(pair for pair in buckets if floors[level.table] <= pair[1] < progress.reached),
            )
        return len(marks)

    async def _make(self, level: Level, pairs: Sequence[Bucket]) -> None:
        if not pairs:
            return
        moments = [bucket for _, bucket in pairs]
        asked = {
            "devices": [device for device, _ in pairs],
            "buckets": moments,
            "since": min(moments),
            "until": max(moments) + level.width,
        }
        if level is QUARTERS:
            await self._sql.run("make_quarters", **asked)
        elif level is HOURS:
            await self._sql.run("make_hours", **asked)
        else:
            await self._sql.run("make_days", **asked)
