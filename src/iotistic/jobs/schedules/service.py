"""What can be done with schedules."""

from collections.abc import Sequence
from datetime import datetime
from typing import final

from iotistic.database.pool import Connection
from iotistic.jobs.rollout import require_policy
from iotistic.jobs.schedules.calendar import Timetable, next_run, require_timetable
from iotistic.jobs.schedules.errors import ScheduleNotFound
from iotistic.jobs.schedules.model import DueSchedule, JobSchedule, ScheduleDraft
from iotistic.jobs.schedules.repository import ScheduleRepository
from iotistic.jobs.target import require_target

__all__ = ["ScheduleService"]

_LONGEST_PAGE = 1000
_LONGEST_PROBLEM = 500


@final
class ScheduleService:
    """Schedules on one connection; whoever opened the transaction commits it. Times come from the caller's clock."""

    def __init__(self, connection: Connection) -> None:
        self._schedules = ScheduleRepository(connection)

    async def create_schedule(self, name: str, draft: ScheduleDraft, *, now: datetime) -> JobSchedule:
        """Makes a schedule, whose first run comes after `now`.

        Raises ScheduleNameTaken, ScheduleInvalid, RolloutInvalid or TargetInvalid.
        """
        require_policy(draft.rollout)
        require_target(draft.target)
        table = require_timetable(
            Timetable(cron=draft.cron, every=draft.every, time_zone=draft.time_zone, anchor=now)
        )
        await self._schedules.insert(name, draft, created_at=now, next_run_at=next_run(table, now))
        return await self.get_schedule(name)

    async def get_schedule(self, name: str) -> JobSchedule:
        """Raises ScheduleNotFound."""
        found = await self._schedules.find(name)
        if found is None:
            raise _unknown(name)
        return found

    async def list_schedules(self, *, after: str | None = None, limit: int = 100) -> Sequence[JobSchedule]:
        """By name, those behind the name `after`, at most `limit` (up to 1,000)."""
        return await self._schedules.list(after=after, limit=min(limit, _LONGEST_PAGE))

    async def switch(self, name: str, *, is_enabled: bool, now: datetime) -> JobSchedule:
        """Lets it run, from now on, or not: what would have come meanwhile is not made up for. Raises ScheduleNotFound."""
        table = await self._schedules.find_timetable(name)
        if table is None:
            raise _unknown(name)
        await self._schedules.switch(name, is_enabled=is_enabled, next_run_at=next_run(table, now))
        return await self.get_schedule(name)

    async def delete_schedule(self, name: str) -> None:
        """Its jobs stay. Raises ScheduleNotFound."""
        if not await self._schedules.delete(name):
            raise _unknown(name)

    async def find_due(self, *, now: datetime) -> DueSchedule | None:
        """The schedule that is due longest, locked for the caller; None: none is, or others look after them."""
        return await self._schedules.find_due(now)

    async def settle(self, due: DueSchedule, *, now: datetime, problem: str | None) -> None:
        """Notes that a due schedule was looked after, and when it comes next."""
        await self._schedules.settle(
            due.id,
            now=now,
            next_run_at=next_run(due.timetable, now),
            problem=None if problem is None else problem[:_LONGEST_PROBLEM],
        )


def _unknown(name: str) -> ScheduleNotFound:
    return ScheduleNotFound(
        f"There is no job schedule {name!r}.",
        hint="`iotistic jobs schedules list` shows them all.",
        name=name,
    )
