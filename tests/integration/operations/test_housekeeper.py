import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from iotistic.database.locks import LockKey, hold
from iotistic.database.pool import Connection, connect
from iotistic.errors import Unavailable
from iotistic.operations.housekeeping import Housekeeper, Job
from tests.support.databases import TestDatabase

SOON = timedelta(milliseconds=10)
NEVER = timedelta(hours=1)


async def until(probe: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not probe():
            await asyncio.sleep(0.002)


def connector(database: TestDatabase) -> Callable[[], Awaitable[Connection]]:
    async def direct() -> Connection:
        return await connect(
            database.endpoint("app"), database.name, application_name="test-housekeeper", autocommit=True
        )

    return direct


def counting(runs: list[str], name: str, every: timedelta = SOON) -> Job:
    async def run() -> str | None:
        runs.append(name)
        return None

    return Job(name=name, run=run, every=every)


@asynccontextmanager
async def keeping(
    database: TestDatabase, *jobs: Job, connect_: Callable[[], Awaitable[Connection]] | None = None
) -> AsyncIterator[Housekeeper]:
    housekeeper = Housekeeper(connect_ or connector(database), jobs, poll=SOON)
    await housekeeper.start()
    try:
        yield housekeeper
    finally:
        await housekeeper.stop()


async def test_jobs_run_again_and_again_each_at_its_own_pace(shared_database: TestDatabase) -> None:
    runs: list[str] = []
    async with keeping(shared_database, counting(runs, "often"), counting(runs, "once", NEVER)):
        await until(lambda: runs.count("often") >= 5)
    assert runs.count("once") == 1


async def test_only_one_of_many_works_and_another_takes_over_when_it_stops(
    shared_database: TestDatabase,
) -> None:
    runs: list[str] = []
    async with keeping(shared_database, counting(runs, "first")) as first:
        await until(lambda: first.is_leader)
        async with keeping(shared_database, counting(runs, "second")) as second:
            await until(lambda: runs.count("first") >= 5)
            assert "second" not in runs
            await first.stop()
            await until(lambda: runs.count("second") >= 2)
            assert second.is_leader
            assert not first.is_leader


async def test_a_leader_whose_session_is_killed_stops_working_and_comes_back(
    shared_database: TestDatabase,
) -> None:
    runs: list[str] = []
    superuser = await connect(
        shared_database.superuser, shared_database.name, application_name="test", autocommit=True
    )
    async with keeping(shared_database, counting(runs, "job")) as housekeeper:
        await until(lambda: bool(runs))
        await superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test-housekeeper'"
        )
        await until(lambda: not housekeeper.is_leader)
        runs.clear()
        await until(lambda: len(runs) >= 2)
    await superuser.close()


async def test_a_database_that_is_away_is_waited_for(shared_database: TestDatabase) -> None:
    runs: list[str] = []
    attempts = 0

    async def direct() -> Connection:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise Unavailable("away")
        return await connector(shared_database)()

    async with keeping(shared_database, counting(runs, "job"), connect_=direct):
        await until(lambda: bool(runs))
    assert attempts == 2


async def test_a_job_that_fails_or_hangs_keeps_no_other_from_running(
    shared_database: TestDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    runs: list[str] = []

    async def broken() -> str | None:
        raise ValueError("broken")

    async def hanging() -> str | None:
        await asyncio.Event().wait()
        return None

    with caplog.at_level(logging.INFO, "iotistic.operations.housekeeping.housekeeper"):
        async with keeping(
            shared_database,
            Job(name="broken", run=broken, every=NEVER),
            Job(name="hanging", run=hanging, every=NEVER, limit=SOON),
            counting(runs, "fine"),
        ):
            await until(lambda: len(runs) >= 2)
    messages = [record.getMessage() for record in caplog.records]
    assert [message for message in messages if message != "leading"] == [
        "job failed",
        "job timed out",
    ]


async def test_only_what_was_done_is_logged(
    shared_database: TestDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    answers = iter(["dropped 2 partitions"])

    async def run() -> str | None:
        return next(answers, None)

    runs: list[str] = []
    with caplog.at_level(logging.INFO, "iotistic.operations.housekeeping.housekeeper"):
        async with keeping(
            shared_database, Job(name="partitions", run=run, every=SOON), counting(runs, "count")
        ):
            await until(lambda: len(runs) >= 5)
    assert [record.getMessage() for record in caplog.records] == ["leading", "job done"]


async def test_stopping_ends_a_running_job_and_gives_the_lock_back(shared_database: TestDatabase) -> None:
    began = asyncio.Event()
    ended: list[str] = []

    async def long() -> str | None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")
        return None

    async with keeping(shared_database, Job(name="long", run=long, every=SOON)):
        await began.wait()
    assert ended == ["cancelled"]
    connection = await connector(shared_database)()
    async with hold(connection, LockKey.HOUSEKEEPER, wait=timedelta(seconds=10)):
        pass
    await connection.close()
