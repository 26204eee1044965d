"""What delivering has come to, shared by all couriers: counts, the last success, the present trouble."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import final

from iotistic.agent.backoff import Backoff
from iotistic.agent.events import Events
from iotistic.agent.identity import Identity
from iotistic.agent.session import Session
from iotistic.agent.transport import Blocked, KeyRefused, TryLater
from iotistic.clock import Clock

__all__ = ["Outage", "Tally", "Trouble", "carry", "trouble_of"]

_BLOCKED_PAUSE = timedelta(seconds=30)
"""Somebody has to act on the server first; asking more often only fills its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why something could not be delivered now."""

    reason: str
    retry_after: timedelta | None = None


async def carry(
    wake: asyncio.Event, drain: Callable[[], Awaitable[Trouble | None]], pause: Callable[[Trouble], timedelta]
) -> None:
    """Drains whenever woken and after each trouble's pause, until cancelled."""
    while True:
        await wake.wait()
        wake.clear()
        while (trouble := await drain()) is not None:  # noqa: ASYNC110 - a pause between attempts, not a poll
            await asyncio.sleep(pause(trouble).total_seconds())


@final
class Tally:
    """Counts since the agent started."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.delivered: dict[str, int] = {}
        """Records for which a receipt is held, by queue."""
        self.receipts: dict[str, int] = {}
        """What the receipts said of them."""
        self.last_success: datetime | None = None
        self.troubles: dict[str, str] = {}
        """The present trouble, by queue."""
        self.on_change: Callable[[], None] = lambda: None
        """Called when a queue gets into trouble or out of it, and at the first success."""

    def worked(self) -> None:
        """Something was delivered."""
        is_first = self.last_success is None
        self.last_success = self._clock()
        if is_first:
            self.on_change()


@final
class Outage:
    """One queue's luck: turns failures into pauses, and says when trouble begins and ends, not each time it is met."""

    def __init__(self, queue: str, backoff: Backoff, tally: Tally, events: Events) -> None:
        self._queue = queue
        self._backoff = backoff
        self._tally = tally
        self._events = events

    def begin(self, trouble: Trouble, pending: int) -> timedelta:
        """Notes a failure and answers how long to wait before the next attempt."""
        is_new = self._queue not in self._tally.troubles
        self._tally.troubles[self._queue] = trouble.reason
        if is_new:
            self._events.warning(
                "delivery_failing", queue=self._queue, reason=trouble.reason, pending=pending
            )
            self._tally.on_change()
        return self._backoff.next(trouble.retry_after)

    def end(self, pending: int) -> None:
        """Notes a success."""
        self._tally.worked()
        if self._tally.troubles.pop(self._queue, None) is not None:
            self._events.info(
                "delivery_resumed", queue=self._queue, failed_attempts=self._backoff.failures, pending=pending
            )
            self._tally.on_change()
        self._backoff.reset()


def trouble_of(outcome: TryLater | Blocked | KeyRefused, session: Session, identity: Identity) -> Trouble:
    """What an outcome that delivered nothing means for the queue; a refused key is told to the session."""
    match outcome:
        case TryLater(reason=reason, retry_after=retry_after):
            return Trouble(reason=reason, retry_after=retry_after)
        case KeyRefused(problem=problem):
            session.refuse(identity, problem)
            return Trouble(reason=f"the device key is refused: {problem}".rstrip(": "))
        case Blocked(status=status, problem=problem):
            return Trouble(reason=f"{status} {problem}".rstrip(), retry_after=_BLOCKED_PAUSE)
