"""Bodies that wait for their commit: as many as memory allows for, and not one more."""

import asyncio
from collections import deque
from datetime import timedelta
from typing import final

from iotistic.telemetry.errors import IngestBusy, IngestStopped
from iotistic.telemetry.ingest.limits import IngestLimits
from iotistic.telemetry.ingest.runs import Submission

__all__ = ["Inbox"]

_RETRY = timedelta(seconds=1)


@final
class Inbox:
    """Filled by every request, emptied by the one writer."""

    def __init__(self, limits: IngestLimits) -> None:
        self._limits = limits
        self._waiting: deque[Submission] = deque()
        self._filled = asyncio.Event()
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
        self._filled.set()

    def close(self) -> None:
        """Takes no new bodies; what has room already is still written."""
        self.closed = True
        self._filled.set()

    def finish(self) -> None:
        """Nothing is written any more."""
        self._is_read = False

    async def wait(self, limit: float | None) -> None:
        """Returns when something waits, when closed, or after `limit` seconds."""
        if self._waiting or self.closed:
            return
        self._filled.clear()
        try:
            async with asyncio.timeout(limit):
                await self._filled.wait()
        except TimeoutError:
            return

    def take(self) -> list[Submission]:
        """What waits, oldest first, up to a batch."""
        taken: list[Submission] = []
        rows = 0
        while self._waiting and (not taken or rows + self._waiting[0].rows <= self._limits.batch_rows):
            taken.append(self._waiting.popleft())
            rows += taken[-1].rows
        return taken


def _stopped() -> IngestStopped:
    return IngestStopped(
        "This process takes no more data: it is shutting down.",
        hint="Keep the data and send it again.",
        retry_after=_RETRY,
    )
