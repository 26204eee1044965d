"""What this process stores, told at once to those who watch a device.

Told after COMMIT, by the process that took the report in. A watcher that reads too slowly loses its place rather than our
memory: it is told so, and its stream ends.
"""

import asyncio
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, Literal, final
from uuid import UUID

import msgspec

from iotistic.errors import Exhausted
from iotistic.telemetry.ingest.runs import Key, Run
from iotistic.telemetry.ingest.streams import METRICS, STREAMS
from iotistic.telemetry.ingest.submissions import Submission
from iotistic.telemetry.wire.stamps import moment_of

__all__ = ["Live", "TooManyWatchers", "Watcher"]

EventName = Literal["report", "line", "overflow"]
Event = tuple[EventName, bytes]
"""What it is, and its JSON."""

_MOST_OCTETS: Final = 256 << 10
"""That may wait for one watcher: a minute of a device that reports 12 metrics ten times a second."""
_MOST_WATCHERS: Final = 1_000


class TooManyWatchers(Exhausted):
    """As many streams are open as one process serves."""

    code = "too_many_watchers"


@final
class Watcher:
    """One open stream."""

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque()
        self._octets = 0
        self._filled = asyncio.Event()
        self._ended = False

    def put(self, event: Event) -> None:
        """Hands an event over; when too much waits, everything that waits gives way to the news of that, and the stream ends."""
        if self._ended:
            return
        self._octets += len(event[1])
        if self._octets > _MOST_OCTETS:
            missed = len(self._waiting) + 1
            self._waiting.clear()
            self._waiting.append(("overflow", msgspec.json.encode({"missed": missed})))
            self._ended = True
        else:
            self._waiting.append(event)
        self._filled.set()

    def end(self) -> None:
        """Nothing more comes after what waits."""
        self._ended = True
        self._filled.set()

    async def events(self, pause: timedelta) -> Sequence[Event] | None:
        """What came since the last call, perhaps nothing after `pause`; None when the stream is over."""
        if not self._waiting and not self._ended:
            self._filled.clear()
            try:
                async with asyncio.timeout(pause.total_seconds()):
                    await self._filled.wait()
            except TimeoutError:
                return []
        if not self._waiting and self._ended:
            return None
        events = list(self._waiting)
        self._waiting.clear()
        self._octets = 0
        return events


@final
class Live:
    """The watchers of one process, by device."""

    def __init__(self) -> None:
        self._watchers: dict[UUID, set[Watcher]] = {}
        self._count = 0
        self._dismissed = False

    def check_room(self) -> None:
        """Raises TooManyWatchers when as many streams are open as one process serves."""
        if self._count >= _MOST_WATCHERS:
            raise TooManyWatchers(
                f"{_MOST_WATCHERS} streams are open here.", retry_after=timedelta(seconds=30)
            )

    @contextmanager
    def watching(self, device_uuid: UUID) -> Generator[Watcher]:
        """A watcher for as long as the block lasts. Raises TooManyWatchers."""
        self.check_room()
        watcher = Watcher()
        if self._dismissed:
            watcher.end()
        self._watchers.setdefault(device_uuid, set()).add(watcher)
        self._count += 1
        try:
            yield watcher
        finally:
            self._count -= 1
            watchers = self._watchers[device_uuid]
            watchers.discard(watcher)
            if not watchers:
                del self._watchers[device_uuid]

    def publish(self, stored: Sequence[tuple[Submission, Run]], repeated: set[Key]) -> None:
        """Tells the watchers of rows that are durable; without watchers this costs one look at an empty dictionary."""
        if not self._watchers:
            return
        for submission, run in stored:
            watchers = self._watchers.get(submission.device_uuid)
            for event in _events(submission.stream, run, repeated) if watchers else ():
                for watcher in watchers or ():
                    watcher.put(event)

    def dismiss(self) -> None:
        """Ends all streams, and those that are opened from now on: the process stops."""
        self._dismissed = True
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.end()


def _events(stream: str, run: Run, repeated: set[Key]) -> Iterator[Event]:
    stamp = STREAMS[stream].stamp
    name: EventName = "report" if stream == METRICS.name else "line"
    for number, order in enumerate(run.orders):
        if (run.series, order) not in repeated:
            fields = run.explain(run.row(number))
            yield name, msgspec.json.encode({"timestamp": moment_of(stamp(order)), **fields})
