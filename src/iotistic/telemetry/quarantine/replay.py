"""Stores what was set aside with a better time: body by body, each in the transaction that takes it out of the quarantine.

So a replay can be stopped anywhere and begun again: a row is either in the quarantine or where it belongs, never in both.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final, final

import msgspec
import psycopg

from iotistic.clock import Clock
from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.telemetry.ingest.limits import IngestLimits
from iotistic.telemetry.ingest.newest import Newest
from iotistic.telemetry.ingest.session import Connect, Session
from iotistic.telemetry.ingest.streams import METRICS
from iotistic.telemetry.ingest.submissions import Part, Submission
from iotistic.telemetry.ingest.watermarks import Watermarks
from iotistic.telemetry.ingest.windows import Windows
from iotistic.telemetry.ingest.writer import Batch, prepare_session, write
from iotistic.telemetry.quarantine.model import QuarantinedRow, QuarantineFilter, Replayed, Shift
from iotistic.telemetry.quarantine.service import bounds_of
from iotistic.telemetry.rollups.marks import late_marks
from iotistic.telemetry.wire.draft import Draft
from iotistic.telemetry.wire.lines import LineReader
from iotistic.telemetry.wire.reports import ReportReader
from iotistic.telemetry.wire.stamps import EARLIEST, LATEST, microseconds, moment_of, stamp_of, stamp_of_time

__all__ = ["Replay"]

_QUERIES: Final = Queries("iotistic.telemetry.quarantine")
_BATCH: Final = 1_000
_START: Final = datetime(2000, 1, 1, tzinfo=UTC)


class _Taken(Exception):
    """Another replay, or somebody who dropped rows, was quicker."""


@final
class Replay:
    """`connect` opens a direct autocommit connection that may insert telemetry and delete from the quarantine; two are held."""

    def __init__(self, connect: Connect, *, clock: Clock, limits: IngestLimits | None = None) -> None:
        self._clock = clock
        self._limits = limits or IngestLimits()
        self._session = Session(connect, prepare_session)
        self._looking = Session(connect)
        self._windows = Windows(self._looking, clock)
        self._reports = ReportReader(self._looking, self._limits)
        self._lines = LineReader(self._limits)

    async def close(self) -> None:
        await self._session.close()
        await self._looking.close()

    async def run(
        self, which: QuarantineFilter, shift: Shift, tell: Callable[[Replayed], None] = lambda _: None
    ) -> Replayed:
        """Replays all that is meant, and answers what became of it; `tell` is called after every batch.

        Raises Unavailable when the database is away; what was replayed until then stays so.
        """
        done, after = Replayed(), _START
        while True:
            async with self._session.use() as connection:
                batch, after = await self._batch(connection, which, shift, after)
            if batch is None:
                return done
            done += batch
            tell(done)

    async def _batch(
        self, connection: Connection, which: QuarantineFilter, shift: Shift, after: datetime
    ) -> tuple[Replayed | None, datetime]:
        rows = await _Rows(connection).take(which, after)
        done = Replayed()
        for _, body in groupby(sorted(rows, key=_body_of), key=_body_of):
            done += await self._body(connection, list(body), shift)
        return (done, rows[-1].received_at) if rows else (None, after)

    async def _body(self, connection: Connection, rows: list[QuarantinedRow], shift: Shift) -> Replayed:
        """One transaction. A row that PostgreSQL refuses keeps its body where it is, and no other."""
        submission, left = await self._read(rows, shift)
        if len(left) == len(rows):
            return Replayed(left=len(rows))
        placed = [row for number, row in enumerate(rows) if number not in left]

        async def take_out(connection: Connection) -> None:
            if await _Rows(connection).delete(placed) < len(placed):
                raise _Taken

        runs = submission.runs
        metrics = runs if submission.stream == METRICS.name else []
        batch = Batch(
            parts=[Part(submission=submission, runs=runs)],
            careful=True,
            within=take_out,
            latest=Newest().with_runs(metrics).rows(),
            marks=late_marks(metrics, self._clock()),
        )
        try:
            stored = await write(connection, batch, Watermarks(1))
        except (psycopg.DataError, psycopg.IntegrityError):
            return Replayed(left=len(rows))
        except _Taken:
            return Replayed()
        stored.account()
        outcome = submission.outcome
        return Replayed(
            stored=outcome.accepted, duplicate=outcome.duplicate + submission.repeated, left=len(left)
        )

    async def _read(self, rows: list[QuarantinedRow], shift: Shift) -> tuple[Submission, set[int]]:
        """The rows as a body with new times, and which of them have no place all the same."""
        first = rows[0]
        judge = await self._windows.judge(first.stream, self._clock(), first.device_uuid)
        draft = Draft(
            device_uuid=first.device_uuid, stream=first.stream, received=first.received_at, judge=judge
        )
        body = b"\n".join(_dated(rows, shift))
        if first.stream == METRICS.name:
            await self._reports.read(draft, body, ndjson=True)
        else:
            self._lines.read(draft, body, ndjson=True)
        left = draft.refused
        submission = draft.submission(late_before=0, since=0.0, told=_nobody, most_reasons=0)
        return submission, left


def _body_of(row: QuarantinedRow) -> tuple[datetime, str, str]:
    return row.received_at, str(row.device_uuid), row.stream


def _dated(rows: Sequence[QuarantinedRow], shift: Shift) -> list[bytes]:
    stamps = [_stamp(row) for row in rows]
    by = stamp_of(rows[0].received_at) - max(stamps) if shift is None else microseconds(shift)
    return [
        msgspec.json.encode({**row.payload, "timestamp": _moment(stamp + by)})
        for row, stamp in zip(rows, stamps, strict=True)
    ]


def _stamp(row: QuarantinedRow) -> int:
    if row.device_time is not None:
        return stamp_of(row.device_time)
    given: Any = row.payload.get("timestamp")
    return stamp_of_time(given) if isinstance(given, int | float) else EARLIEST


def _moment(stamp: int) -> datetime | None:
    return moment_of(min(max(stamp, EARLIEST), LATEST))


@final
class _Rows:
    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def take(self, which: QuarantineFilter, after: datetime) -> list[QuarantinedRow]:
        return await self._sql.many(
            "take_bodies", QuarantinedRow, **bounds_of(which), after=after, limit=_BATCH
        )

    async def delete(self, rows: Sequence[QuarantinedRow]) -> int:
        return await self._sql.run(
            "delete_quarantined",
            received=sorted({row.received_at for row in rows}),
            ids=[row.id for row in rows],
        )


def _nobody(_: Submission) -> None:
    """Waits for it: whoever replays reads what became of it."""
