"""One history applied to many databases: a few first, then several at a time, until all are done or too many have failed."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Final, final

from iotistic.clock import Clock, system_clock
from iotistic.errors import IotisticError
from iotistic.migrations.copies import copied
from iotistic.migrations.errors import MigrationFailed
from iotistic.migrations.files import look_into
from iotistic.migrations.history import History
from iotistic.migrations.plan import RunOptions
from iotistic.migrations.report import RunLimits
from iotistic.migrations.runner import apply
from iotistic.migrations.tenants.control import ControlBook, ControlPlace, read_control, unwritten
from iotistic.migrations.tenants.journal import Header, Journal, Record, RunMissing, merged, read_journal
from iotistic.migrations.tenants.model import (
    FleetReport,
    Progress,
    ProgressObserver,
    State,
    Tenant,
    TenantResult,
    TenantsInvalid,
    Wave,
    count_states,
)
from iotistic.migrations.tenants.sources import Source

__all__ = ["Fleet", "Pace"]


_NAMED: Final = 5


def _unwatched(_: Progress) -> None:
    """Nobody watches."""


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
class Fleet:
    """A history for many databases, and where runs are written down."""

    history: History
    journals: Path
    """The folder of journals, on this machine."""
    control: ControlPlace | None = None
    """A database that keeps them too, for whoever is at another machine."""
    pace: Pace = field(default_factory=Pace)
    options: RunOptions = field(default_factory=RunOptions)
    limits: RunLimits = field(default_factory=RunLimits)
    role: str | None = None
    """Taken by SET ROLE before each file."""
    application: str = "iotistic"
    observe: ProgressObserver = _unwatched
    clock: Clock = system_clock

    async def run(self, tenants: Sequence[Tenant], *, source: Source | None = None) -> FleetReport:
        """Migrates every tenant, under a new run id.

        A tenant's failure is a result, not an error. Each database is migrated under its own lock; cancelling the task rolls
        back what is running and leaves a journal to resume from. Raises TenantsInvalid, and what an unusable folder raises.
        """
        folder = look_into(self.history.folder, service=self.history.service)
        folder.files()
        moment = self.clock()
        header = Header(
            run=f"{moment:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
            service=self.history.service,
            source=source,
            tenants=tuple((tenant.name, tenant.database) for tenant in tenants),
            fingerprint=folder.fingerprint,
            started_at=moment,
        )
        canary, rest = _waves(tenants, self.pace.canary)
        return await self._go(Record(header=header), canary, rest, ())

    async def record(self, run: str) -> Record:
        """What this machine and the control database know of a run. Raises RunMissing when neither knows it."""
        try:
            found = read_journal(self.journals, run)
        except RunMissing:
            if self.control is None:
                raise
            return await read_control(self.control, run)
        if self.control is not None:
            with contextlib.suppress(IotisticError):
                found = merged(found, await read_control(self.control, run))
        return found

    async def resume(self, run: str, tenants: Sequence[Tenant]) -> FleetReport:
        """Goes on with an earlier run: with those that failed, were interrupted or not reached, and nobody else.

        `tenants` is the list as it is now; who is on it and was not then is left alone. Raises RunMissing.
        """
        record = await self.record(run)
        if record.header.service != self.history.service:
            raise TenantsInvalid(
                f"Run {run} was for {record.header.service}, not for {self.history.service}.",
                hint="Name the same --dir or --database as the run did.",
            )
        fingerprint = look_into(self.history.folder, service=self.history.service).fingerprint
        by_name = {tenant.name: tenant for tenant in tenants}
        left = record.unfinished()
        known = {name for name, _ in record.header.tenants}
        notices = [
            *_notice("no longer listed, left as they are", [name for name in left if name not in by_name]),
            *_notice(
                "listed since the run began, not part of it", [name for name in by_name if name not in known]
            ),
            *(["The files changed since the run began."] if fingerprint != record.header.fingerprint else []),
        ]
        chosen = [by_name[name] for name in left if name in by_name]
        # Those that failed go first: what stopped the run should show before anybody else is touched.
        failed = [tenant for tenant in chosen if tenant.name in record.results]
        others = [tenant for tenant in chosen if tenant.name not in record.results]
        canary, rest = _waves([*failed, *others], min(1, len(chosen)))
        return await self._go(record, canary, rest, tuple(notices))

    async def _go(
        self,
        record: Record,
        canary: Sequence[Tenant],
        rest: Sequence[Tenant],
        notices: tuple[str, ...],
    ) -> FleetReport:
        began = time.monotonic()
        book, unknown = await self._open_book(record)
        journal = Journal.take_over(self.journals, record)
        try:
            # Every tenant gets the same files, also when somebody deploys new ones meanwhile.
            with copied(self.history) as history:
                voyage = _Voyage(replace(self, history=history), journal, book, total=len(canary) + len(rest))
                await voyage.go(canary, rest)
        finally:
            journal.close()
            if book is not None and self.control is not None and (why := await book.close()) is not None:
                unknown = (unwritten(self.control, why),)
        results = {**record.results, **{result.name: result for result in voyage.results}}
        return FleetReport(
            run=record.header.run,
            service=self.history.service,
            started_at=record.header.started_at,
            results=Record(header=record.header, results=results).all_results(),
            took=timedelta(seconds=time.monotonic() - began),
            stopped=voyage.stopped,
            notices=(*notices, *unknown),
        )

    async def _open_book(self, record: Record) -> tuple[ControlBook | None, tuple[str, ...]]:
        """The run's page in the control database, or what keeps it from being written."""
        if self.control is None:
            return None, ()
        try:
            return await ControlBook.open(self.control, record), ()
        except IotisticError as error:
            if self.control.needed:
                raise
            return None, (unwritten(self.control, error),)


def _waves(tenants: Sequence[Tenant], canary: int | tuple[str, ...]) -> tuple[list[Tenant], list[Tenant]]:
    if isinstance(canary, int):
        return list(tenants[:canary]), list(tenants[canary:])
    by_name = {tenant.name: tenant for tenant in tenants}
    unknown = [name for name in canary if name not in by_name]
    if unknown:
        raise TenantsInvalid(
            f"No tenant is called {', '.join(unknown)}.", hint="--canary takes a number or names."
        )
    return [by_name[name] for name in canary], [tenant for tenant in tenants if tenant.name not in canary]


def _notice(what: str, names: list[str]) -> list[str]:
    shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    return [f"{len(names)} tenants are {what}: {shown}"] if names else []


@final
class _Voyage:
    """One go over the tenants of a run."""

    def __init__(self, fleet: Fleet, journal: Journal, book: ControlBook | None, *, total: int) -> None:
        self._fleet = fleet
        self._books = (journal,) if book is None else (journal, book)
        self._total = total
        self._running: dict[str, None] = {}
        self._wave = Wave.CANARY
        self.results: list[TenantResult] = []
        self.stopped: str | None = None

    async def go(self, canary: Sequence[Tenant], rest: Sequence[Tenant]) -> None:
        for tenant in canary:
            result = await self._migrate(tenant)
            if not result.state.done:
                self.stopped = f"the canary {tenant.name} failed"
                return
        self._wave = Wave.REST
        waiting = iter(rest)
        async with asyncio.TaskGroup() as group:
            for _ in range(max(1, min(self._fleet.pace.workers, len(rest)))):
                group.create_task(self._work(waiting))

    async def _work(self, waiting: Iterator[Tenant]) -> None:
        for tenant in waiting:
            await self._migrate(tenant)
            failures = count_states(self.results).get(State.FAILED, 0)
            if failures >= self._fleet.pace.most_failures:
                self.stopped = f"{failures} tenants failed"
            if self.stopped is not None:
                return

    async def _migrate(self, tenant: Tenant) -> TenantResult:
        for book in self._books:
            book.started(tenant.name, self._fleet.clock())
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
        fleet = self._fleet
        try:
            report = await apply(
                tenant.endpoint,
                tenant.database,
                fleet.history,
                application=fleet.application,
                options=fleet.options,
                limits=fleet.limits,
                role=fleet.role,
            )
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

    def _end(self, result: TenantResult, began: float) -> TenantResult:
        ended = replace(result, took=timedelta(seconds=time.monotonic() - began))
        for book in self._books:
            book.ended(ended, self._fleet.clock())
        self._running.pop(result.name, None)
        self.results.append(ended)
        self._tell(ended)
        return ended

    def _tell(self, finished: TenantResult | None) -> None:
        self._fleet.observe(
            Progress(
                wave=self._wave,
                total=self._total,
                counts=count_states(self.results),
                running=tuple(self._running),
                finished=finished,
            )
        )
