"""The windows of both streams, kept in step with the partitions there are."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import final

from iotistic.clock import Clock
from iotistic.database.errors import translated
from iotistic.partitioning import PartitionCatalog
from iotistic.telemetry.errors import PartitionMissing
from iotistic.telemetry.ingest.delivery import set_aside
from iotistic.telemetry.ingest.limits import IngestLimits
from iotistic.telemetry.ingest.runs import Part, Run, SetAside, Submission
from iotistic.telemetry.ingest.session import Session
from iotistic.telemetry.ingest.streams import STREAMS
from iotistic.telemetry.ingest.window import Judge, Window

__all__ = ["Windows"]

_log = logging.getLogger(__name__)

_AT_MOST_EVERY = 1.0
"""Seconds between two looks at the catalog that a missing partition causes."""

_NO_TIME = timedelta(0)
_JUDGE_FOR = timedelta(milliseconds=50)
"""How long one look at the clock serves all bodies: a clock's ten minutes of tolerance do not ask for more."""


@final
class Windows:
    """Reads the catalog now and then, and at once when a row found no partition."""

    def __init__(self, session: Session, clock: Clock, limits: IngestLimits) -> None:
        self._session = session
        self._clock = clock
        self._ahead = limits.future
        self._windows: dict[str, Window] = {}
        self._judges: dict[str, tuple[datetime, Judge]] = {}
        self._read_at = 0.0

    async def judge(self, stream: str, now: datetime) -> Judge:
        """How timestamps of this stream are judged now.

        Raises PartitionMissing when rows of now have no place, Unavailable when the catalog cannot be read.
        """
        judge = self.at_hand(stream, now)
        if judge is None and asyncio.get_running_loop().time() >= self._read_at + _AT_MOST_EVERY:
            await self.read()
            judge = self.at_hand(stream, now)
        if judge is None:
            raise PartitionMissing(
                f"{STREAMS[stream].table} has no partition for today.",
                hint="Partition work has not run: see `iotistic status`.",
                retry_after=timedelta(seconds=30),
                table=STREAMS[stream].table,
            )
        return judge

    def at_hand(self, stream: str, now: datetime) -> Judge | None:
        """The same from the last look at the catalog; None when it found no place for rows of now."""
        kept = self._judges.get(stream)
        if kept is not None and _NO_TIME <= now - kept[0] < _JUDGE_FOR:
            return kept[1]
        window = self._windows.get(stream)
        judge = window.judge(now, self._ahead) if window else None
        if judge is not None:
            self._judges[stream] = now, judge
        return judge

    async def read(self) -> None:
        """Looks which partitions there are."""
        with translated():
            async with self._session.use() as connection:
                situations = await PartitionCatalog(connection).situations(with_classes=False)
        leaves = {situation.policy.parent: situation.leaves for situation in situations}
        self._windows = {stream.name: Window.of(leaves.get(stream.table, ())) for stream in STREAMS.values()}
        self._judges.clear()
        self._read_at = asyncio.get_running_loop().time()

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
        judge = await self.judge(part.submission.stream, self._clock())
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
