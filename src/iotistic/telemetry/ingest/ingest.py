"""The way in: bytes of a device to committed rows, and a receipt for what became of each report."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import final
from uuid import UUID

import psycopg
from msgspec.json import encode

from iotistic.clock import Clock, system_clock
from iotistic.errors import IotisticError
from iotistic.telemetry.clocks.clocks import list_receipt_stamped
from iotistic.telemetry.ingest.claims import Claim
from iotistic.telemetry.ingest.hearing import Contacts
from iotistic.telemetry.ingest.inbox import Inbox
from iotistic.telemetry.ingest.limits import IngestLimits
from iotistic.telemetry.ingest.live import Live
from iotistic.telemetry.ingest.mending import mend_latest
from iotistic.telemetry.ingest.patience import Patience
from iotistic.telemetry.ingest.receipts import Receipts
from iotistic.telemetry.ingest.runs import log_order
from iotistic.telemetry.ingest.session import Connect, Session
from iotistic.telemetry.ingest.streams import LOGS, METRICS, Stream
from iotistic.telemetry.ingest.submissions import Submission
from iotistic.telemetry.ingest.tally import Tally
from iotistic.telemetry.ingest.window import Judge
from iotistic.telemetry.ingest.windows import Windows
from iotistic.telemetry.ingest.writing import Writing
from iotistic.telemetry.model import IngestStatistics, Receipt
from iotistic.telemetry.wire.body import is_ndjson, size_checked, unpacked
from iotistic.telemetry.wire.draft import Draft
from iotistic.telemetry.wire.lines import LineReader
from iotistic.telemetry.wire.reports import ReportReader
from iotistic.telemetry.wire.sent import Sent
from iotistic.telemetry.wire.stamps import microseconds

__all__ = ["Ingest", "Tell"]

Tell = Callable[[bytes | BaseException], None]
"""Gets a receipt as JSON, or what kept the body from being stored."""

_log = logging.getLogger(__name__)

_MEMORY_FACTOR = 3
"""What a body takes as Python objects and packed rows while it waits, in lengths of its JSON; measured 1.5 to 2.5."""


@final
class Ingest:
    """One per process: takes bodies from all requests and commits them together.

    At once: a batch is what arrived while the one before was committed; under load a second is on its way meanwhile. `connect`
    opens a direct autocommit connection that may insert telemetry; one is held to look things up, and one for each batch at once.
    Nothing is acknowledged before its COMMIT.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        clock: Clock = system_clock,
        limits: IngestLimits | None = None,
        contacts: Contacts | None = None,
    ) -> None:
        self._clock = clock
        self.limits = limits or IngestLimits()
        self._late_after = microseconds(self.limits.late_after)
        self._looking = Session(connect, limit=self.limits.patience)
        self._windows = Windows(self._looking, clock)
        self._reports = ReportReader(self._looking, self.limits)
        self._lines = LineReader(self.limits)
        self._patience = Patience(self.limits.patience, lambda: self._inbox.closed)
        self._receipts = Receipts(self._looking, self._patience)
        self._inbox = Inbox(self.limits)
        self._tally = Tally()
        self.live = Live()
        """Who watches devices report to this process."""
        self._writing = Writing(
            connect,
            self._inbox,
            rejudge=self._windows.sort_out,
            limits=self.limits,
            tally=self._tally,
            live=self.live,
            contacts=contacts,
            clock=clock,
        )
        self._stamped: frozenset[UUID] = frozenset()
        self._looks: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to write. Does not wait for the database."""
        self._writing.start()
        self._looks = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """Takes nothing more, commits what was taken (or tells its callers to keep it), closes its connections."""
        looks, self._looks = self._looks, None
        if looks is not None:
            looks.cancel()
        await self._writing.stop()
        if looks is not None:
            await asyncio.wait({looks})
        await self._looking.close()

    async def submit_metrics(
        self,
        device_uuid: UUID,
        body: bytes,
        content_encoding: str | None = None,
        content_type: str | None = None,
    ) -> Receipt:
        """Stores the reports of one device; returns once they are durable.

        `body` is JSON ({"reports": [...], "units": {...}}) or, with content type application/x-ndjson, a report a line;
        `content_encoding` may be gzip or zstd. Raises BodyInvalid, BodyTooLarge or EncodingUnsupported when nothing of it can
        be read, IngestBusy, IngestStopped, IngestUnavailable or PartitionMissing (all Unavailable, with `retry_after`) when
        the caller must keep it.
        """
        sent = Sent(body=body, content_encoding=content_encoding, content_type=content_type)
        return await self._submit(METRICS, device_uuid, sent, None)

    async def submit_logs(
        self,
        device_uuid: UUID,
        body: bytes,
        content_encoding: str | None = None,
        content_type: str | None = None,
    ) -> Receipt:
        """The same for log lines: {"lines": [...]} or a line of JSON each."""
        sent = Sent(body=body, content_encoding=content_encoding, content_type=content_type)
        return await self._submit(LOGS, device_uuid, sent, None)

    async def answer(
        self, stream: Stream, device_uuid: UUID, sent: Sent, *, sender: UUID | None = None
    ) -> bytes:
        """What `submit_metrics` or `submit_logs` answer, as JSON; with an idempotency key the answer given first, octet by octet.

        A key is one of its `sender`, which is the device unless said. Raises IdempotencyKeyInvalid, IdempotencyKeyReused, and
        what they raise.
        """
        if sent.idempotency_key is None:
            return encode(await self._submit(stream, device_uuid, sent, None))
        claim = self._claim(sender or device_uuid, stream.name, sent, sent.idempotency_key)

        async def work() -> None:
            await self._submit(stream, device_uuid, sent, claim)

        return await self._receipts.answer(claim, work)

    def take(self, stream: Stream, device_uuid: UUID, sent: Sent, tell: Tell) -> bool:
        """The same as `answer` for what needs nothing of the database first, without a task of its own; False: all else.

        `tell` is called later, with the receipt once it is durable, or with what kept the body. Raises what `answer` raises.
        """
        received = self._clock()
        judge = self._windows.at_hand(stream.name, received, device_uuid)
        if sent.idempotency_key is not None or judge is None:
            return False
        plain = self.unpack(sent)
        size = _MEMORY_FACTOR * len(plain)
        self._inbox.check(size)
        draft = self._draft_of(device_uuid, stream.name, received, judge)
        if not self._read_at_once(draft, stream, plain, ndjson=is_ndjson(sent.content_type)):
            return False
        submission = self._submission(draft, stream, partial(self._told, size, tell), None)
        self._inbox.enter(size)
        self._enqueue(submission)
        return True

    async def once(self, sender: UUID, route: str, sent: Sent, work: Callable[[], Awaitable[bytes]]) -> bytes:
        """The answer of `work`, which stores rows by itself; with an idempotency key the one given first."""
        if sent.idempotency_key is None:
            return await work()
        claim = self._claim(sender, route, sent, sent.idempotency_key)

        async def keep() -> None:
            await self._receipts.keep(claim, await work())

        return await self._receipts.answer(claim, keep)

    def unpack(self, sent: Sent) -> bytes:
        """The body without its encoding. Raises what `submit_metrics` raises before it reads it."""
        body = sent.body
        size_checked(body, self.limits.body_bytes)
        if sent.content_encoding is None:
            return body
        self._inbox.check(_MEMORY_FACTOR * len(body))
        return unpacked(body, sent.content_encoding, self.limits.unpacked_bytes)

    def hear(self, device_uuid: UUID) -> None:
        """A device showed that it is there, without a row of its own."""
        self._writing.hearing.add([device_uuid])

    def statistics(self) -> IngestStatistics:
        """Counters since the start and what is queued now."""
        return self._tally.statistics(self._inbox)

    async def _submit(self, stream: Stream, device_uuid: UUID, sent: Sent, claim: Claim | None) -> Receipt:
        plain = self.unpack(sent)
        size = _MEMORY_FACTOR * len(plain)
        self._inbox.enter(size)
        try:
            draft = await self._patience.ask(partial(self._read, stream, device_uuid, sent, plain))
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            submission = self._submission(draft, stream, partial(_wake, done), claim)
            self._enqueue(submission)
            # A caller that goes away cancels only its waiting: the rows are written all the same.
            await done
            return submission.receipt()
        finally:
            self._inbox.leave(size)

    async def _read(self, stream: Stream, device_uuid: UUID, sent: Sent, plain: bytes) -> Draft:
        """The body understood; the names of a new list and the days there are come from the database."""
        received = self._clock()
        judge = await self._windows.judge(stream.name, received, device_uuid)
        draft = self._draft_of(device_uuid, stream.name, received, judge)
        if stream is METRICS:
            await self._reports.read(draft, plain, ndjson=is_ndjson(sent.content_type))
        else:
            self._lines.read(draft, plain, ndjson=is_ndjson(sent.content_type))
        return draft

    def _claim(self, sender: UUID, route: str, sent: Sent, key: str) -> Claim:
        return Claim.of(sender, route, key, sent.identity, self._clock())

    def _draft_of(self, device_uuid: UUID, stream: str, received: datetime, judge: Judge) -> Draft:
        return Draft(
            device_uuid=device_uuid,
            stream=stream,
            received=received,
            judge=judge,
            stamped_on_receipt=bool(self._stamped) and device_uuid in self._stamped,
        )

    def _read_at_once(self, draft: Draft, stream: Stream, body: bytes, *, ndjson: bool) -> bool:
        if stream is METRICS:
            return self._reports.read_at_once(draft, body, ndjson=ndjson)
        self._lines.read(draft, body, ndjson=ndjson)
        return True

    def _submission(
        self, draft: Draft, stream: Stream, told: Callable[[Submission], None], claim: Claim | None
    ) -> Submission:
        late_before = draft.judge.now - self._late_after
        return draft.submission(
            late_before=late_before if stream is METRICS else log_order(late_before, 0),
            since=asyncio.get_running_loop().time(),
            told=told,
            most_reasons=self.limits.reasons,
            claim=claim,
        )

    def _enqueue(self, submission: Submission) -> None:
        """To the writer, unless there is nothing to write."""
        if submission.rows or submission.claim is not None:
            self._inbox.put(submission)
        else:
            submission.settle()

    def _told(self, size: int, tell: Tell, submission: Submission) -> None:
        self._inbox.leave(size)
        tell(submission.answer() if submission.error is None else submission.error)

    async def _look(self) -> None:
        """Keeps the windows fresh, after mending what a killed process left undone."""
        mended = False
        while True:
            with suppress(psycopg.Error, IotisticError):
                await self._windows.read()
                async with self._looking.use() as connection:
                    self._stamped = await list_receipt_stamped(connection)
                if not mended:
                    await self._mend()
                    mended = True
            await asyncio.sleep(self.limits.window_every.total_seconds())

    async def _mend(self) -> None:
        now = self._clock()
        async with self._looking.use(however_long=True) as connection:
            mended = await mend_latest(connection, now - timedelta(days=1), now + self._windows.ahead)
        if mended:
            _log.info("latest values mended", extra={"rows": mended})


def _wake(waiting: "asyncio.Future[None]", submission: Submission) -> None:
    if waiting.done():  # the caller went away
        return
    if submission.error is None:
        waiting.set_result(None)
    else:
        waiting.set_exception(submission.error)
