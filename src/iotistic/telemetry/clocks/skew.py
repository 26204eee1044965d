"""How far devices' clocks are off, judged by what they send: robust against a few odd reports, written seldom.

A report's age on arrival is its delay minus the clock's lead. Delays only make a report older, so of the last bodies those with
the newest reports are the ones that tell; the very newest is left out, since one garbled timestamp must not count.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, final
from uuid import UUID

__all__ = ["Skews", "estimate"]

_REMEMBERED: Final = 16
"""Bodies of a device that are looked at together."""
_LEAST: Final = 3
"""Bodies before anything is said."""
_SECOND: Final = 1_000_000
_PAUSE: Final = 60.0
"""Seconds between two writes of one device, at least."""
_RENEWED: Final = 3_600.0
"""Seconds after which an unchanged estimate is written again, so that its age says something."""


def estimate(leads: "deque[int] | list[int]") -> int | None:
    """The lead of a clock in microseconds, from how far ahead of their receipt the newest reports of some bodies were."""
    return sorted(leads)[-2] if len(leads) >= _LEAST else None


@dataclass(slots=True)
class _Device:
    leads: deque[int] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    written: int | None = None
    written_at: float = 0.0

    def news(self, now: float) -> int | None:
        """The estimate, if it should be written now."""
        if self.written is not None and now < self.written_at + _PAUSE:
            return None
        found = estimate(self.leads)
        if found is None or self.written is None or now >= self.written_at + _RENEWED:
            return found
        changed = abs(found - self.written)
        return found if changed >= max(_SECOND, abs(self.written) // 10) else None


@final
class Skews:
    """Of the devices that sent last; bounded."""

    def __init__(self, most: int) -> None:
        self._devices: dict[UUID, _Device] = {}
        self._heard: set[UUID] = set()
        self._most = most

    def observe(self, device_uuid: UUID, lead: int) -> None:
        """A body came whose newest report was dated so many microseconds after its receipt (before it when negative)."""
        known = self._devices.get(device_uuid)
        if known is None:
            if len(self._devices) >= self._most:
                del self._devices[next(iter(self._devices))]
            known = self._devices[device_uuid] = _Device()
        known.leads.append(lead)
        self._heard.add(device_uuid)

    def due(self, now: float) -> list[tuple[UUID, int]]:
        """What should be written now, `now` being seconds of a steady clock; sorted, so that two writers never wait crosswise."""
        found = sorted(self._news(now))
        self._heard.clear()
        return found

    def written(self, rows: list[tuple[UUID, int]], now: float) -> None:
        """That it was."""
        for device_uuid, lead in rows:
            known = self._devices.get(device_uuid)
            if known is not None:
                known.written, known.written_at = lead, now

    def _news(self, now: float) -> Iterator[tuple[UUID, int]]:
        for device_uuid in self._heard:
            known = self._devices.get(device_uuid)
            lead = None if known is None else known.news(now)
            if lead is not None:
                yield device_uuid, lead
