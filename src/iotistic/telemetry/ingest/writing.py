"""From the inbox to the database, batch after batch, until told to stop; and what is to be told once a batch is durable."""

import asyncio
from datetime import timedelta
from typing import final

from iotistic.clock import Clock
from iotistic.telemetry.ingest.delivery import Delivery, Rejudge
from iotistic.telemetry.ingest.hearing import Contacts, Hearing
from iotistic.telemetry.ingest.inbox import Inbox
from iotistic.telemetry.ingest.limits import IngestLimits
from iotistic.telemetry.ingest.live import Live
from iotistic.telemetry.ingest.session import Connect
from iotistic.telemetry.ingest.sessions import Sessions
from iotistic.telemetry.ingest.tally import Tally
from iotistic.telemetry.ingest.watermarks import Watermarks
from iotistic.telemetry.ingest.writer import prepare_session

__all__ = ["Writing"]

_LAST_WORDS = timedelta(seconds=5)
"""How long a stopping process still waits for a database that is away."""


@final
class Writing:
    """As many batches at once as `limits.writers`, each on a connection of its own."""

    def __init__(
        self,
        connect: Connect,
        inbox: Inbox,
        *,
        rejudge: Rejudge,
        limits: IngestLimits,
        tally: Tally,
        live: Live,
        contacts: Contacts | None,
        clock: Clock,
    ) -> None:
        self._inbox = inbox
        self._number = limits.writers
        self._sessions = Sessions(connect, prepare_session, number=limits.writers, limit=limits.patience)
        self._delivery = Delivery(
            self._sessions, Watermarks(limits.watermarks), rejudge, limits, tally, clock=clock, live=live
        )
        self.hearing = Hearing(self._sessions, contacts, limits, clock)
        """Whom a durable body tells that its device is there."""
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins to write. Does not wait for the database."""
        self._inbox.open()
        self._tasks = [asyncio.create_task(self._write()) for _ in range(self._number)]

    async def stop(self) -> None:
        """Commits what was taken, or tells its callers to keep it; closes the connections."""
        self._inbox.close()
        self._delivery.hurry(_LAST_WORDS)
        if self._tasks:
            await asyncio.wait(self._tasks)
            self._tasks = []
        await self._sessions.close()

    async def _write(self) -> None:
        """Batch after batch, until stopped and empty."""
        while True:
            await self._inbox.wait(self._delivery.latest_due_in)
            with self._inbox.batch() as submissions:
                if submissions or self._delivery.latest_due_in == 0.0:
                    await self._delivery.deliver(submissions)
            self.hearing.judge(one for one in submissions if one.is_stored)
            await self.hearing.tell()
            if self._inbox.closed and not submissions and await self._is_last_said():
                self._inbox.finish()
                return

    async def _is_last_said(self) -> bool:
        """Whether no body that was let in before the stop is still being read."""
        if not self._inbox.bodies or self._delivery.is_late:
            return True
        await asyncio.sleep(0.01)
        return False
