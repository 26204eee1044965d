"""Schedules make jobs when they are due, once, and say what keeps them from it."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from iotistic.database import unit_of_work
from iotistic.database.pool import Connection, Pool
from iotistic.devices import DeviceService
from iotistic.jobs import JobService, JobTarget, RolloutPolicy, parse_document
from iotistic.jobs.schedules import (
    CatchUp,
    JobSchedule,
    ScheduleDraft,
    ScheduleInvalid,
    ScheduleNameTaken,
    ScheduleNotFound,
    ScheduleService,
)
from iotistic.jobs.templates import TemplateInUse, TemplateNotFound, TemplateService
from iotistic.workflows import ScheduleRun, run_due_schedule
from tests.integration.jobs.conftest import ECHO

START = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def make_schedule(
    connection: Connection, target: JobTarget, *, catch_up: CatchUp = "skip", name: str = "hourly"
) -> JobSchedule:
    template = await TemplateService(connection).save_template(
        "greet", parse_document(ECHO), created_by="anna"
    )
    return await ScheduleService(connection).create_schedule(
        name,
        ScheduleDraft(
            template_id=template.id,
            template_version=None,
            target=target,
            rollout=RolloutPolicy(concurrency=3),
            cron=None,
            every=HOUR,
            time_zone="UTC",
            catch_up=catch_up,
            created_by="anna",
        ),
        now=START,
    )


async def run(connection: Connection, now: datetime) -> ScheduleRun | None:
    return await run_due_schedule(
        DeviceService(connection),
        TemplateService(connection),
        ScheduleService(connection),
        JobService(connection),
        now=now,
    )


async def test_a_schedule_that_is_due_makes_a_job(connection: Connection, pump: UUID) -> None:
    made = await make_schedule(connection, JobTarget(devices=(pump,)))
    assert made.next_run_at == START + HOUR
    assert await run(connection, START + HOUR - timedelta(seconds=1)) is None
    done = await run(connection, START + HOUR)
    assert done is not None
    assert await run(connection, START + HOUR) is None
    job = await JobService(connection).get_job(done.jobs[0])
    assert (job.schedule, job.template, job.template_version) == ("hourly", "greet", 1)
    assert (job.rollout.concurrency, job.created_by, job.tally.released) == (3, "schedule hourly", 1)
    found = await ScheduleService(connection).get_schedule("hourly")
    assert (found.last_job, found.next_run_at, found.last_problem) == (job.id, START + 2 * HOUR, None)


@pytest.mark.parametrize(("catch_up", "number"), [("skip", 0), ("once", 1), ("each", 5)])
async def test_what_was_missed_is_made_up_for_as_it_says(
    connection: Connection, pump: UUID, catch_up: CatchUp, number: int
) -> None:
    await make_schedule(connection, JobTarget(devices=(pump,)), catch_up=catch_up)
    done = await run(connection, START + 5.5 * HOUR)
    assert done is not None
    assert len(done.jobs) == number
    found = await ScheduleService(connection).get_schedule("hourly")
    assert found.next_run_at == START + 6 * HOUR


async def test_it_runs_the_newest_version_of_its_template(connection: Connection, pump: UUID) -> None:
    await make_schedule(connection, JobTarget(devices=(pump,)))
    newer = parse_document({"steps": [{"action": "wait"}]})
    await TemplateService(connection).save_template("greet", newer, created_by="anna")
    done = await run(connection, START + HOUR)
    assert done is not None
    job = await JobService(connection).get_job(done.jobs[0])
    assert (job.template_version, job.document["steps"][0]["action"]) == (2, "wait")


async def test_what_is_wrong_is_noted_and_stops_neither_it_nor_others(
    connection: Connection, pump: UUID
) -> None:
    await make_schedule(connection, JobTarget(fleet="no-such-fleet"), name="broken")
    await make_schedule(connection, JobTarget(devices=(pump,)), name="good")
    runs = [await run(connection, START + HOUR) for _ in range(3)]
    assert {one.schedule: bool(one.jobs) for one in runs if one} == {"broken": False, "good": True}
    found = await ScheduleService(connection).get_schedule("broken")
    assert found.next_run_at == START + 2 * HOUR
    assert "no-such-fleet" in (found.last_problem or "")


async def test_switched_off_it_rests_and_switched_on_it_makes_up_for_nothing(
    connection: Connection, pump: UUID
) -> None:
    schedules = ScheduleService(connection)
    await make_schedule(connection, JobTarget(devices=(pump,)), catch_up="each")
    await schedules.switch("hourly", is_enabled=False, now=START)
    assert await run(connection, START + 3 * HOUR) is None
    found = await schedules.switch("hourly", is_enabled=True, now=START + 3.5 * HOUR)
    assert found.next_run_at == START + 4 * HOUR
    assert await run(connection, START + 3.5 * HOUR) is None


async def test_a_template_in_use_stays_and_a_schedule_that_is_deleted_leaves_its_jobs(
    connection: Connection, pump: UUID
) -> None:
    templates, schedules = TemplateService(connection), ScheduleService(connection)
    await make_schedule(connection, JobTarget(devices=(pump,)))
    done = await run(connection, START + HOUR)
    assert done is not None
    with pytest.raises(TemplateInUse):
        async with connection.transaction():
            await templates.delete_template("greet")
    await schedules.delete_schedule("hourly")
    await templates.delete_template("greet")
    job = await JobService(connection).get_job(done.jobs[0])
    assert (job.schedule, job.template, job.document) == (None, None, ECHO)
    with pytest.raises(ScheduleNotFound):
        await schedules.delete_schedule("hourly")
    with pytest.raises(TemplateNotFound):
        await templates.delete_template("greet")


async def test_names_are_taken_once_and_have_a_form(connection: Connection, pump: UUID) -> None:
    for name, error in (("hourly", ScheduleNameTaken), ("Not A Name", ScheduleInvalid)):
        if error is ScheduleNameTaken:
            await make_schedule(connection, JobTarget(devices=(pump,)))
        with pytest.raises(error):
            async with connection.transaction():
                await make_schedule(connection, JobTarget(devices=(pump,)), name=name)


async def test_ten_who_think_they_lead_make_one_job_of_one_run(
    pool: Pool, fleet_of_fifty: list[UUID]
) -> None:
    async with unit_of_work.begin(pool) as work:
        await make_schedule(work.connection, JobTarget(devices=tuple(fleet_of_fifty)))

    async def lead() -> ScheduleRun | None:
        async with unit_of_work.begin(pool) as work:
            return await run(work.connection, START + HOUR)

    runs = [one for one in await asyncio.gather(*(lead() for _ in range(10))) if one is not None]
    assert [len(one.jobs) for one in runs] == [1]


async def test_versions_of_a_template_are_kept_and_the_same_again_makes_none(connection: Connection) -> None:
    templates = TemplateService(connection)
    first = parse_document(ECHO)
    second = parse_document({"steps": [{"action": "wait"}]})
    for document in (first, first, second, second):
        await templates.save_template("greet", document, created_by="anna", description="says hello")
    assert [one.version for one in await templates.list_versions("greet")] == [2, 1]
    old = await templates.get_template("greet", version=1)
    assert (old.document, old.version, old.newest_version, old.description) == (ECHO, 1, 2, "says hello")
    with pytest.raises(TemplateNotFound):
        await templates.get_template("greet", version=3)
