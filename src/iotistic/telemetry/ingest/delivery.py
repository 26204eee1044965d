"""Gets batches into the database whatever comes between: repeats, poisoned rows, missing days, a database that is away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import final
from uuid import uuid4

import psycopg

from iotistic.clock import Clock
from iotistic.errors import IotisticError
from iotistic.telemetry.ingest.limits import IngestLimits
from iotistic.telemetry.ingest.live import Live
from iotistic.telemetry.ingest.newest import Newest
from iotistic.telemetry.ingest.remedies import Remedy, answer_for, halves, remedy_for, said
from iotistic.telemetry.ingest.runs import Run, SetAside
from iotistic.telemetry.ingest.sessions import Sessions
from iotistic.telemetry.ingest.streams import LOGS, METRICS, STREAMS
from iotistic.telemetry.ingest.submissions import Part, Submission
from iotistic.telemetry.ingest.tally import Tally
from iotistic.telemetry.ingest.watermarks import Watermarks
from iotistic.telemetry.ingest.writer import Batch, Stored, write
from iotistic.telemetry.rollups.marks import late_marks
from iotistic.telemetry.wire.draft import payload_of
from iotistic.telemetry.wire.stamps import moment_of

__all__ = ["Delivery", "Rejudge", "set_aside"]

_log = logging.getLogger(__name__)

Rejudge = Callable[[Sequence[Part]], Awaitable[list[Part]]]
"""Sorts rows for which there is no partition (any more) out into the quarantine, after a look at the catalog.

Raises PartitionMissing when there is none for today, or when no row is to blame.
"""

REFUSED = "refused_by_database"

_BETWEEN_WAKINGS = 0.25
"""Seconds: a commit with a NOTIFY takes a lock of the whole server, and followers look again this much later by themselves."""

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0


@final
class Delivery:
    """Writes batches until every row has a place or its caller an answer; as many at once as there are sessions."""

    def __init__(
        self,
        sessions: Sessions,
        watermarks: Watermarks,
        rejudge: Rejudge,
        limits: IngestLimits,
        tally: Tally,
        *,
        clock: Clock,
        live: Live,
    ) -> None:
        self._sessions = sessions
        self._watermarks = watermarks
        self._rejudge = rejudge
        self._tally = tally
        self._clock = clock
        self._live = live
        self._patience = limits.patience.total_seconds()
        self._latest_every = limits.latest_every.total_seconds()
        self._latest_due = 0.0
        self._waking_due = 0.0
        self._newest = Newest()
        self._writing_latest = asyncio.Lock()
        """Two transactions that write newest reports would wait for each other crosswise."""
        self._give_up_at: float | None = None

    @property
    def latest_due_in(self) -> float | None:
        """Seconds until pending latest values should be written; None when there are none, or some are being written."""
        if not self._newest or self._writing_latest.locked():
            return None
        return max(0.0, self._latest_due - asyncio.get_running_loop().time())

    @property
    def is_late(self) -> bool:
        """Whether the time that `hurry` gave is over."""
        return self._give_up_at is not None and asyncio.get_running_loop().time() >= self._give_up_at

    def hurry(self, limit: timedelta) -> None:
        """From now on a database that is away is waited for no longer than this, all in all."""
        self._give_up_at = asyncio.get_running_loop().time() + limit.total_seconds()
        self._latest_due = 0.0

    async def deliver(self, submissions: Sequence[Submission]) -> None:
        """Writes these together, with the latest values when they are due. Every submission is done afterwards."""
        parts = [
            Part(submission=one, runs=one.runs, set_aside=one.set_aside, with_receipt=one.claim is not None)
            for one in submissions
        ]
        try:
            await self._deliver(parts, careful=False)
            await self._keep_receipts(submissions)
        except Exception as error:  # noqa: BLE001 - a bug: told to log and callers; the batches behind must go on
            _log.exception("batch broke")
            self._fail(parts, error)
        for submission in submissions:
            submission.settle()

    async def _keep_receipts(self, submissions: Sequence[Submission]) -> None:
        """Of bodies whose rows had to be written in several transactions."""
        parts = [
            Part(submission=one, with_receipt=True)
            for one in submissions
            if one.claim is not None and one.claim.kept is None and not one.is_settled
        ]
        if parts:
            await self._deliver(parts, careful=True, alone=True)

    async def _deliver(self, parts: Sequence[Part], *, careful: bool, alone: bool = False) -> None:
        """`alone`: without the latest values, so that nothing but these rows can be to blame."""
        now = asyncio.get_running_loop().time
        deadline = self._patience + min((part.submission.since for part in parts), default=now())
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._write(parts, careful=careful, alone=alone)
            except (psycopg.Error, IotisticError) as error:
                match remedy_for(error, careful=careful, is_over=self._is_over(deadline)):
                    case Remedy.STAGE:
                        careful = True
                    case Remedy.SORT_OUT:
                        parts = await self._sorted_out(parts)
                        if not parts:
                            return None
                    case Remedy.RETRY:
                        careful, pause = True, await self._pause(pause, error)
                    case Remedy.ISOLATE:
                        return await self._isolate(parts, error)
                    case Remedy.GIVE_UP:
                        return self._fail(parts, error)
            self._tally.retries += 1

    async def _write(self, parts: Sequence[Part], *, careful: bool, alone: bool) -> None:
        runs = [run for part in parts if part.submission.stream == METRICS.name for run in part.runs]
        if not alone and self._is_latest_due(runs):
            async with self._writing_latest:
                await self._store_with_latest(parts, runs, careful=careful)
        elif parts:
            await self._store(parts, runs, careful=careful)
            self._newest.add(runs)

    async def _store_with_latest(self, parts: Sequence[Part], runs: Sequence[Run], *, careful: bool) -> None:
        newest, self._newest = self._newest, Newest()
        try:
            await self._store(parts, runs, careful=careful, latest=newest.with_runs(runs).rows())
        except BaseException:
            self._newest.absorb(newest)
            raise
        if self._give_up_at is None:  # else what came meanwhile is written at once: nobody comes later
            self._latest_due = asyncio.get_running_loop().time() + self._latest_every

    async def _store(
        self, parts: Sequence[Part], runs: Sequence[Run], *, careful: bool, latest: Sequence[bytes] = ()
    ) -> None:
        now = asyncio.get_running_loop().time()
        async with self._sessions.use() as connection:
            batch = Batch(
                parts=parts,
                careful=careful,
                latest=latest,
                marks=late_marks(runs, self._clock()),
                wakes_followers=now >= self._waking_due,
            )
            stored = await write(connection, batch, self._watermarks)
        if any(part.submission.stream == LOGS.name for part in parts) and batch.wakes_followers:
            self._waking_due = now + _BETWEEN_WAKINGS
        self._committed(parts, stored)

    def _is_latest_due(self, runs: Sequence[Run]) -> bool:
        """At its time, and at once for a series that is new here: its first report has no older one to stand in for it."""
        if any(not self._watermarks.knows(run.series) for run in runs):
            return True
        is_time = asyncio.get_running_loop().time() >= self._latest_due
        return is_time and not self._writing_latest.locked()

    def _committed(self, parts: Sequence[Part], stored: Stored) -> None:
        stored.account()
        self._live.publish([*stored.new, *stored.settled], stored.repeated)
        self._watermarks.committed(run for part in parts for run in part.runs)
        tally = self._tally
        tally.rows += stored.rows
        tally.commits += 1
        tally.staged += sum(len(run) for _, run in stored.settled)
        tally.duplicates += stored.repeats
        tally.quarantined += sum(len(rows) for _, rows in stored.set_aside)

    async def _pause(self, pause: float, error: Exception) -> float:
        """Waits before the next attempt, on a new connection; answers how long to wait after that."""
        _log.warning("batch is written again", extra={"error": type(error).__name__, "pause": pause})
        await self._sessions.close()
        await asyncio.sleep(pause)
        return min(_LONGEST_PAUSE, pause * 2)

    def _is_over(self, deadline: float) -> bool:
        return self.is_late or asyncio.get_running_loop().time() >= deadline

    async def _sorted_out(self, parts: Sequence[Part]) -> Sequence[Part]:
        try:
            return await self._rejudge(parts)
        except IotisticError as error:
            self._fail(parts, error)
            return []

    async def _isolate(self, parts: Sequence[Part], error: Exception) -> None:
        """Halves the batch until the row that is to blame stands alone; that one goes to the quarantine."""
        if sum(len(part) for part in parts) > 1:
            for half in halves(parts):
                await self._deliver(half, careful=True, alone=True)
            return
        for part in parts:
            message = f"PostgreSQL refused it: {said(error)}."
            for aside in part.set_aside:
                part.submission.refuse(aside.index, REFUSED, message)
            for run in part.runs:
                await self._quarantine(part.submission, run, message)

    async def _quarantine(self, submission: Submission, run: Run, message: str) -> None:
        _log.warning("row refused", extra={"device_uuid": str(submission.device_uuid)})
        submission.note(run.indexes[0], REFUSED, message)
        aside = set_aside(submission, run, 0, REFUSED)
        await self._deliver([Part(submission=submission, set_aside=[aside])], careful=True, alone=True)

    def _fail(self, parts: Sequence[Part], error: Exception) -> None:
        """Tells the callers to keep their data."""
        if not parts:
            # Only latest values: they are a copy, and the next report brings them again.
            _log.warning("latest values not written", exc_info=error)
            self._newest.clear()
            return
        _log.error("batch failed", exc_info=error, extra={"submissions": len(parts)})
        for part in parts:
            self._tally.failed += not part.submission.is_settled
            part.submission.settle(answer_for(error))


def set_aside(submission: Submission, run: Run, number: int, reason: str) -> SetAside:
    """One packed row as a row of the quarantine."""
    moment = moment_of(STREAMS[submission.stream].stamp(run.orders[number]))
    return SetAside(
        id=uuid4(),
        index=run.indexes[number],
        reason=reason,
        device_time=moment,
        payload=payload_of({"timestamp": moment, **run.explain(run.row(number))}),
    )
