"""One transaction, opened and closed at the edge, with what must happen only after it committed."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import final

from iotistic.database.errors import translated
from iotistic.database.pool import Connection, Pool
from iotistic.provenance import Provenance

__all__ = ["UnitOfWork", "begin"]

AfterCommit = Callable[[], Awaitable[None]]


@final
class UnitOfWork:
    """The connection of one transaction. Services and repositories work on it and never commit."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._after_commit: list[AfterCommit] = []

    async def act_as(self, provenance: Provenance) -> None:
        """Tells the database who acts in this transaction from here on: it stands beside every change that is audited."""
        said = json.dumps({name: value for name, value in asdict(provenance).items() if value is not None})
        with translated():
            await self.connection.execute("SELECT set_config('iotistic.provenance', %s, true)", (said,))

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
async def begin(
    pool: Pool,
    *,
    read_only: bool = False,
    one_moment: bool = False,
    provenance: Provenance | None = None,
) -> AsyncGenerator[UnitOfWork]:
    """A unit of work on a pooled connection: commits on leaving, rolls back on error, then runs what waits for the commit.

    `read_only` makes PostgreSQL refuse writes, so that a read route that writes is found in a test; such a unit has no
    changes whose `provenance` could matter. `one_moment`: what it reads is all of the same moment.
    """
    async with pool.connection(read_only=read_only, one_moment=one_moment) as connection:
        work = UnitOfWork(connection)
        if provenance is not None and not read_only:
            await work.act_as(provenance)
        yield work
    await work.committed()
