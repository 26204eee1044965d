"""The three rollups, each made from the one below it, and how their buckets lie in time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

__all__ = ["DAYS", "HOURS", "LEVELS", "QUARTERS", "Level", "LevelName"]

LevelName = Literal["quarters", "hours", "days"]

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One rollup."""

    name: LevelName
    """As in metric_rollup_progress."""
    table: str
    source: str
    """The table that it is made from."""
    width: timedelta
    """How long one bucket is; buckets begin at midnight UTC and a multiple of it."""

    def floor(self, moment: datetime) -> datetime:
        """The beginning of the bucket that `moment` is in."""
        return _EPOCH + (moment - _EPOCH) // self.width * self.width

    def ceiling(self, moment: datetime) -> datetime:
        """The first beginning of a bucket that is not before `moment`."""
        floor = self.floor(moment)
        return floor if floor == moment else floor + self.width

    def aligned(self, moment: datetime) -> bool:
        """Whether a bucket begins at `moment`."""
        return not (moment - _EPOCH) % self.width


QUARTERS: Final = Level(
    name="quarters",
    table="device_metric_quarters",
    source="device_metrics",
    width=timedelta(minutes=15),
)
HOURS: Final = Level(
    name="hours", table="device_metric_hours", source=QUARTERS.table, width=timedelta(hours=1)
)
DAYS: Final = Level(name="days", table="device_metric_days", source=HOURS.table, width=timedelta(days=1))

LEVELS: Final = (QUARTERS, HOURS, DAYS)
"""Finest first: the order in which they are made."""
