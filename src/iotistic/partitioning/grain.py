"""How long the partitions of a table are: the calendar of partitioning, always in UTC."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import final

from iotistic.database.identifiers import checked

__all__ = ["Grain", "Period"]

_DECEMBER = 12


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A range of time: from `lower` up to `upper`, which is no longer in it."""

    lower: datetime
    upper: datetime

    def __str__(self) -> str:
        if self.upper - self.lower == timedelta(days=1):
            return f"{self.lower:%Y-%m-%d}"
        return f"{self.lower:%Y-%m-%d} to {self.upper:%Y-%m-%d}"


@final
class Grain(Enum):
    """The length of a partition; the value is what stands in partition_policies.grain."""

    DAY = "day"
    WEEK = "week"
    """From Monday, as ISO 8601 counts weeks."""
    MONTH = "month"
    YEAR = "year"

    @property
    def finer(self) -> "Grain | None":
        """What a period is made of when only a part of it still has to be made."""
        return {Grain.DAY: None, Grain.YEAR: Grain.MONTH}.get(self, Grain.DAY)

    def period(self, moment: datetime) -> Period:
        """The one that `moment` is in. Raises ValueError on a naive time."""
        if moment.tzinfo is None:
            raise ValueError("a time without zone is in no period")
        start = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        match self:
            case Grain.DAY:
                return Period(start, start + timedelta(days=1))
            case Grain.WEEK:
                start -= timedelta(days=start.weekday())
                return Period(start, start + timedelta(days=7))
            case Grain.MONTH:
                return Period(start.replace(day=1), _next_month(start))
            case Grain.YEAR:
                start = start.replace(month=1, day=1)
                return Period(start, start.replace(year=start.year + 1))

    def after(self, period: Period) -> Period:
        """The one that follows."""
        return self.period(period.upper)

    def before(self, period: Period) -> Period:
        """The one that came before."""
        return self.period(period.lower - timedelta(microseconds=1))

    def within(self, period: Period) -> Iterator[Period]:
        """Those that a longer period is made of."""
        part = self.period(period.lower)
        while part.lower < period.upper:
            yield part
            part = self.after(part)

    def leaf(self, parent: str, period: Period) -> str:
        """The name of the partition of `parent` for a period: device_metrics_20261123, _2026w48, _202611, _2026."""
        year, week, _ = period.lower.isocalendar()
        suffix = {
            Grain.DAY: f"{period.lower:%Y%m%d}",
            Grain.WEEK: f"{year:04}w{week:02}",
            Grain.MONTH: f"{period.lower:%Y%m}",
            Grain.YEAR: f"{period.lower:%Y}",
        }[self]
        return checked(f"{parent}_{suffix}")

    @staticmethod
    def claimed(parent: str, name: str) -> Period | None:
        """The period that a table named like a partition of `parent` claims to hold, of whichever grain; None for others."""
        suffix = name.removeprefix(f"{parent}_")
        if suffix == name:
            return None
        try:
            return _claimed(suffix)
        except ValueError:  # 20261399 is a table of somebody else
            return None


def _next_month(moment: datetime) -> datetime:
    first = moment.replace(day=1)
    if moment.month == _DECEMBER:
        return first.replace(year=moment.year + 1, month=1)
    return first.replace(month=moment.month + 1)


def _claimed(suffix: str) -> Period | None:
    if week := re.fullmatch(r"([0-9]{4})w([0-9]{2})", suffix):
        monday = datetime.fromisocalendar(int(week[1]), int(week[2]), 1).replace(tzinfo=UTC)
        return Grain.WEEK.period(monday)
    if not re.fullmatch(r"[0-9]{4}([0-9]{2}){0,2}", suffix):
        return None
    year, month, day = int(suffix[:4]), int(suffix[4:6] or 1), int(suffix[6:8] or 1)
    grain = {4: Grain.YEAR, 6: Grain.MONTH, 8: Grain.DAY}[len(suffix)]
    return grain.period(datetime(year, month, day, tzinfo=UTC))
