"""Devices, people and the rollout at once, each on a connection of its own."""

import asyncio
from uuid import UUID

from iotistic.database import unit_of_work
from iotistic.database.pool import Pool
from iotistic.jobs import (
    AttemptOver,
    Claim,
    JobDesk,
    JobService,
    RolloutDriver,
    RolloutPolicy,
    Share,
)
from tests.integration.jobs.conftest import NOW, done, make_job


async def claim(pool: Pool, device: UUID) -> Claim | None:
    async with unit_of_work.begin(pool) as work:
        return await JobDesk(work.connection).claim(device)


async def start(pool: Pool, devices: list[UUID], rollout: RolloutPolicy | None = None) -> int:
    async with unit_of_work.begin(pool) as work:
        return (await make_job(work.connection, devices, rollout)).id


async def test_fifty_devices_claim_at_once_and_each_gets_its_own(
    pool: Pool, fleet_of_fifty: list[UUID]
) -> None:
    job = await start(pool, fleet_of_fifty)
    claims = await asyncio.gather(*(claim(pool, device) for device in fleet_of_fifty))
    assert [one.job_id if one else None for one in claims] == [job] * 50
    async with unit_of_work.begin(pool, read_only=True) as work:
        found = await JobService(work.connection).get_job(job)
        assert (found.tally.in_progress, found.tally.total) == (50, 50)


async def test_fifty_claimers_of_one_device_begin_one_attempt(pool: Pool, fleet_of_fifty: list[UUID]) -> None:
    device = fleet_of_fifty[0]
    jobs = [await start(pool, [device]) for _ in range(3)]
    claims = await asyncio.gather(*(claim(pool, device) for _ in range(50)))
    found = [one for one in claims if one is not None]
    assert {(one.job_id, one.attempt) for one in found} == {(jobs[0], 1)}
    assert [one.is_new for one in found].count(True) == 1


async def test_a_job_that_comes_first_while_another_is_claimed_waits_its_turn(
    pool: Pool, fleet_of_fifty: list[UUID]
) -> None:
    """The second claim sees no job of the device begun yet, and another one first: only the unique index would know better."""
    device = fleet_of_fifty[0]
    first, other = [await start(pool, [device]) for _ in range(2)]
    async with unit_of_work.begin(pool) as begun:
        claimed = await JobDesk(begun.connection).claim(device)
        assert claimed is not None
        assert claimed.job_id == first
        async with unit_of_work.begin(pool) as work:
            await work.connection.execute(
                "UPDATE job_executions SET due_at = due_at - interval '1 hour' WHERE job_id = %s", (other,)
            )
        async with asyncio.timeout(60):
            assert await claim(pool, device) is None
    again = await claim(pool, device)
    assert again is not None
    assert (again.job_id, again.is_new) == (first, False)


async def test_fifty_reports_of_one_attempt_are_kept_once(pool: Pool, fleet_of_fifty: list[UUID]) -> None:
    device = fleet_of_fifty[0]
    job = await start(pool, [device])
    await claim(pool, device)

    async def report() -> bool:
        async with unit_of_work.begin(pool) as work:
            return await JobDesk(work.connection).report(job, device, done(1))

    assert sorted(await asyncio.gather(*(report() for _ in range(50)))) == [False] * 49 + [True]


async def test_a_threshold_is_overshot_by_less_than_the_concurrency(
    pool: Pool, fleet_of_fifty: list[UUID]
) -> None:
    """Every device fails, all at once, while rollouts go on from many connections."""
    policy = RolloutPolicy(concurrency=8, failure_threshold=Share(count=5))
    job = await start(pool, fleet_of_fifty, policy)

    async def advance(job_id: int) -> None:
        async with unit_of_work.begin(pool) as work:
            await JobService(work.connection).advance(job_id, now=NOW)

    async def fail(device: UUID) -> None:
        for _ in range(20):
            got = await claim(pool, device)
            if got is None:
                await asyncio.sleep(0.01)
                continue
            async with unit_of_work.begin(pool) as work:
                await JobDesk(work.connection).report(job, device, done(got.attempt, "failed"))
            await advance(job)
            return

    await asyncio.gather(*(fail(device) for device in fleet_of_fifty))
    async with unit_of_work.begin(pool, read_only=True) as work:
        found = await JobService(work.connection).get_job(job)
    assert found.status == "halted"
    assert 5 <= found.tally.failed <= 5 - 1 + 8
    assert found.tally.released == 0


async def test_no_more_are_at_work_than_may_whoever_lets_them_begin(
    pool: Pool, fleet_of_fifty: list[UUID]
) -> None:
    job = await start(pool, fleet_of_fifty, RolloutPolicy(concurrency=7))

    async def advance() -> None:
        async with unit_of_work.begin(pool) as work:
            await JobService(work.connection).advance(job, now=NOW)

    claims, *_ = await asyncio.gather(
        asyncio.gather(*(claim(pool, device) for device in fleet_of_fifty)), *(advance() for _ in range(20))
    )
    assert sum(one is not None for one in claims) <= 7
    async with unit_of_work.begin(pool, read_only=True) as work:
        assert (await JobService(work.connection).get_job(job)).tally.active == 7


async def test_cancelling_leaves_nobody_behind_who_claims_or_fails_meanwhile(
    pool: Pool, fleet_of_fifty: list[UUID]
) -> None:
    job = await start(pool, fleet_of_fifty, RolloutPolicy(attempts=5))

    async def claim_and_fail(device: UUID) -> None:
        got = await claim(pool, device)
        if got is not None and not got.is_cancelled:
            async with unit_of_work.begin(pool) as work:
                await JobDesk(work.connection).report(job, device, done(1, "failed"))

    async def cancel() -> None:
        async with unit_of_work.begin(pool) as work:
            await JobService(work.connection).cancel(job)

    devices = [claim_and_fail(device) for device in fleet_of_fifty]
    await asyncio.gather(*devices[:25], cancel(), *devices[25:])
    async with unit_of_work.begin(pool, read_only=True) as work:
        jobs = JobService(work.connection)
        found = await jobs.get_job(job)
        assert (found.tally.queued, found.tally.released) == (0, 0)
        for one in await jobs.list_executions(job, status="in_progress"):
            assert one.cancel_requested_at is not None


async def test_two_who_look_after_timeouts_end_each_attempt_once(
    pool: Pool, fleet_of_fifty: list[UUID]
) -> None:
    job = await start(pool, fleet_of_fifty)
    await asyncio.gather(*(claim(pool, device) for device in fleet_of_fifty))
    async with unit_of_work.begin(pool) as work:
        await work.connection.execute("UPDATE job_executions SET due_at = now() - interval '1 second'")

    async def expire() -> int:
        async with unit_of_work.begin(pool) as work:
            return (await JobDesk(work.connection).expire(limit=40)).ended

    assert sum(await asyncio.gather(*(expire() for _ in range(4)))) == 50
    async with unit_of_work.begin(pool, read_only=True) as work:
        assert (await JobService(work.connection).get_job(job)).tally.timed_out == 50


async def test_a_report_races_its_timeout_and_one_of_them_counts(
    pool: Pool, fleet_of_fifty: list[UUID]
) -> None:
    job = await start(pool, fleet_of_fifty)
    await asyncio.gather(*(claim(pool, device) for device in fleet_of_fifty))
    async with unit_of_work.begin(pool) as work:
        await work.connection.execute("UPDATE job_executions SET due_at = now() - interval '1 second'")

    async def report(device: UUID) -> bool:
        try:
            async with unit_of_work.begin(pool) as work:
                return await JobDesk(work.connection).report(job, device, done(1))
        except AttemptOver:
            return False

    async def expire() -> int:
        async with unit_of_work.begin(pool) as work:
            return (await JobDesk(work.connection).expire(limit=50)).ended

    taken, ended = await asyncio.gather(asyncio.gather(*map(report, fleet_of_fifty)), expire())
    async with unit_of_work.begin(pool, read_only=True) as work:
        tally = (await JobService(work.connection).get_job(job)).tally
    assert (tally.succeeded, tally.timed_out) == (sum(taken), ended)


async def test_nudges_while_a_look_is_under_way_make_one_more_look() -> None:
    looks: list[int] = []
    going, go_on = asyncio.Event(), asyncio.Event()

    async def advance(job_id: int) -> None:
        looks.append(job_id)
        going.set()
        await go_on.wait()

    driver = RolloutDriver(advance)
    await driver.nudge(7)
    await going.wait()
    for _ in range(100):
        await driver.nudge(7)
    go_on.set()
    async with asyncio.timeout(20):
        while driver._tasks:
            await asyncio.sleep(0.01)
    assert looks == [7, 7]
    await driver.stop()
