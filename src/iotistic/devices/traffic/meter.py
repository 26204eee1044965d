"""Counts requests in memory: 1 us a request, where a row would cost a thousand times that."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, final
from uuid import UUID

from iotistic.clock import Clock, system_clock
from iotistic.devices.traffic.model import Traffic, TrafficKind

__all__ = ["TrafficMeter"]

_HOUR: Final = timedelta(hours=1)
_MOST: Final = 500_000
"""Tallies held at once, at 250 bytes: 100,000 devices for as long as a database may be away."""


@final
class TrafficMeter:
    """One per process. A tally is of a device, an hour and a kind; at most `most` of them are held."""

    def __init__(self, *, clock: Clock = system_clock, most: int = _MOST) -> None:
        self._clock = clock
        self._most = most
        self._hours: dict[datetime, dict[tuple[UUID, TrafficKind], list[int]]] = {}
        self._tallies: dict[tuple[UUID, TrafficKind], list[int]] = {}
        self._over_at = datetime.min.replace(tzinfo=UTC)
        self._held = 0
        self.lost = 0
        """Requests that were not counted, since no tally was left for them."""

    def count(self, device: UUID, kind: TrafficKind, *, refused: bool, received: int, sent: int) -> None:
        """Adds one request that is over."""
        now = self._clock()
        if now >= self._over_at:
            self._begin_hour(now)
        tally = self._tallies.get((device, kind)) or self._begin(self._tallies, device, kind)
        if tally is None:
            self.lost += 1
            return
        tally[0] += 1
        tally[1] += refused
        tally[2] += received
        tally[3] += sent

    def take(self) -> Sequence[Traffic]:
        """Everything counted since the last time, in one order everywhere: two processes that add to the same rows must not deadlock."""
        taken = [
            Traffic(
                device_uuid=device,
                timestamp=hour,
                kind=kind,
                requests=requests,
                refused=refused,
                bytes_received=received,
                bytes_sent=sent,
            )
            for hour, tallies in self._hours.items()
            for (device, kind), (requests, refused, received, sent) in tallies.items()
        ]
        self._hours, self._held = {}, 0
        self._over_at = datetime.min.replace(tzinfo=UTC)
        return sorted(taken, key=lambda one: (one.device_uuid, one.timestamp, one.kind))

    def put_back(self, traffic: Sequence[Traffic]) -> None:
        """Holds again what could not be kept."""
        for one in traffic:
            tallies = self._hours.setdefault(one.timestamp, {})
            tally = tallies.get((one.device_uuid, one.kind)) or self._begin(
                tallies, one.device_uuid, one.kind
            )
            if tally is None:
                self.lost += one.requests
                continue
            for place, number in enumerate((one.requests, one.refused, one.bytes_received, one.bytes_sent)):
                tally[place] += number

    def _begin_hour(self, now: datetime) -> None:
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        self._tallies = self._hours.setdefault(hour, {})
        self._over_at = hour + _HOUR

    def _begin(
        self, tallies: dict[tuple[UUID, TrafficKind], list[int]], device: UUID, kind: TrafficKind
    ) -> list[int] | None:
        if self._held >= self._most:
            return None
        self._held += 1
        tally = tallies[device, kind] = [0, 0, 0, 0]
        return tally
