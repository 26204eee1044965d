"""The windows of both streams, kept in step with the partitions there are."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import final
from uuid import UUID

from iotistic.clock import Clock
from iotistic.database.errors import translated
from iotistic.partitioning import ClassStamp, PartitionCatalog, RetentionClasses, Situation
from iotistic.telemetry.errors import PartitionMissing
from iotistic.telemetry.ingest.delivery import set_aside
from iotistic.telemetry.ingest.runs import Run, SetAside
from iotistic.telemetry.ingest.session import Session
from iotistic.telemetry.ingest.streams import METRICS, STREAMS
from iotistic.telemetry.ingest.submissions import Part, Submission
from iotistic.telemetry.ingest.window import Judge, Window

__all__ = ["Windows"]

_log = logging.getLogger(__name__)

_AT_MOST_EVERY = 1.0
"""Seconds between two looks at the catalog that a missing partition causes."""

_NO_TIME = timedelta(0)
_JUDGE_FOR = timedelta(milliseconds=50)
"""How long one look at the clock serves all bodies: a clock's ten minutes of tolerance do not ask for more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What holds for one stream."""

    window: Window
    ahead: timedelta
    keep: timedelta
    """As the policy says."""
    keeps: Mapping[UUID, timedelta]
    """Of devices with a retention class of their own."""

    def judge(self, now: datetime, keep: timedelta) -> Judge | None:
        judge = self.window.judge(now, self.ahead)
        return None if judge is None else judge.since(self.window.floor(now, keep))


@final
class Windows:
    """Reads the catalog now and then, and at once when a row found no partition."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock
        self._rules: dict[str, _Rules] = {}
        self._judges: dict[tuple[str, timedelta], tuple[datetime, Judge]] = {}
        self._stamp: ClassStamp | None = None
        self._keeps: dict[str, dict[UUID, timedelta]] = {}
        self._read_at = 0.0

    @property
    def ahead(self) -> timedelta:
        """How far ahead the times of reports may be."""
        rules = self._rules.get(METRICS.name)
        return rules.ahead if rules else _NO_TIME

    async def judge(self, stream: str, now: datetime, device_uuid: UUID) -> Judge:
        """How timestamps of this device in this stream are judged now: by its retention class, or the policy of the table.

        Raises PartitionMissing when rows of now have no place, Unavailable when the catalog cannot be read.
        """
        judge = self.at_hand(stream, now, device_uuid)
        if judge is None and asyncio.get_running_loop().time() >= self._read_at + _AT_MOST_EVERY:
            await self.read()
            judge = self.at_hand(stream, now, device_uuid)
        if judge is None:
            raise PartitionMissing(
                f"{STREAMS[stream].table} has no partition for today.",
                hint="Partition work has not run: see `iotistic status`.",
                retry_after=timedelta(seconds=30),
                table=STREAMS[stream].table,
            )
        return judge

    def at_hand(self, stream: str, now: datetime, device_uuid: UUID) -> Judge | None:
        """The same from the last look at the catalog; None when it found no place for rows of now."""
        rules = self._rules.get(stream)
        if rules is None:
            return None
        keep = rules.keeps.get(device_uuid, rules.keep) if rules.keeps else rules.keep
        kept = self._judges.get((stream, keep))
        if kept is not None and _NO_TIME <= now - kept[0] < _JUDGE_FOR:
            return kept[1]
        judge = rules.judge(now, keep)
        if judge is not None:
            self._judges[stream, keep] = now, judge
        return judge

    async def read(self) -> None:
        """Looks which partitions there are, and whose rows stay how long."""
        with translated():
            async with self._session.use() as connection:
                situations = await PartitionCatalog(connection).situations(with_classes=False)
                await self._read_classes(RetentionClasses(connection))
        found = {situation.policy.parent: situation for situation in situations}
        self._rules = {
            stream.name: self._rules_of(found[stream.table])
            for stream in STREAMS.values()
            if stream.table in found
        }
        self._judges.clear()
        self._read_at = asyncio.get_running_loop().time()

    async def _read_classes(self, classes: RetentionClasses) -> None:
        """Only after a change: a fleet may have a class for each of 100,000 devices."""
        stamp = await classes.stamp()
        if stamp != self._stamp:
            self._keeps = await classes.keeps()
            self._stamp = stamp

    def _rules_of(self, situation: Situation) -> _Rules:
        policy = situation.policy
        return _Rules(
            window=Window.of(situation.leaves),
            ahead=policy.ahead,
            keep=policy.keep,
            keeps=self._keeps.get(policy.parent, {}),
        )

    async def sort_out(self, parts: Sequence[Part]) -> list[Part]:
        """Rows whose partition is gone, moved to the quarantine: what `Delivery` asks for after a failed COPY."""
        await self.read()
        sorted_out = [await self._sorted(part) for part in parts]
        moved = sum(len(part.set_aside) for part in sorted_out) - sum(len(part.set_aside) for part in parts)
        if not moved:
            raise PartitionMissing(
                "A partition is missing that the catalog shows, or the quarantine has none for today.",
                hint="Partition work has not run: see `iotistic status`.",
                retry_after=timedelta(seconds=30),
            )
        _log.warning("rows without partition set aside", extra={"rows": moved})
        return sorted_out

    async def _sorted(self, part: Part) -> Part:
        judge = await self.judge(part.submission.stream, self._clock(), part.submission.device_uuid)
        runs: list[Run] = []
        aside: list[SetAside] = list(part.set_aside)
        for run in part.runs:
            kept, moved = _sorted_run(part.submission, run, judge)
            runs += kept
            aside += moved
        return replace(part, runs=runs, set_aside=aside)


def _sorted_run(submission: Submission, run: Run, judge: Judge) -> tuple[list[Run], list[SetAside]]:
    stamp = STREAMS[submission.stream].stamp
    objections = [judge.objection(stamp(order)) for order in run.orders]
    if not any(objections):
        return [run], []
    kept: list[Run] = []
    moved: list[SetAside] = []
    for number, objection in enumerate(objections):
        if objection is None:
            kept.append(run.slice(number, number + 1))
        else:
            submission.note(run.indexes[number], *objection)
            moved.append(set_aside(submission, run, number, objection[0]))
    return kept, moved
