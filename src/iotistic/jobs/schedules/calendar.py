"""When a schedule is due. Pure: times and rules in, times out.

Cron expressions have five fields and the meaning Debian's cron gives them, by the clocks of a time zone: a run in the hour that is
skipped in spring comes right after it, one in the hour that comes twice in autumn comes once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Literal

from cronsim import CronSim, CronSimError

from iotistic.jobs.schedules.errors import ScheduleInvalid
from iotistic.jobs.window import zone_named

__all__ = ["MOST_CAUGHT_UP", "ON_TIME", "CatchUp", "Timetable", "due_runs", "next_run", "require_timetable"]

CatchUp = Literal["skip", "once", "each"]
ON_TIME = timedelta(minutes=5)
"""A run that is looked after so soon after its time was not missed."""
MOST_CAUGHT_UP = 100
"""Runs that are made up for at once; of more the newest."""
_SHORTEST = timedelta(minutes=1)
_LONGEST = timedelta(days=366)
_FIELDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """The rule: exactly one of `cron` and `every`."""

    cron: str | None = None
    every: timedelta | None = None
    """Counted from `anchor`."""
    time_zone: str = "UTC"
    anchor: datetime


def require_timetable(table: Timetable) -> Timetable:
    """The rule itself. Raises ScheduleInvalid or RolloutInvalid for what never comes, or comes too often."""
    zone_named(table.time_zone)
    if (table.cron is None) == (table.every is None):
        raise ScheduleInvalid("A schedule has either `cron` or `every_seconds`.", field="body.cron")
    if table.every is not None and not _SHORTEST <= table.every <= _LONGEST:
        raise ScheduleInvalid("A schedule comes every minute at most, and once in 366 days at least.")
    if table.cron is not None:
        _require_cron(table.cron)
        if next_run(table, table.anchor) is None:
            raise ScheduleInvalid(f"{table.cron!r} never comes.", field="body.cron")
    return table


def next_run(table: Timetable, after: datetime) -> datetime | None:
    """The first run after an instant; None when there is none within 50 years."""
    if table.every is not None:
        passed = max(timedelta(), after - table.anchor) // table.every
        return table.anchor + (passed + 1) * table.every
    local = after.astimezone(zone_named(table.time_zone))
    found = next(CronSim(str(table.cron), local), None)
    return None if found is None else found.astimezone(UTC)


def due_runs(table: Timetable, catch_up: CatchUp, *, since: datetime, now: datetime) -> tuple[datetime, ...]:
    """The runs to be made now, the oldest first, of those from `since` (the one that was due next) up to `now`."""
    missed = tuple(islice(_backwards(table, since, now), MOST_CAUGHT_UP if catch_up == "each" else 1))[::-1]
    if catch_up == "skip":
        return tuple(run for run in missed if now - run <= ON_TIME)
    return missed


def _backwards(table: Timetable, since: datetime, now: datetime) -> Iterator[datetime]:
    if table.every is not None:
        run = table.anchor + (now - table.anchor) // table.every * table.every
        while run >= since and run > table.anchor:
            yield run
            run -= table.every
        return
    # A second on, so that a run at this very second is found.
    local = (now + timedelta(seconds=1)).astimezone(zone_named(table.time_zone))
    for found in CronSim(str(table.cron), local, reverse=True):
        run = found.astimezone(UTC)
        if run < since:
            return
        if run <= now:
            yield run


def _require_cron(text: str) -> None:
    hint = "Write minute, hour, day of month, month, day of week: `30 2 * * mon-fri`."
    if len(text.split()) != _FIELDS:
        raise ScheduleInvalid(f"{text[:100]!r} has not five fields.", hint=hint, field="body.cron")
    try:
        CronSim(text, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise ScheduleInvalid(
            f"{text[:100]!r} is no cron expression: {error}.", hint=hint, field="body.cron"
        ) from error
