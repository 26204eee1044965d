"""What people do with jobs, and what the rules of a rollout do by themselves."""

from uuid import UUID, uuid4

import pytest

from iotistic.database.pool import Connection
from iotistic.devices import DeviceService
from iotistic.devices.fleets import FleetDraft, FleetNotFound, FleetService
from iotistic.devices.tag_expression import TagExpressionInvalid
from iotistic.jobs import (
    AttemptOver,
    JobDesk,
    JobDraft,
    JobNotFound,
    JobService,
    JobStateConflict,
    JobTarget,
    JobWithoutTargets,
    RolloutInvalid,
    RolloutPolicy,
    Share,
    TargetInvalid,
    parse_document,
)
from iotistic.workflows import admit_devices, start_job
from tests.integration.jobs.conftest import ECHO, NOW, done, make_devices, make_job, work_off


def draft(target: JobTarget, *, continuous: bool = False, rollout: RolloutPolicy | None = None) -> JobDraft:
    return JobDraft(
        name="greet",
        document=parse_document(ECHO),
        target=target,
        rollout=rollout or RolloutPolicy(),
        created_by="anna",
        is_continuous=continuous,
    )


async def tagged(connection: Connection, site: str) -> UUID:
    [uuid] = await make_devices(connection, 1)
    await DeviceService(connection).set_tag(uuid, "site", site)
    return uuid


async def test_a_job_is_for_whom_the_expression_means_when_it_starts(
    connection: Connection, jobs: JobService
) -> None:
    site = f"s{uuid4().hex}"
    first = await tagged(connection, site)
    await tagged(connection, "elsewhere")
    job = await start_job(DeviceService(connection), jobs, draft(JobTarget(where=f"site={site}")), now=NOW)
    await tagged(connection, site)
    assert [one.device_uuid for one in await jobs.list_executions(job.id)] == [first]
    assert job.target == JobTarget(where=f"site={site}")


async def test_a_continuous_job_takes_in_who_comes_later_each_once(
    connection: Connection, jobs: JobService
) -> None:
    site = f"s{uuid4().hex}"
    devices = DeviceService(connection)
    job = await start_job(devices, jobs, draft(JobTarget(where=f"site={site}"), continuous=True), now=NOW)
    assert job.status == "running"
    late = await tagged(connection, site)
    assert await admit_devices(devices, jobs, job.id, now=NOW) == 1
    assert await admit_devices(devices, jobs, job.id, now=NOW) == 0
    assert await work_off(connection, late) == job.id
    await jobs.advance(job.id, now=NOW)
    assert (await jobs.get_job(job.id)).status == "running"
    await jobs.cancel(job.id)
    assert (await jobs.get_job(job.id)).status == "cancelled"


async def test_a_job_for_a_fleet_is_for_its_devices(connection: Connection, jobs: JobService) -> None:
    fleets, devices = FleetService(connection), DeviceService(connection)
    await fleets.create_fleet("job-fleet", FleetDraft())
    member, _ = await make_devices(connection, 2)
    await fleets.assign("job-fleet", [member])
    job = await start_job(devices, jobs, draft(JobTarget(fleet="job-fleet")), now=NOW)
    assert [one.device_uuid for one in await jobs.list_executions(job.id)] == [member]
    await fleets.assign(None, [member])
    await fleets.delete_fleet("job-fleet")
    assert await admit_devices(devices, jobs, job.id, now=NOW) == 0


@pytest.mark.parametrize(
    ("target", "error"),
    [
        (JobTarget(), TargetInvalid),
        (JobTarget(fleet="a", where="b=c"), TargetInvalid),
        (JobTarget(devices=()), JobWithoutTargets),
        (JobTarget(devices=(uuid4(),)), TargetInvalid),
        (JobTarget(where="no-such-key=1"), JobWithoutTargets),
        (JobTarget(where="site="), TagExpressionInvalid),
        (JobTarget(fleet="no-such-fleet"), FleetNotFound),
    ],
)
async def test_whom_a_job_cannot_be_for(
    connection: Connection, jobs: JobService, target: JobTarget, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await start_job(DeviceService(connection), jobs, draft(target), now=NOW)


async def test_a_device_that_is_retired_gets_no_job(connection: Connection, pump: UUID) -> None:
    await DeviceService(connection).retire_device(pump)
    with pytest.raises(TargetInvalid, match="not in service"):
        await make_job(connection, [pump])


async def test_rules_that_make_no_sense_make_no_job(connection: Connection, pump: UUID) -> None:
    with pytest.raises(RolloutInvalid):
        await make_job(connection, [pump], RolloutPolicy(concurrency=0))


async def test_the_canary_goes_first_and_the_others_after_its_success(
    connection: Connection, jobs: JobService, desk: JobDesk
) -> None:
    devices = await make_devices(connection, 5)
    job = await make_job(connection, devices, RolloutPolicy(canary=Share(count=2)))
    first = [d for d in devices if await desk.claim(d) is not None]
    assert len(first) == 2
    await desk.report(job.id, first[0], done(1))
    await jobs.advance(job.id, now=NOW)
    assert (await jobs.get_job(job.id)).tally.released == 0
    await desk.report(job.id, first[1], done(1))
    await jobs.advance(job.id, now=NOW)
    found = await jobs.get_job(job.id)
    assert (found.tally.released, found.is_canary_passed) == (3, True)


async def test_a_canary_that_fails_halts_and_a_person_may_go_on(
    connection: Connection, jobs: JobService, desk: JobDesk
) -> None:
    devices = await make_devices(connection, 4)
    job = await make_job(connection, devices, RolloutPolicy(canary=Share(percent=50), concurrency=2))
    first = [d for d in devices if await desk.claim(d) is not None]
    await desk.report(job.id, first[0], done(1, "rejected", reason="unknown action"))
    await jobs.advance(job.id, now=NOW)
    halted = await jobs.get_job(job.id)
    assert (halted.status, halted.status_reason) == ("halted", "1 of the first devices failed")
    await desk.report(job.id, first[1], done(1))
    await jobs.advance(job.id, now=NOW)
    assert (await jobs.get_job(job.id)).tally.released == 0
    resumed = await jobs.resume(job.id, now=NOW)
    assert (resumed.status, resumed.tally.released, resumed.status_reason) == ("running", 2, None)


async def test_pausing_calls_back_who_has_not_begun_and_leaves_who_has(
    connection: Connection, jobs: JobService, desk: JobDesk
) -> None:
    devices = await make_devices(connection, 3)
    job = await make_job(connection, devices)
    await desk.claim(devices[0])
    paused = await jobs.pause(job.id, reason="lunch")
    assert (paused.status, paused.status_reason) == ("paused", "lunch")
    assert [await desk.claim(device) for device in devices[1:]] == [None, None]
    assert await desk.report(job.id, devices[0], done(1))
    await jobs.advance(job.id, now=NOW)
    assert (await jobs.get_job(job.id)).tally.queued == 2
    await jobs.resume(job.id, now=NOW)
    assert await desk.claim(devices[1]) is not None


async def test_cancelling_ends_the_waiting_and_asks_the_working_to_stop(
    connection: Connection, jobs: JobService, desk: JobDesk
) -> None:
    working, waiting = await make_devices(connection, 2)
    job = await make_job(connection, [working, waiting])
    await desk.claim(working)
    assert (await jobs.cancel(job.id, reason="wrong version")).status == "cancelled"
    assert await desk.claim(waiting) is None
    news = await desk.progress(job.id, working, attempt=1, step=0, message=None)
    assert news.is_cancelled
    again = await desk.claim(working)
    assert again is not None
    assert again.is_cancelled
    assert await desk.report(job.id, working, done(1, "cancelled"))
    found = await jobs.get_job(job.id)
    assert (found.tally.cancelled, found.tally.total) == (2, 2)
    assert (await jobs.cancel(job.id)).status == "cancelled"  # repeated, it changes nothing
    with pytest.raises(AttemptOver):
        await desk.get_news(job.id, working, attempt=1)


async def test_who_does_not_stop_in_five_minutes_counts_as_cancelled(
    connection: Connection, jobs: JobService, desk: JobDesk, pump: UUID
) -> None:
    long = {"steps": [{"action": "wait"}], "timeout_seconds": 86400}
    job = await make_job(connection, [pump], RolloutPolicy(attempts=3), document=long)
    await desk.claim(pump)
    await jobs.cancel(job.id)
    await connection.execute(
        "UPDATE job_executions SET due_at = due_at - interval '4 minutes 59 seconds' WHERE job_id = %s",
        (job.id,),
    )
    assert (await desk.expire(limit=10)).ended == 0
    await connection.execute(
        "UPDATE job_executions SET due_at = due_at - interval '2 seconds' WHERE job_id = %s", (job.id,)
    )
    assert (await desk.expire(limit=10)).ended == 1
    assert (await jobs.get_execution(job.id, pump)).status == "cancelled"


async def test_what_is_over_stays_over(connection: Connection, jobs: JobService, pump: UUID) -> None:
    job = await make_job(connection, [pump])
    await work_off(connection, pump)
    await jobs.advance(job.id, now=NOW)
    with pytest.raises(JobStateConflict):
        await jobs.pause(job.id)
    with pytest.raises(JobStateConflict):
        await jobs.resume(job.id, now=NOW)
    with pytest.raises(JobStateConflict):
        await jobs.cancel(job.id)
    with pytest.raises(JobNotFound):
        await jobs.pause(job.id + 1_000_000)


async def test_lists_go_page_by_page(connection: Connection, jobs: JobService, pump: UUID) -> None:
    made = [(await make_job(connection, [pump])).id for _ in range(3)]
    first = await jobs.list_jobs(limit=2)
    assert [one.id for one in first] == made[:0:-1]
    assert [one.id for one in await jobs.list_jobs(before=made[1], limit=1)] == made[:1]
    assert [one.job_id for one in await jobs.list_of_device(pump, limit=2)] == made[:0:-1]
    assert [one.job_id for one in await jobs.list_of_device(pump, before=made[1])] == made[:1]
    assert made[0] not in [one.id for one in await jobs.list_jobs(status="completed")]
    with pytest.raises(JobNotFound):
        await jobs.list_executions(made[-1] + 1_000_000)
