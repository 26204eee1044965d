"""What a loaded database still needs before it may serve: statistics, which a dump does not hold, and a count of every table.

Both read the same pages, so they are taken together, on as many connections as tables are loaded on.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from psycopg import sql

from iotistic.database.capabilities import Capability, supports
from iotistic.database.errors import translated
from iotistic.database.pool import Connection
from iotistic.operations.backups.model import TableCount
from iotistic.operations.backups.repository import CatalogRepository, TableFacts, Unanalyzed
from iotistic.operations.backups.snapshot import count_alone, count_table

__all__ = ["Opens", "compare", "count_and_analyze"]

Opens = Callable[[], AbstractAsyncContextManager[Connection]]
"""Opens an autocommit connection of the administrator to the loaded database."""

_Step = Callable[[Connection], Awaitable[None]]


async def count_and_analyze(opens: Opens, expected: Sequence[TableCount], *, jobs: int) -> list[TableCount]:
    """Gathers statistics of everything that holds rows, and answers what those of the `expected` tables have that are there."""
    async with opens() as connection:
        catalog = CatalogRepository(connection)
        there = {(table.schema, table.name): table for table in await catalog.list_tables()}
        only = supports(connection.info.server_version, Capability.ANALYZE_ONLY)
        targets = [each for each in await catalog.list_unanalyzed() if only or not each.is_partition]
    found: list[TableCount] = []

    def counting(facts: TableFacts, *, digest: bool) -> _Step:
        async def count(connection: Connection) -> None:
            found.append(await count_table(connection, facts, digest=digest))

        return count

    steps: list[_Step] = [_analyzing(each, only=only) for each in targets]
    steps += [
        counting(facts, digest=table.digest is not None)
        for table in expected
        if (facts := there.get((table.schema, table.name))) is not None
    ]
    await _share_out(opens, steps, jobs)
    return found


def compare(expected: Sequence[TableCount], found: Sequence[TableCount]) -> list[str]:
    """What differs between two counts of the same tables, a sentence each."""
    there = {(table.schema, table.name): table for table in found}
    differences: list[str] = []
    for table in expected:
        other = there.get((table.schema, table.name))
        if other is None:
            differences.append(f"{table.label} is missing")
        elif other.rows != table.rows:
            differences.append(f"{table.label} has {other.rows} rows instead of {table.rows}")
        elif table.digest is not None and other.digest != table.digest:
            differences.append(f"{table.label} has as many rows with other content")
    return differences


def _analyzing(target: Unanalyzed, *, only: bool) -> _Step:
    """Before PostgreSQL 18 a parent takes its leaves along; since then they are told apart, and go side by side."""
    word = sql.SQL("ANALYZE ONLY {}" if only and target.is_parent else "ANALYZE {}")

    async def analyze(connection: Connection) -> None:
        with translated():
            await connection.execute(word.format(sql.Identifier(target.schema, target.name)))

    return analyze


async def _share_out(opens: Opens, steps: Sequence[_Step], jobs: int) -> None:
    """Each worker takes the next step that nobody has begun."""
    waiting = iter(steps)

    async def work() -> None:
        async with _alone(opens) as connection:
            for step in waiting:
                await step(connection)

    workers = [asyncio.create_task(work()) for _ in range(jobs)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


@asynccontextmanager
async def _alone(opens: Opens) -> AsyncGenerator[Connection]:
    async with opens() as connection:
        await count_alone(connection)
        yield connection
