"""Runs periodic work in one of however many services there are.

Every service has a housekeeper; the one that holds the advisory lock works, the others wait for the lock. It is held by a
session of its own: when the leader dies, its session ends with it and another takes over within seconds.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import final

import psycopg

from iotistic.clock import Clock, system_clock
from iotistic.database.locks import LockKey, try_lock
from iotistic.database.pool import Connection
from iotistic.errors import IotisticError
from iotistic.operations.housekeeping.model import Book, Job, JobOutcome, Orders, Run

__all__ = ["Housekeeper"]

_log = logging.getLogger(__name__)

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0


@final
class Housekeeper:
    """`connect` opens a direct autocommit connection, never through a pooler: the lock belongs to its session.

    Jobs run beside each other, each at most once at a time: one that takes long keeps no other waiting. With a `book`, jobs can be
    paused and asked for, and what they did is written down; a book that cannot be reached keeps no job from running.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        jobs: Sequence[Job],
        *,
        book: Book | None = None,
        clock: Clock = system_clock,
        poll: timedelta = timedelta(seconds=5),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._connect = connect
        self._jobs = jobs
        self._book = book
        self._clock = clock
        self._poll = poll.total_seconds()
        self._jitter = jitter
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._due: dict[str, float] = {}
        self._orders: dict[str, Orders] = {}
        self._served: dict[str, datetime] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self.is_leader = False
        """Whether this process does the work now."""

    async def start(self) -> None:
        """Begins in the background; the first run of each job comes as soon as this process leads."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Cancels running jobs, gives the lock back."""
        self._stopping.set()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            try:
                connection = await self._connect()
            except (IotisticError, psycopg.Error):
                await self._sleep(pause)
                pause = min(_LONGEST_PAUSE, pause * 2)
                continue
            pause = _FIRST_PAUSE
            try:
                await self._lead(connection)
            except (IotisticError, psycopg.Error) as error:
                _log.warning("connection lost", extra={"error": str(error)})
                await self._sleep(pause)
            finally:
                self.is_leader = False
                await self._cancel_jobs()
                await connection.close()

    async def _lead(self, connection: Connection) -> None:
        """Waits for the lock, then works until the session that holds it is gone."""
        while not await try_lock(connection, LockKey.HOUSEKEEPER):
            await self._sleep(self._poll)
        self.is_leader = True
        _log.info("leading")
        now = asyncio.get_running_loop().time
        self._due = {job.name: now() for job in self._jobs}
        await self._register()
        while True:
            await connection.execute("SELECT 1")  # no lock without its session
            await self._read_orders()
            for job in self._jobs:
                self._consider(job, now())
            due = [self._due[job.name] - now() for job in self._jobs if job.name not in self._running]
            await self._rest(min([self._poll, *due]))

    def _consider(self, job: Job, now: float) -> None:
        """Starts the job if its time has come or somebody asked for it, and it is neither paused nor running."""
        if job.name in self._running:
            return
        orders = self._orders.get(job.name)
        if orders is not None and orders.paused:
            self._due[job.name] = now + self._poll
            return
        requested = orders.requested_at if orders is not None else None
        asked = requested is not None and requested > self._served.get(
            job.name, datetime.min.replace(tzinfo=UTC)
        )
        if not asked and now < self._due[job.name]:
            return
        if requested is not None:
            self._served[job.name] = requested
        task = asyncio.create_task(self._do(job, requested=asked), name=job.name)
        self._running[job.name] = task

    async def _do(self, job: Job, *, requested: bool) -> None:
        started = self._clock()
        try:
            outcome, detail = await _outcome(job)
        finally:
            self._running.pop(job.name, None)
            pause = job.every.total_seconds() * (0.9 + 0.2 * self._jitter())
            self._due[job.name] = asyncio.get_running_loop().time() + pause
        run = Run(job=job.name, started_at=started, finished_at=self._clock(), outcome=outcome, detail=detail)
        if self._book is not None:
            with _unless_away():
                await self._book.note(run, requested=requested)

    async def _register(self) -> None:
        if self._book is not None:
            with _unless_away():
                await self._book.register({job.name: job.every for job in self._jobs})
                # Requests from before this process led were for another, or are served by its first runs.
                self._served = {
                    one.job: one.requested_at for one in await self._book.orders() if one.requested_at
                }

    async def _read_orders(self) -> None:
        if self._book is not None:
            with _unless_away():
                self._orders = {one.job: one for one in await self._book.orders()}

    async def _rest(self, seconds: float) -> None:
        """Until something is due, a job has ended, or it is time to look at the lock again."""
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait(
                [stopping, *self._running.values()],
                timeout=max(0.0, seconds),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            stopping.cancel()

    async def _cancel_jobs(self) -> None:
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._running.clear()

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._stopping.wait()


async def _outcome(job: Job) -> tuple[JobOutcome, str | None]:
    try:
        async with asyncio.timeout(job.limit.total_seconds()):
            done = await job.run()
    except TimeoutError:
        _log.error("job timed out", extra={"job": job.name, "limit": str(job.limit)})
        return JobOutcome.TIMED_OUT, f"it took longer than {job.limit}"
    except Exception as error:  # noqa: BLE001 - one job must not keep the others from running
        _log.exception("job failed", extra={"job": job.name})
        return JobOutcome.FAILED, f"{type(error).__name__}: {error}"
    if not done:
        return JobOutcome.NOTHING, None
    _log.info("job done", extra={"job": job.name, "done": done})
    return JobOutcome.DONE, done


@contextmanager
def _unless_away() -> Generator[None]:
    """A book that cannot be reached is no reason not to work."""
    try:
        yield
    except (IotisticError, psycopg.Error) as error:
        _log.warning("housekeeping book not reached", extra={"error": str(error)})
