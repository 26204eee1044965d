"""One batch, one transaction: what is surely new by plain COPY, what may be a repeat through staging."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import LiteralString, final

from msgspec.json import encode
from psycopg.rows import tuple_row

from iotistic.database.pool import Connection
from iotistic.telemetry.alerts.marks import mark_lines
from iotistic.telemetry.ingest.claims import Claim
from iotistic.telemetry.ingest.receipts import keep
from iotistic.telemetry.ingest.runs import Key, Order, Run, SetAside
from iotistic.telemetry.ingest.streams import LATEST, LOGS, QUARANTINE, STREAMS, Stream
from iotistic.telemetry.ingest.submissions import Outcome, Part, Submission
from iotistic.telemetry.ingest.watermarks import Watermarks
from iotistic.telemetry.logs.arrivals import note_arrivals
from iotistic.telemetry.rollups.marks import Mark, add_marks
from iotistic.telemetry.wire.copy_format import HEADER, TRAILER
from iotistic.telemetry.wire.stamps import moment_of

__all__ = ["Batch", "Stored", "prepare_session", "write"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What goes into one transaction."""

    parts: Sequence[Part]
    careful: bool = False
    """Whether every row may be there already, whatever the watermarks say: after a failure whose outcome is unknown."""
    within: Callable[[Connection], Awaitable[None]] | None = None
    """Done in the transaction too, before anything else."""
    latest: Sequence[bytes] = ()
    """Packed reports for device_metric_latest."""
    marks: Sequence[Mark] = ()
    """Buckets of the past that these rows change."""
    wakes_followers: bool = True
    """Whether those who follow lines are told of its lines at once."""


@final
@dataclass(slots=True)
class Stored:
    """What a committed batch amounts to."""

    new: list[tuple[Submission, Run]] = field(default_factory=list[tuple[Submission, Run]])
    """Runs stored whole."""
    settled: list[tuple[Submission, Run]] = field(default_factory=list[tuple[Submission, Run]])
    """Runs that went through staging."""
    repeated: set[Key] = field(default_factory=set[Key])
    """Keys of those that were stored before."""
    repeats: int = 0
    """Staged rows that were not new."""
    set_aside: list[tuple[Submission, Sequence[SetAside]]] = field(
        default_factory=list[tuple[Submission, Sequence[SetAside]]]
    )

    kept: list[tuple[Claim, bytes]] = field(default_factory=list[tuple[Claim, bytes]])
    """Answers stored with them."""

    @property
    def rows(self) -> int:
        """Of all kinds."""
        runs = sum(len(run.orders) for kind in (self.new, self.settled) for _, run in kind)
        return runs + sum(len(rows) for _, rows in self.set_aside)

    def outcomes(self) -> dict[int, Outcome]:
        """What became of the rows of each submission, by its id()."""
        found: defaultdict[int, Outcome] = defaultdict(Outcome)
        self._count(lambda submission: found[id(submission)])
        return found

    def account(self) -> None:
        """Tells every submission what became of its rows. Only after COMMIT."""
        self._count(attrgetter("outcome"))
        for claim, receipt in self.kept:
            claim.kept = receipt

    def _count(self, outcome_of: Callable[[Submission], Outcome]) -> None:
        for submission, run in self.new:
            _count(outcome_of(submission), run.orders, submission.late_before)
        for submission, rows in self.set_aside:
            outcome_of(submission).quarantined += len(rows)
        seen = set(self.repeated)
        for submission, run in self.settled:
            outcome = outcome_of(submission)
            if not self.repeats:
                _count(outcome, run.orders, submission.late_before)
                continue
            fresh = [order for order in run.orders if (run.series, order) not in seen]
            seen.update((run.series, order) for order in fresh)
            _count(outcome, fresh, submission.late_before)
            outcome.duplicate += len(run) - len(fresh)


def _count(outcome: Outcome, orders: Sequence[Order], late_before: Order) -> None:
    outcome.accepted += len(orders)
    outcome.late += bisect_left(orders, late_before)


async def prepare_session(connection: Connection) -> None:
    """Makes the staging tables of a new session, and lets nobody's lock hold up a batch for longer than callers wait."""
    await connection.execute("SET lock_timeout = '5s'")
    for stream in STREAMS.values():
        await connection.execute(stream.staging)
    await connection.execute(LATEST.staging)


async def write(connection: Connection, batch: Batch, watermarks: Watermarks) -> Stored:
    """Stores the batch in one transaction; returns after its COMMIT. On an autocommit connection.

    Raises what the driver raises; nothing is stored then, unless the connection was lost while it committed.
    """
    stored = Stored()
    plain, staged = _sorted_by_need(batch, watermarks, stored)
    stored.set_aside = [(part.submission, part.set_aside) for part in batch.parts if part.set_aside]
    keyed = [part.submission for part in batch.parts if part.with_receipt]
    watched = [run for stream, runs in (*plain, *staged) if stream is LOGS for run in runs]
    if len(plain) == 1 and not (
        staged or stored.set_aside or batch.latest or batch.marks or watched or batch.within or keyed
    ):
        # A COPY by itself is a transaction: two round trips less.
        await _copy(connection, plain[0][0].copy, plain[0][1])
        return stored
    async with connection.transaction():
        if batch.within is not None:
            await batch.within(connection)
        for stream, runs in staged:
            await _settle(connection, stream, runs, stored)
        for stream, runs in plain:
            await _copy(connection, stream.copy, runs)
        await _quarantine(connection, stored)
        await _note_latest(connection, batch.latest)
        await add_marks(connection, batch.marks)
        await mark_lines(connection, watched)
        await note_arrivals(connection, watched, tell=batch.wakes_followers)
        if keyed:
            await _keep_receipts(connection, keyed, stored)
    return stored


async def _keep_receipts(connection: Connection, submissions: Sequence[Submission], stored: Stored) -> None:
    outcomes = stored.outcomes()
    answers = [
        (one.claim, encode(one.receipt(outcomes.get(id(one)))))
        for one in submissions
        if one.claim is not None
    ]
    stored.kept = await keep(connection, answers)


def _sorted_by_need(
    batch: Batch, watermarks: Watermarks, stored: Stored
) -> tuple[list[tuple[Stream, list[Run]]], list[tuple[Stream, list[Run]]]]:
    """What is surely new of each stream, and what may be a repeat."""
    plain: dict[str, list[Run]] = {name: [] for name in STREAMS}
    staged: dict[str, list[Run]] = {name: [] for name in STREAMS}
    for part in batch.parts:
        submission = part.submission
        for run in part.runs:
            if not batch.careful and watermarks.is_new(run):
                plain[submission.stream].append(run)
                stored.new.append((submission, run))
            else:
                staged[submission.stream].append(run)
                stored.settled.append((submission, run))
    return _present(plain), _present(staged)


def _present(runs: Mapping[str, list[Run]]) -> list[tuple[Stream, list[Run]]]:
    return [(STREAMS[name], found) for name, found in runs.items() if found]


async def _copy(connection: Connection, statement: LiteralString, runs: Iterable[Run]) -> None:
    await _copy_blocks(connection, statement, [run.block for run in runs])


async def _copy_blocks(connection: Connection, statement: LiteralString, blocks: Sequence[bytes]) -> None:
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        await copy.write(b"".join((HEADER, *blocks, TRAILER)))


async def _settle(connection: Connection, stream: Stream, runs: list[Run], stored: Stored) -> None:
    await _copy(connection, stream.stage, runs)
    async with connection.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(stream.settle)
        repeats = sum(len(run) for run in runs) - cursor.rowcount
        if not repeats:
            return
        stored.repeats += repeats
        stamps = [stamp for run in runs for stamp in (stream.stamp(run.orders[0]), stream.stamp(run.last))]
        await cursor.execute(
            stream.repeated, {"first": moment_of(min(stamps)), "last": moment_of(max(stamps))}
        )
        stored.repeated.update(map(stream.key, await cursor.fetchall()))


async def _quarantine(connection: Connection, stored: Stored) -> None:
    rows = [
        (
            submission.received,
            row.id,
            submission.device_uuid,
            submission.stream,
            row.reason,
            row.device_time,
            row.payload.decode(),
        )
        for submission, set_aside in stored.set_aside
        for row in set_aside
    ]
    if rows:
        async with connection.cursor() as cursor:
            await cursor.executemany(QUARANTINE, rows)


async def _note_latest(connection: Connection, rows: Sequence[bytes]) -> None:
    if rows:
        await _copy_blocks(connection, LATEST.stage, rows)
        await connection.execute(LATEST.update)
        await connection.execute(LATEST.insert)
