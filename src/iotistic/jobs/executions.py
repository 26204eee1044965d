"""Jobs on single devices in the tables, in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from typing import Any, final
from uuid import UUID

from psycopg.types.json import Jsonb

from iotistic.database.pool import Connection
from iotistic.database.queries import Statements
from iotistic.jobs.attempt import Ending, Standing
from iotistic.jobs.codec import policy_from_json
from iotistic.jobs.errors import CONSTRAINTS
from iotistic.jobs.model import Attempt, Claim, Execution, JobNews
from iotistic.jobs.repository import QUERIES
from iotistic.jobs.states import ExecutionStatus, Outcome

__all__ = ["ExecutionRepository"]


@final
class ExecutionRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, QUERIES, CONSTRAINTS)

    async def claim(self, device: UUID) -> Claim | None:
        if not await self._sql.value("begin_claim", device_uuid=device):
            return None
        return await self._sql.one("claim", Claim, device_uuid=device)

    async def find_running(self, device: UUID) -> Claim | None:
        return await self._sql.one("find_running", Claim, device_uuid=device)

    async def note_progress(
        self, job_id: int, device: UUID, *, attempt: int, step: int, message: str | None
    ) -> bool:
        """Whether that attempt runs and is at that step now."""
        touched = await self._sql.run(
            "note_progress", job_id=job_id, device_uuid=device, attempt=attempt, step=step, message=message
        )
        return touched > 0

    async def find_news(self, job_id: int, device: UUID) -> JobNews | None:
        return await self._sql.one("find_news", JobNews, job_id=job_id, device_uuid=device)

    async def find_locked(self, job_id: int, device: UUID) -> Standing | None:
        return await self._sql.one("lock_attempt", _standing, job_id=job_id, device_uuid=device)

    async def list_expired(self, limit: int) -> Sequence[Standing]:
        """Locked; each is at work and its time is over."""
        return await self._sql.many("list_expired", _standing, limit=limit)

    async def end(self, ending: Ending) -> None:
        standing = ending.standing
        await self._sql.run(
            "end_attempt",
            job_id=standing.job_id,
            device_uuid=standing.device_uuid,
            attempt=standing.attempt,
            status=ending.status,
            outcome=ending.outcome,
            retry_delay=standing.policy.retry_delay,
            reason=ending.reason,
            step=ending.step,
            exit_code=ending.exit_code,
            output=ending.output,
            output_bytes=ending.output_bytes,
            result=None if ending.result is None else Jsonb(ending.result),
        )

    async def find_outcome(self, job_id: int, device: UUID, attempt: int) -> Outcome | None:
        found: Outcome | None = await self._sql.value(
            "find_outcome", job_id=job_id, device_uuid=device, attempt=attempt
        )
        return found

    async def return_unclaimed(self, limit: int) -> Sequence[int]:
        """The jobs of those who went back into the queue, one a device."""
        return [row[0] for row in await self._sql.rows("return_unclaimed", limit=limit)]

    async def cancel_of_device(self, device: UUID, reason: str) -> Sequence[int]:
        """The jobs that it leaves."""
        rows = await self._sql.rows("cancel_of_device", device_uuid=device, reason=reason)
        return [row[0] for row in rows]

    async def list_of_job(
        self, job_id: int, *, status: ExecutionStatus | None, after: UUID | None, limit: int
    ) -> Sequence[Execution]:
        return await self._sql.many(
            "list_executions", Execution, job_id=job_id, status=status, after=after, limit=limit
        )

    async def find(self, job_id: int, device: UUID) -> Execution | None:
        return await self._sql.one("find_execution", Execution, job_id=job_id, device_uuid=device)

    async def list_of_device(self, device: UUID, *, before: int | None, limit: int) -> Sequence[Execution]:
        return await self._sql.many(
            "list_of_device", Execution, device_uuid=device, before=before, limit=limit
        )

    async def list_attempts(self, job_id: int, device: UUID) -> Sequence[Attempt]:
        return await self._sql.many("list_attempts", Attempt, job_id=job_id, device_uuid=device)


def _standing(
    *,
    device_uuid: UUID,
    job_id: int,
    status: ExecutionStatus,
    attempt: int,
    is_cancelled: bool,
    rollout: dict[str, Any],
) -> Standing:
    return Standing(
        device_uuid=device_uuid,
        job_id=job_id,
        status=status,
        attempt=attempt,
        is_cancelled=is_cancelled,
        policy=policy_from_json(rollout),
    )
