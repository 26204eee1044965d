"""UTC days as partitions hold them."""

from datetime import UTC, date, datetime, time

from iotistic.partitioning import Grain, Period

__all__ = ["day_leaf", "period_of"]


def period_of(day: date) -> Period:
    return Grain.DAY.period(datetime.combine(day, time(), UTC))


def day_leaf(parent: str, day: date) -> str:
    return Grain.DAY.leaf(parent, period_of(day))
