"""Takes the steps of a plan, beside running ingest: no step waits for a lock while others queue behind it for long.

`CREATE TABLE ... PARTITION OF`, plain `DETACH` and `DROP` of an attached partition need a lock on the parent that waits for
every open reader and blocks every insert meanwhile (9.6 s were measured behind one report). `ATTACH` and `DETACH
CONCURRENTLY` do not.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import LiteralString, final

import psycopg
from psycopg import sql

from iotistic.clock import Clock, system_clock
from iotistic.database import locks
from iotistic.database.conninfo import milliseconds
from iotistic.database.errors import LockNotAvailable, translate, translated
from iotistic.database.identifiers import identifier, timestamp_literal
from iotistic.database.pool import Connection
from iotistic.errors import IotisticError
from iotistic.partitioning.catalog import RETIRING, PartitionCatalog
from iotistic.partitioning.plan import Attach, Create, Drop, Finalise, Retire, Step, plan

__all__ = ["Failure", "Maintainer", "Outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A step that could not be taken; the next run plans it again."""

    step: Step
    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one run did."""

    done: tuple[Step, ...] = ()
    failed: tuple[Failure, ...] = ()


@final
class Maintainer:
    """Keeps the partitions of every table with a policy in line with it.

    Works on a direct autocommit connection as the owner of the tables. Safe to run at any time, by several processes and
    again after being killed: one works at a time, and whatever an interrupted run left is part of the next plan.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        clock: Clock = system_clock,
        lock_timeout: timedelta = timedelta(milliseconds=500),
        detach_timeout: timedelta = timedelta(seconds=10),
        attempts: int = 6,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._connection = connection
        self._catalog = PartitionCatalog(connection)
        self._clock = clock
        self._lock_timeout = lock_timeout
        self._detach_timeout = detach_timeout
        self._attempts = attempts
        self._jitter = jitter

    async def plan(self) -> list[Step]:
        """What a run would do now."""
        now = self._clock()
        return [step for situation in await self._catalog.situations() for step in plan(situation, now)]

    async def run(self, *, wait: timedelta = timedelta(seconds=30)) -> Outcome:
        """Plans and acts. A step that fails does not keep the others from being taken.

        Raises LockNotAvailable when another process does this for longer than `wait`, DatabaseUnavailable when the
        connection is lost.
        """
        done: list[Step] = []
        failed: list[Failure] = []
        stuck: set[str] = set()
        with translated():
            async with locks.hold(self._connection, locks.LockKey.PARTITIONS, wait=wait):
                for step in await self.plan():
                    if isinstance(step, Retire) and step.parent in stuck:
                        continue  # one detach at a time may be pending in a table: the next run goes on
                    try:
                        await self._act(step)
                    except (IotisticError, psycopg.Error) as error:
                        if self._connection.closed:
                            raise
                        failed.append(Failure(step=step, error=_ours(error)))
                        if isinstance(step, Retire | Finalise):
                            stuck.add(step.parent)
                    else:
                        done.append(step)
        return Outcome(done=tuple(done), failed=tuple(failed))

    async def _act(self, step: Step) -> None:
        match step:
            case Create():
                await self._attach(step, make=True)
            case Attach():
                await self._attach(step, make=False)
            case Finalise():
                await self._finalise(step)
            case Retire():
                await self._retire(step)
            case Drop():
                await self._drop(step.leaf)

    async def _attach(self, step: Create | Attach, *, make: bool) -> None:
        """In one transaction, so that a kill leaves either nothing or a partition.

        The CHECK spares ATTACH its own scan of the table under the lock; it goes again in the transaction that already
        has the leaf to itself, because every row inserted later would pay for it.
        """
        names = {
            "parent": identifier(step.parent),
            "leaf": identifier(step.leaf),
            "check": identifier(f"{step.leaf}_bounds_check"),
            "key": identifier(step.key),
            "start": timestamp_literal(step.period.lower),
            "end": timestamp_literal(step.period.upper),
            "comment": sql.Literal(f"Rows of {step.parent} of {step.period}, UTC."),
        }
        statements: list[LiteralString] = [
            "ALTER TABLE {leaf} ADD CONSTRAINT {check} CHECK ({key} >= {start} AND {key} < {end})",
            "ALTER TABLE {parent} ATTACH PARTITION {leaf} FOR VALUES FROM ({start}) TO ({end})",
            "ALTER TABLE {leaf} DROP CONSTRAINT {check}",
            "COMMENT ON TABLE {leaf} IS {comment}",
        ]
        if make:
            statements.insert(0, "CREATE TABLE {leaf} (LIKE {parent} INCLUDING ALL EXCLUDING IDENTITY)")

        async def act() -> None:
            async with self._connection.transaction():
                for statement in statements:
                    await self._connection.execute(sql.SQL(statement).format(**names))

        await self._patiently(act)

    async def _retire(self, step: Retire) -> None:
        """Marks, detaches, drops: killed after any of the three, the next run goes on from there.

        DETACH CONCURRENTLY waits for every transaction that uses the parent, and holds nothing meanwhile that an insert or
        a query needs. If the wait runs out the detach stays pending, and the next run finalises it.
        """
        names = {
            "parent": identifier(step.parent),
            "leaf": identifier(step.leaf),
            "comment": sql.Literal(f"{RETIRING}older than the policy of {step.parent} keeps."),
        }
        mark = sql.SQL("COMMENT ON TABLE {leaf} IS {comment}").format(**names)
        await self._patiently(lambda: self._connection.execute(mark))
        detach = sql.SQL("ALTER TABLE {parent} DETACH PARTITION {leaf} CONCURRENTLY").format(**names)
        async with self._bounded(self._detach_timeout):
            await self._connection.execute(detach)
        await self._drop(step.leaf)

    async def _finalise(self, step: Finalise) -> None:
        end = sql.SQL("ALTER TABLE {} DETACH PARTITION {} FINALIZE").format(
            identifier(step.parent), identifier(step.leaf)
        )
        async with self._bounded(self._detach_timeout):
            await self._connection.execute(end)

    async def _drop(self, leaf: str) -> None:
        drop = sql.SQL("DROP TABLE {}").format(identifier(leaf))
        await self._patiently(lambda: self._connection.execute(drop))

    async def _patiently(self, act: Callable[[], Awaitable[object]]) -> None:
        """Acts, again after a growing pause as long as only a lock was in the way."""
        for attempt in range(1, self._attempts + 1):
            try:
                async with self._bounded(self._lock_timeout):
                    with translated():
                        await act()
            except LockNotAvailable:
                if attempt == self._attempts:
                    raise
                await asyncio.sleep(0.1 * attempt * (0.5 + self._jitter()))
            else:
                return

    @asynccontextmanager
    async def _bounded(self, limit: timedelta) -> AsyncGenerator[None]:
        """Waits for a lock no longer than `limit`."""
        await self._connection.execute(
            "SELECT set_config('lock_timeout', %s, false)", (f"{milliseconds(limit)}ms",)
        )
        try:
            yield
        finally:
            if not self._connection.closed:
                await self._connection.execute("RESET lock_timeout")


def _ours(error: IotisticError | psycopg.Error) -> Exception:
    """The error in our words where there are any."""
    return translate(error) or error if isinstance(error, psycopg.Error) else error
