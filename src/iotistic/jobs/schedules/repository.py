"""Schedules in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, final

from psycopg.types.json import Jsonb

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.jobs.codec import policy_from_json, policy_to_json, target_from_json, target_to_json
from iotistic.jobs.schedules.calendar import CatchUp, Timetable
from iotistic.jobs.schedules.errors import CONSTRAINTS
from iotistic.jobs.schedules.model import DueSchedule, JobSchedule, ScheduleDraft

__all__ = ["ScheduleRepository"]

_QUERIES = Queries("iotistic.jobs.schedules")


@final
class ScheduleRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES, CONSTRAINTS)

    async def insert(
        self, name: str, draft: ScheduleDraft, *, created_at: datetime, next_run_at: datetime | None
    ) -> None:
        await self._sql.run(
            "insert_schedule",
            name=name,
            template_id=draft.template_id,
            template_version=draft.template_version,
            target=Jsonb(target_to_json(draft.target)),
            rollout=Jsonb(policy_to_json(draft.rollout)),
            cron=draft.cron,
            every=draft.every,
            time_zone=draft.time_zone,
            catch_up=draft.catch_up,
            next_run_at=next_run_at,
            created_by=draft.created_by,
            created_at=created_at,
        )

    async def find(self, name: str) -> JobSchedule | None:
        return await self._sql.one("find_schedule", _schedule, name=name)

    async def list(self, *, after: str | None, limit: int) -> Sequence[JobSchedule]:
        return await self._sql.many("list_schedules", _schedule, after=after, limit=limit)

    async def find_timetable(self, name: str) -> Timetable | None:
        """Locked."""
        return await self._sql.one("find_timing", _timetable, name=name)

    async def switch(self, name: str, *, is_enabled: bool, next_run_at: datetime | None) -> None:
        await self._sql.run("switch_schedule", name=name, is_enabled=is_enabled, next_run_at=next_run_at)

    async def delete(self, name: str) -> bool:
        return await self._sql.run("delete_schedule", name=name) > 0

    async def find_due(self, now: datetime) -> DueSchedule | None:
        """Locked."""
        return await self._sql.one("lock_due", _due, now=now)

    async def settle(
        self, schedule_id: int, *, now: datetime, next_run_at: datetime | None, problem: str | None
    ) -> None:
        await self._sql.run("settle", id=schedule_id, now=now, next_run_at=next_run_at, problem=problem)


def _timetable(
    *, cron: str | None, every: timedelta | None, time_zone: str, created_at: datetime
) -> Timetable:
    return Timetable(cron=cron, every=every, time_zone=time_zone, anchor=created_at)


def _due(
    *,
    id: int,  # noqa: A002 - the column's name
    name: str,
    template_id: int,
    template_version: int | None,
    target: dict[str, Any],
    rollout: dict[str, Any],
    cron: str | None,
    every: timedelta | None,
    time_zone: str,
    catch_up: CatchUp,
    created_at: datetime,
    next_run_at: datetime,
) -> DueSchedule:
    return DueSchedule(
        id=id,
        name=name,
        template_id=template_id,
        template_version=template_version,
        target=target_from_json(target),
        rollout=policy_from_json(rollout),
        timetable=_timetable(cron=cron, every=every, time_zone=time_zone, created_at=created_at),
        catch_up=catch_up,
        due_at=next_run_at,
    )


def _schedule(
    *,
    name: str,
    template: str,
    template_version: int | None,
    target: dict[str, Any],
    rollout: dict[str, Any],
    cron: str | None,
    every: timedelta | None,
    time_zone: str,
    catch_up: CatchUp,
    is_enabled: bool,
    next_run_at: datetime | None,
    last_run_at: datetime | None,
    last_problem: str | None,
    last_job: int | None,
    created_by: str,
    created_at: datetime,
    updated_at: datetime,
) -> JobSchedule:
    return JobSchedule(
        name=name,
        template=template,
        template_version=template_version,
        target=target_from_json(target),
        rollout=policy_from_json(rollout),
        cron=cron,
        every=every,
        time_zone=time_zone,
        catch_up=catch_up,
        is_enabled=is_enabled,
        next_run_at=next_run_at,
        last_run_at=last_run_at,
        last_problem=last_problem,
        last_job=last_job,
        created_by=created_by,
        created_at=created_at,
        updated_at=updated_at,
    )
