"""Bodies that wait for their commit: as many as memory allows for, and not one more."""

import asyncio
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import final

from iotistic.telemetry.errors import IngestBusy, IngestStopped
from iotistic.telemetry.ingest.limits import IngestLimits
from iotistic.telemetry.ingest.submissions import Submission

__all__ = ["Inbox"]

_RETRY = timedelta(seconds=1)


@final
class Inbox:
    """Filled by every request, emptied by the writers."""

    def __init__(self, limits: IngestLimits) -> None:
        self._limits = limits
        self._waiting: deque[Submission] = deque()
        self._rows = 0
        """Of what waits."""
        self._under_way = 0
        """Batches that were taken and are not written yet."""
        self._changed = asyncio.Event()
        self.bodies = 0
        """Bodies that have room here now, from their first byte looked at to their receipt."""
        self.bytes = 0
        """Memory they are counted with."""
        self.closed = False
        self._is_read = False

    def open(self) -> None:
        """From now on there is a writer."""
        self._is_read = True

    def check(self, size: int) -> None:
        """Raises IngestBusy when there is no memory for a body of this size, IngestStopped once closed."""
        if self.closed:
            raise _stopped()
        # One body always has room: it is bounded by itself.
        if self.bodies and (
            self.bytes + size > self._limits.queue_bytes or self.bodies >= self._limits.queue_submissions
        ):
            raise IngestBusy(
                f"{self.bodies} bodies wait to be committed, as many as there is memory for.",
                hint="Keep the data and send it again.",
                retry_after=_RETRY,
                waiting=self.bodies,
            )

    def enter(self, size: int) -> None:
        """Memory for one body, until it leaves. Raises what `check` raises."""
        self.check(size)
        self.bodies += 1
        self.bytes += size

    def leave(self, size: int) -> None:
        """Gives it back."""
        self.bodies -= 1
        self.bytes -= size

    def put(self, submission: Submission) -> None:
        """Hands it to the writer. Raises IngestStopped when there is none."""
        if not self._is_read:
            raise _stopped()
        self._waiting.append(submission)
        self._rows += submission.rows
        if self._is_worthwhile():
            self._changed.set()

    def close(self) -> None:
        """Takes no new bodies; what has room already is still written."""
        self.closed = True
        self._changed.set()

    def finish(self) -> None:
        """Nothing is written any more."""
        self._is_read = False

    async def wait(self, limit: float | None) -> None:
        """Returns when a batch is worth writing, when closed, or after `limit` seconds."""
        if self._is_worthwhile() or self.closed:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                while not (self._is_worthwhile() or self.closed):
                    self._changed.clear()
                    await self._changed.wait()

    @contextmanager
    def batch(self) -> Generator[list[Submission]]:
        """What waits, oldest first, up to a batch; nothing when another one is under way and this is too little to go beside it."""
        taken = self._take() if self._is_worthwhile() or self.closed else []
        self._under_way += bool(taken)
        try:
            yield taken
        finally:
            self._under_way -= bool(taken)
            self._changed.set()

    def _is_worthwhile(self) -> bool:
        if not self._waiting:
            return False
        return not self._under_way or self._rows >= self._limits.beside_rows

    def _take(self) -> list[Submission]:
        taken: list[Submission] = []
        rows = 0
        while self._waiting and (not taken or rows + self._waiting[0].rows <= self._limits.batch_rows):
            taken.append(self._waiting.popleft())
            rows += taken[-1].rows
        self._rows -= rows
        return taken


def _stopped() -> IngestStopped:
    return IngestStopped(
        "This process takes no more data: it is shutting down.",
        hint="Keep the data and send it again.",
        retry_after=_RETRY,
    )
