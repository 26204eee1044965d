"""Backups by themselves: take one when the newest is old, restore one to prove it, let go of what is no longer needed."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence

from iotistic.clock import Clock, system_clock
from iotistic.config import Endpoint
from iotistic.errors import IotisticError, Unavailable
from iotistic.operations.backups.copies import Copies
from iotistic.operations.backups.creation import BackupOrder, create_backup
from iotistic.operations.backups.drill import drill
from iotistic.operations.backups.pruning import Here, Shelf, prune
from iotistic.operations.backups.records import BackupRecords, Proof
from iotistic.operations.backups.retention import Keep
from iotistic.operations.backups.schedule import Timetable
from iotistic.operations.backups.store import BackupStore

__all__ = ["BackupRoundFailed", "keep_backups"]

_log = logging.getLogger(__name__)


class BackupRoundFailed(Unavailable):
    """A database was not saved, or its backup not proved: the next round tries again, and a person should look."""

    code = "backup_round_failed"


async def keep_backups(
    endpoint: Endpoint,
    store: BackupStore,
    databases: Iterable[str],
    timetable: Timetable,
    *,
    copies: Copies | None = None,
    clock: Clock = system_clock,
) -> str | None:
    """One round over these databases of one server; trouble with one keeps no other from it.

    What is not among the `copies` yet is sent there, also what an earlier round could not send.

    Answers what was done, or None. Raises BackupRoundFailed after the last one if something went wrong.
    """
    told: list[str] = []
    troubles: list[str] = []
    for database in databases:
        try:
            async for done in _keep(endpoint, store, database, timetable, copies, clock):
                told.append(done)  # noqa: PERF401 - what was done before the trouble is told too
        except IotisticError as error:
            troubles.append(f"{database}: {error.message}")
    if troubles:
        raise BackupRoundFailed(
            "; ".join([*told, *troubles]), hint="`iotistic backup list` shows what there is."
        )
    return "; ".join(told) or None


async def _keep(  # noqa: PLR0917 - one call, in the order of the public function
    endpoint: Endpoint,
    store: BackupStore,
    database: str,
    timetable: Timetable,
    copies: Copies | None,
    clock: Clock,
) -> AsyncIterator[str]:
    if timetable.is_backup_due(store.list(database), clock()):
        made = await create_backup(endpoint, store, BackupOrder(database=database), clock=clock)
        yield "; ".join([f"{database} saved as {made.id}", *made.warnings])
    due = timetable.drill_due(store.list(database), _proofs(store, database), clock())
    if due is not None:
        await drill(store, due, narrate=_log.info, clock=clock)
        yield f"{due.id} proved"
    if copies is not None:
        async for done in _copy(store, copies, database):
            yield done
    async for done in _let_go(Here(store), database, "removed"):
        yield done


async def _copy(store: BackupStore, copies: Copies, database: str) -> AsyncIterator[str]:
    for manifest in await asyncio.to_thread(copies.missing, store, database):
        await asyncio.to_thread(copies.send, store, manifest)
        yield f"{manifest.id} copied to {copies.address}"
    for manifest in store.list(database):
        await asyncio.to_thread(copies.send_records, store, manifest)
    async for done in _let_go(copies, database, f"removed from {copies.address}"):
        yield done


async def _let_go(shelf: Shelf, database: str, what: str) -> AsyncIterator[str]:
    for verdict in await asyncio.to_thread(prune, shelf, database, keep=Keep(), act=True):
        if not verdict.keep:
            yield f"{verdict.manifest.id} {what}: {verdict.reason}"


def _proofs(store: BackupStore, database: str) -> Sequence[Proof]:
    records = BackupRecords(store.root)
    return [proof for each in store.list(database) if (proof := records.find_proof(each)) is not None]
