"""Where devices come for their jobs: claim, progress, report. Each sees and answers only what is its own."""

from collections.abc import Sequence
from typing import final
from uuid import UUID

from iotistic.database.pool import Connection
from iotistic.jobs.attempt import Ending, Standing, ending_of
from iotistic.jobs.errors import AttemptOver, ExecutionNotFound
from iotistic.jobs.executions import ExecutionRepository
from iotistic.jobs.model import AttemptReport, Claim, Expiry, JobNews
from iotistic.jobs.output import kept_output, kept_result

__all__ = ["JobDesk"]

_LONGEST_REASON = 1000


@final
class JobDesk:
    """The devices' side on one connection; whoever opened the transaction commits it."""

    def __init__(self, connection: Connection) -> None:
        self._executions = ExecutionRepository(connection)

    async def claim(self, device: UUID) -> Claim | None:
        """The next job of the device; the one it is at work on, if it claimed before. None: there is nothing to do.

        Repeating it is safe: a device whose answer was lost gets the same attempt again.
        """
        return await self._executions.claim(device) or await self._executions.find_running(device)

    async def progress(
        self, job_id: int, device: UUID, *, attempt: int, step: int, message: str | None
    ) -> JobNews:
        """Notes that the device is at a step, which gives it the time of that step. Raises ExecutionNotFound or AttemptOver.

        A step that it was past already changes nothing.
        """
        await self._executions.note_progress(job_id, device, attempt=attempt, step=step, message=message)
        return await self.get_news(job_id, device, attempt=attempt)

    async def get_news(self, job_id: int, device: UUID, *, attempt: int) -> JobNews:
        """Whether the device is to stop. Raises ExecutionNotFound, or AttemptOver when this attempt does not run any more."""
        news = await self._executions.find_news(job_id, device)
        if news is None:
            raise _not_yours(job_id)
        if news.attempt != attempt or news.status != "in_progress":
            outcome = await self._executions.find_outcome(job_id, device, attempt)
            raise _over(job_id, attempt, outcome)
        return news

    async def report(self, job_id: int, device: UUID, report: AttemptReport) -> bool:
        """Keeps how an attempt ended; False: it was reported so before. Raises ExecutionNotFound or AttemptOver.

        A report of an attempt that ended otherwise meanwhile, by its timeout for example, changes nothing.
        """
        standing = await self._executions.find_locked(job_id, device)
        if standing is None:
            raise _not_yours(job_id)
        if standing.status != "in_progress" or standing.attempt != report.attempt:
            outcome = await self._executions.find_outcome(job_id, device, report.attempt)
            if outcome == report.outcome:
                return False
            raise _over(job_id, report.attempt, outcome)
        await self._executions.end(_ending(standing, report))
        return True

    async def expire(self, *, limit: int) -> Expiry:
        """Ends attempts whose time is over and takes back what was not claimed in time, at most `limit` of each."""
        expired = await self._executions.list_expired(limit)
        for standing in expired:
            outcome, status = ending_of(standing, "timed_out")
            reason = (
                "did not stop in time" if outcome == "cancelled" else "no progress or report within the time"
            )
            await self._executions.end(
                Ending(standing=standing, outcome=outcome, status=status, reason=reason)
            )
        returned = await self._executions.return_unclaimed(limit)
        return Expiry(
            ended=len(expired),
            returned=len(returned),
            jobs=frozenset(returned) | {standing.job_id for standing in expired},
        )

    async def release_device(self, device: UUID, *, reason: str) -> Sequence[int]:
        """Takes the device out of all jobs that it has not ended; answers which."""
        left = list(await self._executions.cancel_of_device(device, reason))
        running = await self._executions.find_running(device)
        standing = None if running is None else await self._executions.find_locked(running.job_id, device)
        if standing is not None and standing.status == "in_progress":
            await self._executions.end(
                Ending(standing=standing, outcome="cancelled", status="cancelled", reason=reason)
            )
            left.append(standing.job_id)
        return left


def _ending(standing: Standing, report: AttemptReport) -> Ending:
    outcome, status = ending_of(standing, report.outcome)
    output = kept_output(report.output)
    return Ending(
        standing=standing,
        outcome=outcome,
        status=status,
        reason=None if report.reason is None else report.reason[:_LONGEST_REASON],
        step=report.step,
        exit_code=report.exit_code,
        output=None if output is None else output.text,
        output_bytes=None if output is None else output.bytes,
        result=kept_result(report.result),
    )


def _not_yours(job_id: int) -> ExecutionNotFound:
    return ExecutionNotFound(f"There is no job {job_id} for this device.", job=job_id)


def _over(job_id: int, attempt: int, outcome: str | None) -> AttemptOver:
    how = "is not the one that runs" if outcome is None else f"has ended: {outcome}"
    return AttemptOver(
        f"Attempt {attempt} of job {job_id} {how}.",
        hint="Stop it, and ask for the next job.",
        outcome=outcome,
    )
