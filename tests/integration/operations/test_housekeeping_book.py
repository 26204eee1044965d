"""Periodic work as an operator orders it, across processes and restarts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from iotistic.database.pool import Connection, connect
from iotistic.errors import Unavailable
from iotistic.operations.housekeeping import (
    Housekeeper,
    HousekeepingService,
    Job,
    JobNotFound,
    JobOutcome,
    JobPaused,
    NobodyLeads,
    Orders,
    Run,
)
from iotistic.partitioning import Maintainer
from tests.support.databases import TestDatabase

SOON = timedelta(milliseconds=20)
NEVER = timedelta(hours=1)


@pytest_asyncio.fixture
async def desk(database: TestDatabase) -> AsyncIterator[Connection]:
    owner = await connect(database.endpoint("owner"), database.name, application_name="test", autocommit=True)
    await Maintainer(owner).run()
    await owner.close()
    connection = await connect(
        database.endpoint("app"), database.name, application_name="test", autocommit=True
    )
    yield connection
    await connection.close()


class Book:
    """The service as a book, on a connection of its own for each entry; `away` makes it unreachable."""

    def __init__(self, database: TestDatabase) -> None:
        self._database = database
        self.away = False

    @asynccontextmanager
    async def _desk(self) -> AsyncIterator[HousekeepingService]:
        if self.away:
            raise Unavailable("away")
        connection = await connect(
            self._database.endpoint("app"), self._database.name, application_name="test", autocommit=True
        )
        try:
            yield HousekeepingService(connection)
        finally:
            await connection.close()

    async def register(self, jobs: dict[str, timedelta]) -> None:
        async with self._desk() as desk:
            for job, every in jobs.items():
                await desk.register(job, every)

    async def orders(self) -> list[Orders]:
        async with self._desk() as desk:
            return await desk.orders()

    async def note(self, run: Run, *, requested: bool) -> None:
        async with self._desk() as desk:
            await desk.note(run, history=requested or run.outcome is not JobOutcome.NOTHING)


@asynccontextmanager
async def leading(
    database: TestDatabase, jobs: Sequence[Job], book: Book | None = None
) -> AsyncIterator[Housekeeper]:
    async def direct() -> Connection:
        return await connect(
            database.endpoint("app"), database.name, application_name="test", autocommit=True
        )

    keeper = Housekeeper(direct, jobs, book=book or Book(database), poll=SOON)
    await keeper.start()
    try:
        yield keeper
    finally:
        await keeper.stop()


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not done():
            await asyncio.sleep(0)


async def nobody_leads(service: HousekeepingService) -> None:
    """The lock goes with the leader's session, which the server ends a moment after the client has closed it."""
    async with asyncio.timeout(60):
        while await service.find_leader() is not None:
            await asyncio.sleep(0)


def counting(runs: list[str], every: timedelta = NEVER, answer: str | None = "counted") -> Job:
    async def run() -> str | None:
        runs.append("job")
        return answer

    return Job(name="counting", run=run, every=every)


async def history(desk: Connection) -> list[Run]:
    now = datetime.now(UTC)
    return await HousekeepingService(desk).list_runs(
        limit=100, since=now - timedelta(days=1), before=now + timedelta(days=1)
    )


async def test_what_a_run_did_is_written_down(desk: Connection, database: TestDatabase) -> None:
    runs: list[str] = []
    async with leading(database, [counting(runs)]):
        async with asyncio.timeout(60):
            while not await history(desk):
                await asyncio.sleep(0)
        leader = await HousekeepingService(desk).find_leader()
    assert leader is not None
    (run,) = await history(desk)
    assert (run.job, run.outcome, run.detail) == ("counting", "done", "counted")
    assert run.started_at <= run.finished_at
    (state,) = await HousekeepingService(desk).list_jobs()
    assert (state.every, state.outcome, state.detail) == (NEVER, "done", "counted")
    await nobody_leads(HousekeepingService(desk))


async def test_a_paused_job_stays_paused_over_a_restart_until_it_is_resumed(
    desk: Connection, database: TestDatabase
) -> None:
    runs: list[str] = []
    other: list[str] = []
    service = HousekeepingService(desk)
    async with leading(database, [counting(runs)]):
        await until(lambda: bool(runs))
    await service.pause("counting")
    runs.clear()

    async def tick() -> str | None:
        other.append("tick")
        return None

    async with leading(database, [counting(runs, every=SOON), Job(name="tick", run=tick, every=SOON)]):
        await until(lambda: len(other) > 5)
        assert runs == []
        with pytest.raises(JobPaused, match="is paused since"):
            await service.request("counting")
        await service.resume("counting")
        await until(lambda: bool(runs))


async def test_a_run_that_is_asked_for_is_done_by_the_leader_and_written_down_even_if_it_found_nothing(
    desk: Connection, database: TestDatabase
) -> None:
    runs: list[str] = []
    service = HousekeepingService(desk)
    async with leading(database, [counting(runs, answer=None)]):
        await until(lambda: len(runs) == 1)
        assert await history(desk) == []
        requested = await service.request("counting")
        async with asyncio.timeout(60):
            while (run := await service.find_run_since("counting", requested)) is None:
                await asyncio.sleep(0)
        assert (run.outcome, len(runs)) == ("nothing", 2)


async def test_without_a_leader_a_run_is_refused_and_an_unknown_job_told(
    desk: Connection, database: TestDatabase
) -> None:
    service = HousekeepingService(desk)
    with pytest.raises(JobNotFound):
        await service.request("counting")
    async with leading(database, [counting([])]):
        async with asyncio.timeout(60):
            while not await service.list_jobs():
                await asyncio.sleep(0)
    await nobody_leads(service)
    with pytest.raises(NobodyLeads):
        await service.request("counting")
    with pytest.raises(JobNotFound, match="nonsense"):
        await service.pause("nonsense")


async def test_a_failure_is_written_down_with_its_reason(desk: Connection, database: TestDatabase) -> None:
    async def broken() -> str | None:
        raise ValueError("no such pump")

    async def hanging() -> str | None:
        await asyncio.Event().wait()
        return None

    jobs = [
        Job(name="broken", run=broken, every=NEVER),
        Job(name="hanging", run=hanging, every=NEVER, limit=SOON),
    ]
    async with leading(database, jobs), asyncio.timeout(60):
        while len(await history(desk)) < 2:
            await asyncio.sleep(0)
    found = {run.job: (run.outcome, run.detail) for run in await history(desk)}
    assert found["broken"] == ("failed", "ValueError: no such pump")
    assert found["hanging"][0] == "timed_out"


async def test_a_job_that_takes_long_keeps_no_other_waiting(database: TestDatabase) -> None:
    runs: list[str] = []

    async def long() -> str | None:
        await asyncio.Event().wait()
        return None

    async with leading(database, [Job(name="long", run=long, every=SOON), counting(runs, every=SOON)]):
        await until(lambda: len(runs) > 3)


async def test_a_book_that_is_away_keeps_no_job_from_running(database: TestDatabase) -> None:
    runs: list[str] = []
    book = Book(database)
    book.away = True
    async with leading(database, [counting(runs, every=SOON)], book):
        await until(lambda: len(runs) > 2)
