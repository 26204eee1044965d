"""Retrying a job that is over, for the devices it failed for."""

import pytest

from iotistic.database.pool import Connection
from iotistic.devices import DeviceService
from iotistic.jobs import (
    AttemptReport,
    JobDesk,
    JobNotFound,
    JobService,
    JobStateConflict,
    JobWithoutTargets,
    Outcome,
    RolloutPolicy,
)
from tests.integration.jobs.conftest import NOW, make_devices, make_job


async def end(connection: Connection, job_id: int, *outcomes: Outcome) -> list[object]:
    """The devices of a job report so, in the order of their uuids; answers who they are."""
    jobs, desk = JobService(connection), JobDesk(connection)
    devices = [one.device_uuid for one in await jobs.list_executions(job_id)]
    for device, outcome in zip(devices, outcomes, strict=True):
        claim = await desk.claim(device)
        assert claim is not None
        await desk.report(job_id, device, AttemptReport(attempt=claim.attempt, outcome=outcome))
    await jobs.advance(job_id, now=NOW)
    return list(devices)


async def test_a_stranger_is_not_retried(connection: Connection) -> None:
    with pytest.raises(JobNotFound):
        await JobService(connection).retry(4711, created_by="ada", now=NOW)


async def test_what_goes_on_is_not_retried(connection: Connection) -> None:
    job = await make_job(connection, await make_devices(connection, 1))
    with pytest.raises(JobStateConflict, match="running"):
        await JobService(connection).retry(job.id, created_by="ada", now=NOW)


async def test_a_retry_is_for_whom_it_failed_and_the_same_in_all_else(connection: Connection) -> None:
    jobs = JobService(connection)
    job = await make_job(connection, await make_devices(connection, 4), RolloutPolicy(concurrency=50))
    devices = await end(connection, job.id, "failed", "succeeded", "rejected", "cancelled")
    assert (await jobs.get_job(job.id)).status == "completed"
    again = await jobs.retry(job.id, created_by="ada", now=NOW)
    assert [one.device_uuid for one in await jobs.list_executions(again.id)] == [devices[0], devices[2]]
    assert (again.retry_of, again.status, again.created_by) == (job.id, "running", "ada")
    assert (again.name, again.document, again.target, again.rollout) == (
        job.name, job.document, job.target, job.rollout,
    )  # fmt: skip
    assert (await jobs.get_job(job.id)).tally.failed == 1, "what was, stays"
    await end(connection, again.id, "succeeded", "failed")
    third = await jobs.retry(again.id, created_by="ada", now=NOW)
    assert [one.device_uuid for one in await jobs.list_executions(third.id)] == [devices[2]]


async def test_a_job_is_retried_once(connection: Connection) -> None:
    jobs = JobService(connection)
    job = await make_job(connection, await make_devices(connection, 1))
    await end(connection, job.id, "failed")
    await jobs.retry(job.id, created_by="ada", now=NOW)
    with pytest.raises(JobStateConflict, match="of their own"):
        async with connection.transaction():
            await jobs.retry(job.id, created_by="ada", now=NOW)


async def test_without_a_failed_device_in_service_there_is_nothing_to_retry(connection: Connection) -> None:
    jobs = JobService(connection)
    good = await make_job(connection, await make_devices(connection, 1))
    await end(connection, good.id, "succeeded")
    [gone] = await make_devices(connection, 1)
    bad = await make_job(connection, [gone])
    await end(connection, bad.id, "failed")
    await DeviceService(connection).retire_device(gone)
    for job in (good, bad):
        with pytest.raises(JobWithoutTargets):
            async with connection.transaction():
                await jobs.retry(job.id, created_by="ada", now=NOW)
    assert len(await jobs.list_jobs()) == 2
