"""The desk of the housekeeper: what an operator sees and orders. Every change is one transaction of the caller's."""

from datetime import datetime, timedelta
from typing import final

from iotistic.database.locks import Holder, LockKey, find_holder
from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.operations.housekeeping.errors import JobNotFound, JobPaused, NobodyLeads
from iotistic.operations.housekeeping.model import JobState, Orders, Run

__all__ = ["HousekeepingService"]

_QUERIES = Queries("iotistic.operations.housekeeping")


@final
class HousekeepingService:
    """On one connection of the application's role."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sql = Statements(connection, _QUERIES)

    async def list_jobs(self) -> list[JobState]:
        """Every job that a leader has known, by name; there are few."""
        return await self._sql.many("list_jobs", JobState)

    async def list_runs(
        self, *, limit: int, since: datetime, before: datetime, job: str | None = None
    ) -> list[Run]:
        """Runs that did something, failed or were asked for, newest first. Raises JobNotFound."""
        if job is not None:
            await self._get(job)
        return await self._sql.many("list_runs", Run, limit=limit, since=since, before=before, job=job)

    async def find_leader(self) -> Holder | None:
        """The session of the process that does the work, if there is one."""
        return await find_holder(self._connection, LockKey.HOUSEKEEPER)

    async def pause(self, job: str) -> None:
        """Keeps it from being run, in every process and after every restart. A run that goes on ends by itself. Raises JobNotFound."""
        await self._get(job)
        await self._sql.run("pause_job", job=job)

    async def resume(self, job: str) -> None:
        """Lets it be run again. Raises JobNotFound."""
        await self._get(job)
        await self._sql.run("resume_job", job=job)

    async def request(self, job: str) -> datetime:
        """Asks the leader for a run at once; answers when that was. Raises JobNotFound, JobPaused, NobodyLeads."""
        state = await self._get(job)
        if state.paused_at is not None:
            raise JobPaused(
                f"{job} is paused since {state.paused_at:%Y-%m-%d %H:%M} UTC.",
                hint=f"`iotistic housekeeper resume {job}` lets it run again.",
                job=job,
            )
        if await self.find_leader() is None:
            raise NobodyLeads(
                "No process does periodic work now.",
                hint="Start `iotistic up` or `iotistic serve`; `iotistic partitions run` does partition work by itself.",
            )
        requested: datetime = await self._sql.value("request_run", job=job)
        return requested

    async def find_run_since(self, job: str, since: datetime) -> Run | None:
        """The first run that began after `since`, once it has ended."""
        return await self._sql.one("find_run_since", Run, job=job, since=since)

    async def register(self, job: str, every: timedelta) -> None:
        """What a leader does first."""
        await self._sql.run("register_job", job=job, every=every)

    async def orders(self) -> list[Orders]:
        """What the leader asks every few seconds."""
        return await self._sql.many("list_orders", Orders)

    async def note(self, run: Run, *, history: bool) -> None:
        """Writes down how a run ended; with `history` as a row of its own too."""
        told = {
            "job": run.job,
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            "outcome": run.outcome,
            "detail": run.detail,
        }
        await self._sql.run("note_last_run", **told)
        if history:
            await self._sql.run("add_run", **told, leader=run.leader)

    async def _get(self, job: str) -> JobState:
        jobs = await self.list_jobs()
        for state in jobs:
            if state.job == job:
                return state
        raise JobNotFound.of(job, [state.job for state in jobs])
