"""How far a rollup has come, and what the next piece of work is: pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from iotistic.telemetry.rollups.level import Level

__all__ = ["SETTLED_AFTER", "Pass", "Progress", "next_pass"]

SETTLED_AFTER: Final = timedelta(minutes=5)
"""How long after its end a bucket is made. A report that was not marked as late came before that end, and its transaction lasts no
longer than the ingest role's timeouts allow: 60 s idle, 15 s a statement. The rest is for clocks that differ."""

_LONGEST_PASS: Final = 96
"""Buckets in one pass: after a long stop the rows of one device and a day of quarters come to lie beside each other."""
_MOST_BUCKETS: Final = 2_000
"""Devices times buckets in one transaction: a fraction of a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A row of metric_rollup_progress."""

    rollup: str
    complete_until: datetime
    """Every bucket before is made."""
    pass_until: datetime | None
    """The end of the pass that runs."""
    device_uuid: UUID | None
    """The last device it has done."""

    @property
    def reached(self) -> datetime:
        """Buckets before this moment may have been made: a late report must make them again."""
        return self.pass_until or self.complete_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Buckets to make for the next devices in order."""

    since: datetime
    until: datetime
    after: UUID | None
    """The device done last."""
    devices: int
    """How many devices to take."""
    buckets: tuple[datetime, ...]


def next_pass(level: Level, progress: Progress, target: datetime) -> Pass | None:
    """The next piece towards `target`, which is the end of what can be made now; None when it is reached.

    A pass that was begun is finished with the end it had, so that every device gets the same buckets.
    """
    until = progress.pass_until
    if until is None:
        most = progress.complete_until + _LONGEST_PASS * level.width
        until = min(level.floor(target), most)
    if until <= progress.complete_until:
        return None
    count = (until - progress.complete_until) // level.width
    return Pass(
        since=progress.complete_until,
        until=until,
        after=progress.device_uuid,
        devices=max(1, _MOST_BUCKETS // count),
        buckets=tuple(progress.complete_until + number * level.width for number in range(count)),
    )
