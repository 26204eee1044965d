"""Jobs as wholes in the tables, in the words of the model. Decides nothing, commits nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, final
from uuid import UUID

from psycopg.types.json import Jsonb

from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.jobs.codec import policy_from_json, policy_to_json, target_from_json, target_to_json
from iotistic.jobs.document import document_to_json
from iotistic.jobs.errors import CONSTRAINTS
from iotistic.jobs.model import Job, JobDraft
from iotistic.jobs.rollout import RolloutPolicy, Tally
from iotistic.jobs.states import JobStatus
from iotistic.jobs.target import JobTarget

__all__ = ["QUERIES", "JobRepository", "OpenJob"]

QUERIES = Queries("iotistic.jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenJob:
    """A job as whoever changes its state meets it."""

    status: JobStatus
    is_continuous: bool
    policy: RolloutPolicy
    forgiven: int
    is_canary_passed: bool
    target: JobTarget


@final
class JobRepository:
    """Reads and writes on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, QUERIES, CONSTRAINTS)

    async def insert(self, draft: JobDraft) -> int | None:
        """None: there is a job of this run of the schedule."""
        made: int | None = await self._sql.value(
            "insert_job",
            name=draft.name,
            template_id=draft.origin.template_id,
            template_version=draft.origin.template_version,
            schedule_id=draft.origin.schedule_id,
            scheduled_for=draft.origin.scheduled_for,
            document=Jsonb(document_to_json(draft.document)),
            target=Jsonb(target_to_json(draft.target)),
            is_continuous=draft.is_continuous,
            rollout=Jsonb(policy_to_json(draft.rollout)),
            created_by=draft.created_by,
        )
        return made

    async def retry(self, job_id: int, *, created_by: str) -> int:
        """The number of the new job."""
        made: int = await self._sql.value("retry_job", id=job_id, created_by=created_by)
        return made

    async def add_failed(self, job_id: int, *, retry_of: int) -> int:
        return await self._sql.run("add_failed", job_id=job_id, retry_of=retry_of)

    async def add_devices(self, job_id: int, uuids: Sequence[UUID]) -> int:
        return await self._sql.run("add_executions", job_id=job_id, uuids=list(uuids))

    async def find(self, job_id: int) -> Job | None:
        return await self._sql.one("find_job", _job, id=job_id)

    async def list(self, *, status: JobStatus | None, before: int | None, limit: int) -> Sequence[Job]:
        return await self._sql.many("list_jobs", _job, status=status, before=before, limit=limit)

    async def list_open(self, *, after: int, limit: int) -> Sequence[tuple[int, bool]]:
        """Numbers, and whether devices that come later are taken in."""
        return [(row[0], row[1]) for row in await self._sql.rows("list_open", after=after, limit=limit)]

    async def find_locked(self, job_id: int) -> OpenJob | None:
        return await self._sql.one("lock_job", _open_job, id=job_id)

    async def count(self, job_id: int) -> Tally:
        rows = await self._sql.rows("count_states", id=job_id)
        counts = {str(status): int(devices) for status, devices, _ in rows}
        ready = next((int(ready) for status, _, ready in rows if status == "queued"), 0)
        return Tally(**counts, ready=ready)

    async def set_status(
        self, job_id: int, status: JobStatus, *, reason: str | None, forgiven: int, is_canary_passed: bool
    ) -> None:
        await self._sql.run(
            "set_job_status",
            id=job_id,
            status=status,
            reason=reason,
            forgiven=forgiven,
            is_canary_passed=is_canary_passed,
        )

    async def pass_canary(self, job_id: int) -> None:
        await self._sql.run("pass_canary", id=job_id)

    async def release(self, job_id: int, count: int, claim_within: timedelta) -> int:
        return await self._sql.run("release", job_id=job_id, count=count, claim_within=claim_within)

    async def call_back(self, job_id: int) -> int:
        return await self._sql.run("call_back", job_id=job_id)

    async def cancel_unclaimed(self, job_id: int, reason: str) -> int:
        return await self._sql.run("cancel_unclaimed", job_id=job_id, reason=reason)

    async def ask_to_stop(self, job_id: int, grace: timedelta) -> int:
        return await self._sql.run("ask_to_stop", job_id=job_id, grace=grace)


def _job(
    *,
    id: int,  # noqa: A002 - the column's name
    name: str,
    template: str | None,
    template_version: int | None,
    schedule: str | None,
    document: dict[str, Any],
    target: dict[str, Any],
    retry_of: int | None,
    is_continuous: bool,
    rollout: dict[str, Any],
    status: JobStatus,
    status_reason: str | None,
    forgiven: int,
    is_canary_passed: bool,
    created_by: str,
    created_at: datetime,
    finished_at: datetime | None,
    tally: dict[str, int],
) -> Job:
    return Job(
        id=id,
        name=name,
        template=template,
        template_version=template_version,
        schedule=schedule,
        document=document,
        target=target_from_json(target),
        retry_of=retry_of,
        is_continuous=is_continuous,
        rollout=policy_from_json(rollout),
        status=status,
        status_reason=status_reason,
        forgiven=forgiven,
        is_canary_passed=is_canary_passed,
        created_by=created_by,
        created_at=created_at,
        finished_at=finished_at,
        tally=Tally(**tally),
    )


def _open_job(
    *,
    status: JobStatus,
    is_continuous: bool,
    rollout: dict[str, Any],
    forgiven: int,
    is_canary_passed: bool,
    target: dict[str, Any],
) -> OpenJob:
    return OpenJob(
        status=status,
        is_continuous=is_continuous,
        policy=policy_from_json(rollout),
        forgiven=forgiven,
        is_canary_passed=is_canary_passed,
        target=target_from_json(target),
    )
