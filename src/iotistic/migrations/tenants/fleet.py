"""One history applied to many databases: a few first, then several at a time, until all are done or too many have failed."""

import contextlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from iotistic.clock import Clock, system_clock
from iotistic.errors import IotisticError
from iotistic.migrations.files import Folder, look_into
from iotistic.migrations.history import History
from iotistic.migrations.plan import RunOptions
from iotistic.migrations.report import RunLimits
from iotistic.migrations.tenants.control import ControlBook, ControlPlace, read_control, unwritten
from iotistic.migrations.tenants.journal import Header, Journal, Record, RunMissing, merged, read_journal
from iotistic.migrations.tenants.model import (
    FleetReport,
    ProgressObserver,
    Tenant,
    TenantsInvalid,
)
from iotistic.migrations.tenants.sources import Source
from iotistic.migrations.tenants.voyage import Orders, Pace, Voyage, unwatched

__all__ = ["Fleet", "Pace"]


_NAMED: Final = 5


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
    observe: ProgressObserver = unwatched
    clock: Clock = system_clock

    async def run(self, tenants: Sequence[Tenant], *, source: Source | None = None) -> FleetReport:
        """Migrates every tenant, under a new run id.

        A tenant's failure is a result, not an error. Each database is migrated under its own lock; cancelling the task rolls
        back what is running and leaves a journal to resume from. Raises TenantsInvalid, and what an unusable folder raises.
        """
        folder = self._folder()
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
        waves = _waves(tenants, self.pace.canary)
        return await self._go(folder, Record(header=header), waves, ())

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
        folder = self._folder()
        by_name = {tenant.name: tenant for tenant in tenants}
        left = record.unfinished()
        known = {name for name, _ in record.header.tenants}
        notices = [
            *_notice("no longer listed, left as they are", [name for name in left if name not in by_name]),
            *_notice(
                "listed since the run began, not part of it", [name for name in by_name if name not in known]
            ),
            *(
                ["The files changed since the run began."]
                if folder.fingerprint != record.header.fingerprint
                else []
            ),
        ]
        chosen = [by_name[name] for name in left if name in by_name]
        # Those that failed go first: what stopped the run should show before anybody else is touched.
        failed = [tenant for tenant in chosen if tenant.name in record.results]
        others = [tenant for tenant in chosen if tenant.name not in record.results]
        waves = _waves([*failed, *others], min(1, len(chosen)))
        return await self._go(folder, record, waves, tuple(notices))

    async def _go(
        self,
        folder: Folder,
        record: Record,
        waves: tuple[Sequence[Tenant], Sequence[Tenant]],
        notices: tuple[str, ...],
    ) -> FleetReport:
        began = time.monotonic()
        book, unknown = await self._open_book(record)
        journal = Journal.take_over(self.journals, record)
        books = (journal,) if book is None else (journal, book)
        voyage = Voyage(self._orders(folder), books, total=sum(map(len, waves)))
        try:
            await voyage.go(*waves)
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

    def _orders(self, folder: Folder) -> Orders:
        return Orders(
            # Every tenant gets the same files, also when somebody deploys new ones meanwhile.
            history=replace(self.history, folder=folder),
            pace=self.pace,
            options=self.options,
            limits=self.limits,
            role=self.role,
            application=self.application,
            observe=self.observe,
            clock=self.clock,
        )

    def _folder(self) -> Folder:
        return look_into(self.history.folder, service=self.history.service)

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
