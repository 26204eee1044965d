"""The housekeeper's book in the platform's database, a short transaction for each entry."""

from datetime import timedelta
from typing import final

from iotistic.bootstrap.platform import Platform
from iotistic.operations.housekeeping import HousekeepingService, JobOutcome, Orders, Run

__all__ = ["PlatformBook"]

_DAMPING = timedelta(minutes=1)
"""How often a run that had nothing to do is noted: a job of every five seconds would write 17,000 times a day."""


@final
class PlatformBook:
    """See `iotistic.operations.housekeeping.Book`. `leader` says who writes: host:pid."""

    def __init__(self, platform: Platform, leader: str) -> None:
        self._platform = platform
        self._leader = leader
        self._noted: dict[str, Run] = {}

    async def register(self, jobs: dict[str, timedelta]) -> None:
        async with self._platform.begin() as work:
            service = HousekeepingService(work.connection)
            for job, every in jobs.items():
                await service.register(job, every)

    async def orders(self) -> list[Orders]:
        async with self._platform.begin(read_only=True) as work:
            return await HousekeepingService(work.connection).orders()

    async def note(self, run: Run, *, requested: bool) -> None:
        idle = run.outcome is JobOutcome.NOTHING and not requested
        last = self._noted.get(run.job)
        if (
            idle
            and last is not None
            and last.outcome is run.outcome
            and run.started_at - last.started_at < _DAMPING
        ):
            return
        told = Run(
            job=run.job,
            started_at=run.started_at,
            finished_at=run.finished_at,
            outcome=run.outcome,
            detail=run.detail,
            leader=self._leader,
        )
        async with self._platform.begin() as work:
            await HousekeepingService(work.connection).note(told, history=not idle)
        self._noted[run.job] = told
