"""Carries out a plan, several tables at a time, and tells how far the server is."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, final

import psycopg
from psycopg.errors import Diagnostic

from iotistic.database.capabilities import Capability, supports
from iotistic.database.pool import Connection
from iotistic.database.queries import Queries, Statements
from iotistic.operations.inspection import Inspector, ProgressRow
from iotistic.operations.maintenance.model import Act, BrokenIndex, Done, Table, Task

__all__ = ["Caretaker", "Connect", "Moment", "statement_of"]

_QUERIES = Queries("iotistic.operations.maintenance")
_LOOK_EVERY: Final = 0.5

Connect = Callable[[], Awaitable[Connection]]
"""Opens a direct autocommit connection as the owner of the tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """How far a plan is."""

    total: int
    done: tuple[Done, ...]
    running: tuple[str, ...]
    """Tasks, in words."""
    progress: tuple[ProgressRow, ...]
    """How far the server says they are."""


@final
class Caretaker:
    """Looks and acts on connections of its own, and closes them."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def look(self) -> tuple[Sequence[Table], Sequence[BrokenIndex]]:
        """The tables, and the indexes that are INVALID."""
        connection = await self._connect()
        try:
            return await _Catalog(connection).look()
        finally:
            await connection.close()

    async def run(
        self, tasks: Sequence[Task], *, jobs: int = 2, observe: Callable[[Moment], None]
    ) -> tuple[Done, ...]:
        """Every task, `jobs` at a time in the plan's order. A task that fails keeps no other from being done.

        What a failed REINDEX CONCURRENTLY left behind is dropped. Cancelling stops the running statements.
        """
        round_ = _Round(self._connect, tasks, observe)
        watcher = asyncio.create_task(round_.watch())
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(max(1, min(jobs, len(tasks)))):
                    group.create_task(round_.work())
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
        return tuple(round_.done)


@final
class _Catalog:
    """What there is, asked on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, _QUERIES)

    async def look(self) -> tuple[Sequence[Table], Sequence[BrokenIndex]]:
        tables = await self._sql.many("tables", Table)
        return tables, await self._sql.many("broken_indexes", BrokenIndex)


@final
class _Round:
    """One call of `run`."""

    def __init__(self, connect: Connect, tasks: Sequence[Task], observe: Callable[[Moment], None]) -> None:
        self._connect = connect
        self._waiting = deque(tasks)
        self._total = len(tasks)
        self._observe = observe
        self._running: dict[int, Task] = {}
        self.done: list[Done] = []

    async def work(self) -> None:
        connection: Connection | None = None
        try:
            while self._waiting:
                if connection is None or connection.closed:
                    connection = await self._connect()
                await self._act(connection, self._waiting.popleft())
        finally:
            if connection is not None:
                await connection.close()

    async def watch(self) -> None:
        """Says every half second how far the server is, until it is stopped."""
        connection = await self._connect()
        try:
            while True:
                rows = await Inspector(connection).progress()
                self._tell([row for row in rows if row.pid in self._running])
                await asyncio.sleep(_LOOK_EVERY)
        finally:
            await connection.close()

    async def _act(self, connection: Connection, task: Task) -> None:
        pid = connection.pgconn.backend_pid
        self._running[pid] = task
        self._tell([])
        try:
            done = await _do(connection, task)
        finally:
            del self._running[pid]
        self.done.append(done)
        self._tell([])
        if done.error is not None and task.act in {Act.REINDEX_TABLE, Act.REINDEX_INDEX}:
            await self._drop_remains(connection, task)

    async def _drop_remains(self, connection: Connection, failed: Task) -> None:
        if connection.closed:
            return
        for index in (await _Catalog(connection).look())[1]:
            if index.is_remains and failed.name in {index.table_name, index.name.rpartition("_cc")[0]}:
                self.done.append(await _do(connection, Task(act=Act.DROP_INDEX, name=index.name)))

    def _tell(self, progress: Sequence[ProgressRow]) -> None:
        self._observe(
            Moment(
                total=self._total,
                done=tuple(self.done),
                running=tuple(str(task) for task in self._running.values()),
                progress=tuple(progress),
            )
        )


async def _do(connection: Connection, task: Task) -> Done:
    warnings: list[str] = []

    def hear(said: Diagnostic) -> None:
        if said.severity_nonlocalized == "WARNING":
            warnings.append(said.message_primary or "a warning without words")

    began = time.monotonic()
    error: str | None = None
    connection.add_notice_handler(hear)
    try:
        await connection.execute(statement_of(task, connection.info.server_version))
    except psycopg.Error as failed:
        error = failed.diag.message_primary or str(failed).strip()
    finally:
        connection.remove_notice_handler(hear)
    took = timedelta(seconds=time.monotonic() - began)
    return Done(task=task, took=took, warnings=tuple(warnings), error=error)


def statement_of(task: Task, server_version: int) -> bytes:
    """The SQL of a task. Its name came from the catalog as `regclass::text`, which quotes what needs it."""
    return f"{_words(task, server_version)} {task.name}".encode()


def _words(task: Task, server_version: int) -> str:
    match task.act:
        case Act.VACUUM:
            options = ", ".join(
                word for word, wanted in (("ANALYZE", task.analyze), ("FREEZE", task.freeze)) if wanted
            )
            return f"VACUUM ({options})" if options else "VACUUM"
        case Act.ANALYZE:
            alone = task.only and supports(server_version, Capability.ANALYZE_ONLY)
            return "ANALYZE ONLY" if alone else "ANALYZE"
        case Act.REINDEX_TABLE:
            return "REINDEX TABLE CONCURRENTLY"
        case Act.REINDEX_INDEX:
            return "REINDEX INDEX CONCURRENTLY"
        case Act.DROP_INDEX:
            return "DROP INDEX CONCURRENTLY IF EXISTS"
