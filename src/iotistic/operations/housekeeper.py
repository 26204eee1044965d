"""Runs periodic work in one of however many services there are.

Every service has a housekeeper; the one that holds the advisory lock works, the others wait for the lock. It is held by a
session of its own: when the leader dies, its session ends with it and another takes over within seconds.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import final

import psycopg

from iotistic.database.locks import LockKey, try_lock
from iotistic.database.pool import Connection
from iotistic.errors import IotisticError

__all__ = ["Housekeeper", "Job"]

_log = logging.getLogger(__name__)

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One kind of periodic work. Must be safe to run again at any point, and beside itself for a moment."""

    name: str
    run: Callable[[], Awaitable[str | None]]
    """Does it; answers what it did, or None when there was nothing to do."""
    every: timedelta
    """From the end of one run to the start of the next, give or take a tenth."""
    limit: timedelta = timedelta(minutes=5)
    """How long one run may take before it is cancelled."""


@final
class Housekeeper:
    """`connect` opens a direct autocommit connection, never through a pooler: the lock belongs to its session."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Connection]],
        jobs: Sequence[Job],
        *,
        poll: timedelta = timedelta(seconds=5),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._connect = connect
        self._jobs = jobs
        self._poll = poll.total_seconds()
        self._jitter = jitter
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._due: dict[str, float] = {}
        self.is_leader = False
        """Whether this process does the work now."""

    async def start(self) -> None:
        """Begins in the background; the first run of each job comes as soon as this process leads."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Cancels a running job, gives the lock back."""
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
                await connection.close()

    async def _lead(self, connection: Connection) -> None:
        """Waits for the lock, then works until the session that holds it is gone."""
        while not await try_lock(connection, LockKey.HOUSEKEEPER):
            await self._sleep(self._poll)
        self.is_leader = True
        _log.info("leading")
        now = asyncio.get_running_loop().time
        self._due = {job.name: now() for job in self._jobs}
        while True:
            for job in self._jobs:
                if now() >= self._due[job.name]:
                    await connection.execute("SELECT 1")  # no lock without its session
                    await self._do(job)
                    self._due[job.name] = now() + job.every.total_seconds() * (0.9 + 0.2 * self._jitter())
            await self._sleep(min([self._poll, *(due - now() for due in self._due.values())]))
            await connection.execute("SELECT 1")

    async def _do(self, job: Job) -> None:
        try:
            async with asyncio.timeout(job.limit.total_seconds()):
                done = await job.run()
        except TimeoutError:
            _log.error("job timed out", extra={"job": job.name, "limit": str(job.limit)})
        except Exception:  # noqa: BLE001 - one job must not keep the others from running
            _log.exception("job failed", extra={"job": job.name})
        else:
            if done:
                _log.info("job done", extra={"job": job.name, "done": done})

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._stopping.wait()
