"""One go over the tenants of a run: a few first, then several at a time, until all are done or too many have failed."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol, final

from iotistic.clock import Clock
from iotistic.config import Endpoint
from iotistic.database.scram import stretched_once
from iotistic.errors import IotisticError
from iotistic.migrations.errors import MigrationFailed, ServerUnreachable
from iotistic.migrations.history import History
from iotistic.migrations.plan import RunOptions
from iotistic.migrations.report import Report, RunLimits
from iotistic.migrations.runner import apply
from iotistic.migrations.tenants.model import (
    Progress,
    ProgressObserver,
    State,
    Tenant,
    TenantResult,
    Wave,
    count_states,
)

__all__ = ["Book", "Orders", "Pace", "Voyage", "unwatched"]

_WORTH_IT: Final = 3
"""So many databases of one server pay for asking it once for its salt."""


def unwatched(_: Progress) -> None:
    """Nobody watches."""


class Book(Protocol):
    """Where it is written down how far a run is."""

    def started(self, name: str, moment: datetime) -> None:
        """A tenant's turn begins."""

    def ended(self, result: TenantResult, moment: datetime) -> None:
        """A tenant's turn ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How boldly a run goes on."""

    workers: int = 8
    """How many databases at a time."""
    canary: int | tuple[str, ...] = 1
    """Who goes first, one after the other: how many, or which. A failure among them ends the run."""
    most_failures: int = 3
    """After this many failures nobody else is begun."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Orders:
    """What is done to every tenant, and how: the fields of a Fleet, with its files read."""

    history: History
    pace: Pace
    options: RunOptions
    limits: RunLimits
    role: str | None
    application: str
    observe: ProgressObserver
    clock: Clock


@final
class Voyage:
    """One go over the tenants of a run."""

    def __init__(self, orders: Orders, books: Sequence[Book], *, total: int) -> None:
        self._orders = orders
        self._books = books
        self._total = total
        self._endpoints: dict[Endpoint, Endpoint] = {}
        self._running: dict[str, None] = {}
        self._wave = Wave.CANARY
        self.results: list[TenantResult] = []
        """Of those whose turn ended, in that order."""
        self.stopped: str | None = None
        """Why not everybody had a turn."""

    async def go(self, canary: Sequence[Tenant], rest: Sequence[Tenant]) -> None:
        """Migrates the canaries one after the other, then, when all of them are well, the rest."""
        for tenant in canary:
            result = await self._migrate(tenant)
            if not result.state.done:
                self.stopped = f"the canary {tenant.name} failed"
                return
        self._wave = Wave.REST
        await self._stretch_passwords(rest)
        waiting = iter(rest)
        async with asyncio.TaskGroup() as group:
            for _ in range(max(1, min(self._orders.pace.workers, len(rest)))):
                group.create_task(self._work(waiting))

    async def _stretch_passwords(self, tenants: Sequence[Tenant]) -> None:
        """Where several databases of one server are signed in to as one role, its password is worked on once."""
        shared = Counter(tenant.endpoint for tenant in tenants)
        databases = {tenant.endpoint: tenant.database for tenant in tenants}
        chosen = [endpoint for endpoint, count in shared.items() if count >= _WORTH_IT]
        found = await asyncio.gather(*(stretched_once(endpoint, databases[endpoint]) for endpoint in chosen))
        self._endpoints = {
            endpoint: stretched for endpoint, stretched in zip(chosen, found, strict=True) if stretched
        }

    async def _work(self, waiting: Iterator[Tenant]) -> None:
        for tenant in waiting:
            await self._migrate(tenant)
            failures = count_states(self.results).get(State.FAILED, 0)
            if failures >= self._orders.pace.most_failures:
                self.stopped = f"{failures} tenants failed"
            if self.stopped is not None:
                return

    async def _migrate(self, tenant: Tenant) -> TenantResult:
        for book in self._books:
            book.started(tenant.name, self._orders.clock())
        self._running[tenant.name] = None
        self._tell(None)
        began = time.monotonic()
        try:
            result = await self._attempt(tenant)
        except asyncio.CancelledError:
            self._end(
                TenantResult(name=tenant.name, database=tenant.database, state=State.INTERRUPTED), began
            )
            raise
        return self._end(result, began)

    async def _attempt(self, tenant: Tenant) -> TenantResult:
        try:
            report = await self._apply(tenant)
        except IotisticError as error:
            filename = error.failure.filename if isinstance(error, MigrationFailed) else None
            return TenantResult(
                name=tenant.name,
                database=tenant.database,
                state=State.FAILED,
                error=error.message,
                code=error.code,
                filename=filename,
            )
        applied = tuple(one.filename for one in report.applied)
        state = State.APPLIED if applied else State.CURRENT
        return TenantResult(name=tenant.name, database=tenant.database, state=state, applied=applied)

    async def _apply(self, tenant: Tenant) -> Report:
        stretched = self._endpoints.get(tenant.endpoint)
        if stretched is not None:
            try:
                return await self._apply_at(stretched, tenant.database)
            except ServerUnreachable:
                # Perhaps the password was changed, or this database lies on another server behind the same address.
                self._endpoints.pop(tenant.endpoint, None)
        return await self._apply_at(tenant.endpoint, tenant.database)

    async def _apply_at(self, endpoint: Endpoint, database: str) -> Report:
        orders = self._orders
        return await apply(
            endpoint,
            database,
            orders.history,
            application=orders.application,
            options=orders.options,
            limits=orders.limits,
            role=orders.role,
        )

    def _end(self, result: TenantResult, began: float) -> TenantResult:
        ended = replace(result, took=timedelta(seconds=time.monotonic() - began))
        for book in self._books:
            book.ended(ended, self._orders.clock())
        self._running.pop(result.name, None)
        self.results.append(ended)
        self._tell(ended)
        return ended

    def _tell(self, finished: TenantResult | None) -> None:
        self._orders.observe(
            Progress(
                wave=self._wave,
                total=self._total,
                counts=count_states(self.results),
                running=tuple(self._running),
                finished=finished,
            )
        )
