"""What devices do with their jobs: claim, progress, report; and what their silence does."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from iotistic.database.pool import Connection
from iotistic.jobs import AttemptOver, ExecutionNotFound, JobDesk, JobService, RolloutPolicy
from tests.integration.jobs.conftest import ECHO, NOW, done, let_time_pass, make_devices, make_job, work_off

STEPS = {
    "steps": [
        {"action": "echo", "timeout_seconds": 10},
        {"action": "wait", "timeout_seconds": 20},
        {"action": "echo"},
    ],
    "timeout_seconds": 100,
}


async def test_a_device_claims_its_job_and_reports(
    connection: Connection, desk: JobDesk, jobs: JobService, pump: UUID
) -> None:
    job = await make_job(connection, [pump])
    claim = await desk.claim(pump)
    assert claim is not None
    assert (claim.job_id, claim.attempt, claim.document, claim.is_new) == (job.id, 1, ECHO, True)
    assert await desk.report(job.id, pump, done(1, output="hi", exit_code=0, result={"a": 1}))
    found = await jobs.get_execution(job.id, pump)
    assert (found.status, found.attempt) == ("succeeded", 1)
    [attempt] = await jobs.list_attempts(job.id, pump)
    assert (attempt.outcome, attempt.output, attempt.output_bytes, attempt.result) == (
        "succeeded",
        "hi",
        2,
        {"a": 1},
    )
    await jobs.advance(job.id, now=NOW)
    assert (await jobs.get_job(job.id)).status == "completed"


async def test_a_device_sees_and_answers_no_job_of_another(
    connection: Connection, desk: JobDesk, jobs: JobService
) -> None:
    mine, other = await make_devices(connection, 2)
    job = await make_job(connection, [mine])
    assert await desk.claim(other) is None
    await desk.claim(mine)
    with pytest.raises(ExecutionNotFound):
        await desk.report(job.id, other, done(1))
    with pytest.raises(ExecutionNotFound):
        await desk.progress(job.id, other, attempt=1, step=0, message=None)
    with pytest.raises(ExecutionNotFound):
        await desk.get_news(job.id, other, attempt=1)
    assert (await jobs.get_execution(job.id, mine)).status == "in_progress"


async def test_nothing_is_there_for_a_device_that_no_job_means(desk: JobDesk) -> None:
    assert await desk.claim(uuid4()) is None


async def test_who_asks_again_gets_the_same_attempt_again(
    connection: Connection, desk: JobDesk, pump: UUID
) -> None:
    await make_job(connection, [pump])
    await make_job(connection, [pump])
    first, again = await desk.claim(pump), await desk.claim(pump)
    assert first is not None
    assert again is not None
    assert (again.job_id, again.attempt, again.is_new) == (first.job_id, first.attempt, False)


async def test_one_job_after_the_other_in_the_order_they_were_made(
    connection: Connection, pump: UUID
) -> None:
    made = [(await make_job(connection, [pump])).id for _ in range(3)]
    assert [await work_off(connection, pump) for _ in range(3)] == made


async def test_a_report_that_comes_twice_is_kept_once(
    connection: Connection, desk: JobDesk, jobs: JobService, pump: UUID
) -> None:
    job = await make_job(connection, [pump])
    await desk.claim(pump)
    assert await desk.report(job.id, pump, done(1, "failed", reason="first"))
    assert not await desk.report(job.id, pump, done(1, "failed", reason="second"))
    [attempt] = await jobs.list_attempts(job.id, pump)
    assert attempt.reason == "first"
    with pytest.raises(AttemptOver, match="has ended: failed"):
        await desk.report(job.id, pump, done(1, "succeeded"))


async def test_a_late_report_of_an_attempt_that_timed_out_changes_nothing(
    connection: Connection, desk: JobDesk, jobs: JobService, pump: UUID
) -> None:
    job = await make_job(connection, [pump], RolloutPolicy(attempts=2, retry_delay=timedelta()))
    await desk.claim(pump)
    await let_time_pass(connection, job.id, timedelta(seconds=61))
    assert (await desk.expire(limit=10)).ended == 1
    await jobs.advance(job.id, now=NOW)
    second = await desk.claim(pump)
    assert second is not None
    assert second.attempt == 2
    with pytest.raises(AttemptOver, match="timed_out"):
        await desk.report(job.id, pump, done(1))
    found = await jobs.get_execution(job.id, pump)
    assert (found.status, found.attempt) == ("in_progress", 2)
    assert [one.outcome for one in await jobs.list_attempts(job.id, pump)] == ["timed_out"]


async def test_an_attempt_that_does_not_exist_yet_cannot_be_reported(
    connection: Connection, desk: JobDesk, pump: UUID
) -> None:
    job = await make_job(connection, [pump])
    with pytest.raises(AttemptOver):
        await desk.report(job.id, pump, done(1))
    await desk.claim(pump)
    with pytest.raises(AttemptOver):
        await desk.report(job.id, pump, done(2))


@pytest.mark.parametrize(("seconds", "ended"), [(9, 0), (11, 1)])
async def test_the_first_step_has_its_time_from_the_claim(
    connection: Connection, desk: JobDesk, pump: UUID, seconds: int, ended: int
) -> None:
    job = await make_job(connection, [pump], document=STEPS)
    await desk.claim(pump)
    await let_time_pass(connection, job.id, timedelta(seconds=seconds))
    assert (await desk.expire(limit=10)).ended == ended


async def test_each_step_has_its_time_and_the_whole_has_one(
    connection: Connection, desk: JobDesk, pump: UUID
) -> None:
    job = await make_job(connection, [pump], document=STEPS)
    claim = await desk.claim(pump)
    assert claim is not None
    assert claim.deadline_at - claim.due_at == timedelta(seconds=90)
    second = await desk.progress(job.id, pump, attempt=1, step=1, message="waiting")
    third = await desk.progress(job.id, pump, attempt=1, step=2, message=None)
    assert second.due_at == claim.due_at + timedelta(seconds=10)
    assert third.due_at == claim.deadline_at


async def test_the_same_progress_again_and_a_step_back_give_no_more_time(
    connection: Connection, desk: JobDesk, jobs: JobService, pump: UUID
) -> None:
    job = await make_job(connection, [pump], document=STEPS)
    await desk.claim(pump)
    await desk.progress(job.id, pump, attempt=1, step=1, message="a")
    await let_time_pass(connection, job.id, timedelta(seconds=15))
    first = await desk.progress(job.id, pump, attempt=1, step=1, message="b")
    back = await desk.progress(job.id, pump, attempt=1, step=0, message="c")
    beyond = await desk.progress(job.id, pump, attempt=1, step=3, message="d")
    assert first.due_at == back.due_at == beyond.due_at
    found = await jobs.get_execution(job.id, pump)
    assert (found.step, found.message) == (1, "b")


async def test_who_does_not_come_in_time_lets_others_have_their_turn(
    connection: Connection, desk: JobDesk, jobs: JobService
) -> None:
    devices = await make_devices(connection, 2)
    job = await make_job(
        connection, devices, RolloutPolicy(concurrency=1, claim_within=timedelta(seconds=10))
    )
    [absent] = [d for d in devices if (await jobs.get_execution(job.id, d)).status == "released"]
    [present] = set(devices) - {absent}
    assert await desk.claim(present) is None
    await let_time_pass(connection, job.id, timedelta(seconds=11))
    expiry = await desk.expire(limit=10)
    assert (expiry.ended, expiry.returned, expiry.jobs) == (0, 1, {job.id})
    await jobs.advance(job.id, now=NOW)
    assert await desk.claim(absent) is None
    assert await desk.claim(present) is not None


async def test_a_failure_is_tried_again_so_often_and_counts_once(
    connection: Connection, desk: JobDesk, jobs: JobService, pump: UUID
) -> None:
    job = await make_job(connection, [pump], RolloutPolicy(attempts=2, retry_delay=timedelta(minutes=1)))
    await work_off(connection, pump, "failed")
    await jobs.advance(job.id, now=NOW)
    assert await desk.claim(pump) is None  # not before the delay
    assert (await jobs.get_job(job.id)).tally.failures == 0
    await let_time_pass(connection, job.id, timedelta(minutes=1))
    await jobs.advance(job.id, now=NOW)
    await work_off(connection, pump, "failed")
    await jobs.advance(job.id, now=NOW)
    found = await jobs.get_job(job.id)
    assert (found.status, found.tally.failed, found.tally.total) == ("completed", 1, 1)
    assert [one.attempt for one in await jobs.list_attempts(job.id, pump)] == [1, 2]


async def test_one_batch_ends_no_more_than_it_may(connection: Connection, desk: JobDesk) -> None:
    devices = await make_devices(connection, 5)
    job = await make_job(connection, devices)
    for device in devices[:3]:
        await desk.claim(device)
    await let_time_pass(connection, job.id, timedelta(hours=1))
    first, second, third = [await desk.expire(limit=2) for _ in range(3)]
    assert [first.ended, second.ended, third.ended] == [2, 1, 0]
    assert [first.returned, second.returned, third.returned] == [2, 0, 0]


async def test_a_device_out_of_service_leaves_its_jobs(
    connection: Connection, desk: JobDesk, jobs: JobService, pump: UUID
) -> None:
    running, waiting = [(await make_job(connection, [pump])).id for _ in range(2)]
    await desk.claim(pump)
    assert sorted(await desk.release_device(pump, reason="retired")) == [running, waiting]
    for job in (running, waiting):
        assert (await jobs.get_execution(job, pump)).status == "cancelled"
    [attempt] = await jobs.list_attempts(running, pump)
    assert (attempt.outcome, attempt.reason) == ("cancelled", "retired")
    assert await desk.release_device(pump, reason="again") == []
