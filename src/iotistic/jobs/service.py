"""What people, and the rollout itself, can do with jobs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.jobs.errors import (
    ExecutionNotFound,
    JobNotFound,
    JobStateConflict,
    JobTooLarge,
    JobWithoutTargets,
)
from iotistic.jobs.executions import ExecutionRepository
from iotistic.jobs.model import Attempt, Execution, Job, JobDraft
from iotistic.jobs.repository import JobRepository, OpenJob
from iotistic.jobs.rollout import Complete, Facts, Halt, Release, RolloutStep, plan_rollout, require_policy
from iotistic.jobs.states import ExecutionStatus, JobStatus, is_over, require_job_way
from iotistic.jobs.target import JobTarget, require_target

__all__ = ["MOST_DEVICES", "JobService"]

MOST_DEVICES = 100_000
"""Devices of one job; they are put into its queue in one transaction, 2 s for so many."""
_LONGEST_PAGE = 1000
_GRACE = timedelta(minutes=5)
"""What a device that is asked to stop has for that."""


@final
class JobService:
    """Jobs on one connection; whoever opened the transaction commits it.

    After something happened to a job its rollout has to go on: `advance`. After a device's report in a transaction of its own, which
    sees what all others committed.
    """

    def __init__(self, connection: Connection) -> None:
        self._jobs = JobRepository(connection)
        self._executions = ExecutionRepository(connection)

    async def create_job(self, draft: JobDraft, devices: Sequence[UUID]) -> int | None:
        """Makes a job of these devices; none of them may begin before `advance`. None: there is one of this run already.

        Raises RolloutInvalid, TargetInvalid, JobWithoutTargets or JobTooLarge.
        """
        require_policy(draft.rollout)
        require_target(draft.target, is_continuous=draft.is_continuous)
        if not devices and not draft.is_continuous:
            raise JobWithoutTargets(
                "No device in service is meant.",
                hint="`iotistic devices list --where ...` shows who would be.",
            )
        _require_size(len(devices))
        job_id = await self._jobs.insert(draft)
        if job_id is not None:
            await self._jobs.add_devices(job_id, devices)
        return job_id

    async def retry(self, job_id: int, *, created_by: str, now: datetime) -> Job:
        """Makes a job of the devices for which this one, which must be over, failed; it is the same in all else.

        Devices out of service are left out. Raises JobNotFound, JobWithoutTargets when there are none, or JobStateConflict when the
        job goes on or has been retried before.
        """
        status = (await self._lock(job_id)).status
        if not is_over(status):
            raise JobStateConflict(
                f"Job {job_id} is {status}: only what is over is retried.",
                hint="Cancel it, or let it end.",
                status=status,
            )
        again = await self._jobs.retry(job_id, created_by=created_by)
        if not await self._jobs.add_failed(again, retry_of=job_id):
            raise JobWithoutTargets(f"Job {job_id} failed for no device that is in service.")
        await self.advance(again, now=now)
        return await self.get_job(again)

    async def add_devices(self, job_id: int, devices: Sequence[UUID]) -> int:
        """Puts devices that came to be meant into the queue of a job; answers how many were not in it."""
        return await self._jobs.add_devices(job_id, devices)

    async def get_job(self, job_id: int) -> Job:
        """Raises JobNotFound."""
        job = await self._jobs.find(job_id)
        if job is None:
            raise _unknown(job_id)
        return job

    async def list_jobs(
        self, *, status: JobStatus | None = None, before: int | None = None, limit: int = 100
    ) -> Sequence[Job]:
        """The newest first, those before number `before`, at most `limit` (up to 1,000)."""
        return await self._jobs.list(status=status, before=before, limit=min(limit, _LONGEST_PAGE))

    async def list_open_jobs(self, *, after: int = 0, limit: int = 100) -> Sequence[tuple[int, bool]]:
        """Jobs that are not over, by number: and whether devices that come later are taken in."""
        return await self._jobs.list_open(after=after, limit=limit)

    async def list_executions(
        self,
        job_id: int,
        *,
        status: ExecutionStatus | None = None,
        after: UUID | None = None,
        limit: int = 100,
    ) -> Sequence[Execution]:
        """The devices of a job by uuid, those behind `after`. Raises JobNotFound."""
        found = await self._executions.list_of_job(
            job_id, status=status, after=after, limit=min(limit, _LONGEST_PAGE)
        )
        if not found and await self._jobs.find(job_id) is None:
            raise _unknown(job_id)
        return found

    async def get_execution(self, job_id: int, device: UUID) -> Execution:
        """A job on one device. Raises ExecutionNotFound."""
        found = await self._executions.find(job_id, device)
        if found is None:
            raise ExecutionNotFound(f"Job {job_id} is not for this device.", job=job_id)
        return found

    async def list_attempts(self, job_id: int, device: UUID) -> Sequence[Attempt]:
        """How the attempts of a device ended. Raises ExecutionNotFound."""
        await self.get_execution(job_id, device)
        return await self._executions.list_attempts(job_id, device)

    async def list_of_device(
        self, device: UUID, *, before: int | None = None, limit: int = 100
    ) -> Sequence[Execution]:
        """What was ever for a device, the newest job first, those before number `before`."""
        return await self._executions.list_of_device(device, before=before, limit=min(limit, _LONGEST_PAGE))

    async def get_target(self, job_id: int) -> JobTarget:
        """Whom a job is for. Raises JobNotFound."""
        return (await self._lock(job_id)).target

    async def pause(self, job_id: int, *, reason: str | None = None) -> Job:
        """Lets nobody begin any more; who is at work goes on. Raises JobNotFound or JobStateConflict."""
        job = await self._enter(job_id, "paused", reason=reason)
        await self._jobs.call_back(job_id)
        return job

    async def resume(self, job_id: int, *, now: datetime) -> Job:
        """Goes on, also in spite of the failures that halted it: the rules count anew from here.

        Raises JobNotFound or JobStateConflict.
        """
        open_job = await self._lock(job_id)
        require_job_way(job_id, open_job.status, "running")
        tally = await self._jobs.count(job_id)
        is_halted = open_job.status == "halted"
        await self._jobs.set_status(
            job_id,
            "running",
            reason=None,
            forgiven=tally.failures if is_halted else open_job.forgiven,
            is_canary_passed=open_job.is_canary_passed or is_halted,
        )
        await self.advance(job_id, now=now)
        return await self.get_job(job_id)

    async def cancel(self, job_id: int, *, reason: str | None = None) -> Job:
        """Ends it: who has not begun never does, who is at work is asked to stop and has five minutes for that.

        Repeated, it changes nothing. Raises JobNotFound, or JobStateConflict when the job is completed.
        """
        if (await self._lock(job_id)).status == "cancelled":
            return await self.get_job(job_id)
        job = await self._enter(job_id, "cancelled", reason=reason)
        why = reason or "the job was cancelled"
        # Twice: whoever claims meanwhile is met by the second statement, whoever fails and would try again by the third.
        await self._jobs.cancel_unclaimed(job_id, why)
        await self._jobs.ask_to_stop(job_id, _GRACE)
        await self._jobs.cancel_unclaimed(job_id, why)
        return job

    async def advance(self, job_id: int, *, now: datetime) -> RolloutStep:
        """Does what the rules of the rollout say next. Safe to call at any time, as often as one likes."""
        open_job = await self._lock(job_id)
        facts = Facts(
            status=open_job.status,
            is_continuous=open_job.is_continuous,
            tally=await self._jobs.count(job_id),
            forgiven=open_job.forgiven,
            is_canary_passed=open_job.is_canary_passed,
        )
        step = plan_rollout(open_job.policy, facts, now)
        match step:
            case Release(count=count, passes_canary=passes):
                if passes:
                    await self._jobs.pass_canary(job_id)
                if count:
                    await self._jobs.release(job_id, count, open_job.policy.claim_within)
            case Halt(reason=reason):
                await self._enter(job_id, "halted", reason=reason)
                await self._jobs.call_back(job_id)
            case Complete():
                await self._enter(job_id, "completed", reason=None)
            case _:
                pass
        return step

    async def _enter(self, job_id: int, status: JobStatus, *, reason: str | None) -> Job:
        open_job = await self._lock(job_id)
        require_job_way(job_id, open_job.status, status)
        await self._jobs.set_status(
            job_id,
            status,
            reason=reason,
            forgiven=open_job.forgiven,
            is_canary_passed=open_job.is_canary_passed,
        )
        return await self.get_job(job_id)

    async def _lock(self, job_id: int) -> OpenJob:
        found = await self._jobs.find_locked(job_id)
        if found is None:
            raise _unknown(job_id)
        return found


def _unknown(job_id: int) -> JobNotFound:
    return JobNotFound(
        f"There is no job {job_id}.", hint="`iotistic jobs list` shows the newest.", job=job_id
    )


def _require_size(devices: int) -> None:
    if devices > MOST_DEVICES:
        raise JobTooLarge(
            f"More than {MOST_DEVICES} devices are meant.", hint="Make several jobs.", limit=MOST_DEVICES
        )
