"""One transaction, opened and closed at the edge, with what must happen only after it committed."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import final

from iotistic.database.pool import Connection, Pool

__all__ = ["UnitOfWork", "begin"]

AfterCommit = Callable[[], Awaitable[None]]


@final
class UnitOfWork:
    """The connection of one transaction. Services and repositories work on it and never commit."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._after_commit: list[AfterCommit] = []

    def after_commit(self, act: AfterCommit) -> None:
        """Runs `act` once the transaction is durable, in the order given; never after a rollback.

        An act that must not be lost when the process dies in between belongs into an outbox table instead.
        """
        self._after_commit.append(act)

    async def committed(self) -> None:
        """Runs what waited for the commit; all of it, then raises the failures as one ExceptionGroup."""
        failures: list[Exception] = []
        for act in self._after_commit:
            try:
                await act()
            except Exception as error:  # noqa: BLE001 - the others still run; all failures are raised together
                failures.append(error)
        if failures:
            raise ExceptionGroup("the transaction is committed; acts after it failed", failures)


@asynccontextmanager
async def begin(pool: Pool, *, read_only: bool = False) -> AsyncGenerator[UnitOfWork]:
    """A unit of work on a pooled connection: commits on leaving, rolls back on error, then runs what waits for the commit.

    `read_only` makes PostgreSQL refuse writes, so that a read route that writes is found in a test.
    """
    async with pool.connection(read_only=read_only) as connection:
        work = UnitOfWork(connection)
        yield work
    await work.committed()
