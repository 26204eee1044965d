"""Takes the steps of a plan, beside running ingest: no step waits for a lock while others queue behind it for long."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import final

import psycopg

from iotistic.clock import Clock, system_clock
from iotistic.database import locks
from iotistic.database.errors import LockNotAvailable, translate, translated
from iotistic.database.pool import Connection
from iotistic.errors import IotisticError
from iotistic.partitioning.acts import attach, detach, drop, finalise, mark_retiring
from iotistic.partitioning.catalog import PartitionCatalog
from iotistic.partitioning.default_partition import DefaultPartition
from iotistic.partitioning.keeper import ArchiveNotConfigured, Keeper
from iotistic.partitioning.patience import Patience
from iotistic.partitioning.plan import Attach, Create, Drop, Finalise, MoveOut, Retire, Step
from iotistic.partitioning.plan import plan as due
from iotistic.partitioning.policy import Situation

__all__ = ["Failure", "Maintainer", "Outcome", "Planner"]

Planner = Callable[[Situation, datetime], list[Step]]
"""Decides what is to be done about one table at a moment."""


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
    put_off: tuple[Step, ...] = ()
    """What would remove a table while a dump, a restore or a migration is under way: the next run plans it again."""


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
        keeper: Keeper | None = None,
        lock_timeout: timedelta = timedelta(milliseconds=500),
        detach_timeout: timedelta = timedelta(seconds=10),
        attempts: int = 6,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._connection = connection
        self._catalog = PartitionCatalog(connection)
        self._clock = clock
        self._keeper = keeper
        self._patience = Patience(
            connection,
            lock_timeout=lock_timeout,
            detach_timeout=detach_timeout,
            attempts=attempts,
            jitter=jitter,
        )

    async def plan(self, planner: Planner = due) -> list[Step]:
        """What a run would do now."""
        now = self._clock()
        return [step for situation in await self._catalog.situations() for step in planner(situation, now)]

    async def run(self, planner: Planner = due, *, wait: timedelta = timedelta(seconds=30)) -> Outcome:
        """Plans, and takes the steps. One that fails does not keep the others from being taken.

        `planner` is `plan` for what is due, `repairs` for what a person asks for. Raises LockNotAvailable when another process does this for longer than `wait`, DatabaseUnavailable when the
        connection is lost.
        """
        with translated():
            async with locks.hold(self._connection, locks.LockKey.PARTITIONS, wait=wait):
                return await self._take(await self.plan(planner))

    async def _take(self, steps: Sequence[Step]) -> Outcome:
        done: list[Step] = []
        failed: list[Failure] = []
        put_off: list[Step] = []
        stuck: set[str] = set()
        for step in steps:
            if isinstance(step, Retire) and step.parent in stuck:
                continue  # one detach at a time may be pending in a table: the next run goes on
            if isinstance(step, Retire | Drop) and put_off:
                put_off.append(step)
                continue
            try:
                await self._act(step)
            except (IotisticError, psycopg.Error) as error:
                if self._connection.closed:
                    raise
                if _is_busy(error):
                    put_off.append(step)
                    continue
                failed.append(Failure(step=step, error=_ours(error)))
                if isinstance(step, Retire | Finalise):
                    stuck.add(step.parent)
            else:
                done.append(step)
        return Outcome(done=tuple(done), failed=tuple(failed), put_off=tuple(put_off))

    async def _act(self, step: Step) -> None:
        match step:
            case Create() | Attach():
                await attach(
                    self._patience,
                    parent=step.parent,
                    leaf=step.leaf,
                    period=step.period,
                    key=step.key,
                    make=isinstance(step, Create),
                )
            case Finalise():
                await finalise(self._patience, parent=step.parent, leaf=step.leaf)
            case Retire():
                # Killed after any of these, the next run goes on from there.
                if step.archived_as and self._keeper is None:
                    raise ArchiveNotConfigured.of(step.parent)
                async with locks.hold(self._connection, locks.LockKey.OPERATIONS):
                    await mark_retiring(
                        self._patience, step.leaf, f"older than the policy of {step.parent} keeps."
                    )
                    await detach(self._patience, parent=step.parent, leaf=step.leaf)
                await self._drop(step)
            case Drop():
                await self._drop(step)
            case MoveOut():
                await DefaultPartition(self._patience, step.parent, step.leaf).empty(self._clock())

    async def _drop(self, step: Retire | Drop) -> None:
        """Detached, nobody adds rows any more: what is archived now is all there will be."""
        if step.archived_as is not None:
            if self._keeper is None:
                raise ArchiveNotConfigured.of(step.parent)
            await self._keeper.keep(
                self._connection, parent=step.parent, leaf=step.leaf, period=step.archived_as
            )
        async with locks.hold(self._connection, locks.LockKey.OPERATIONS):
            await drop(self._patience, step.leaf)


def _is_busy(error: Exception) -> bool:
    """Whether work that excludes ours is under way."""
    return isinstance(error, LockNotAvailable) and error.facts.get("lock") == locks.LockKey.OPERATIONS.value


def _ours(error: IotisticError | psycopg.Error) -> Exception:
    """The error in our words where there are any."""
    return translate(error) or error if isinstance(error, psycopg.Error) else error
