"""Taking a backup: one snapshot for the dump and for the counts that prove it, then everything checksummed and published."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from iotistic.clock import Clock, system_clock
from iotistic.config import Endpoint
from iotistic.database import locks
from iotistic.database.client_tools import find_tool
from iotistic.database.pool import Connection, connect
from iotistic.errors import IotisticError
from iotistic.operations.backups.dumping import Dump, choose_compression
from iotistic.operations.backups.errors import BackupUnwritable
from iotistic.operations.backups.folders import list_files
from iotistic.operations.backups.model import Compression, Manifest, TableCount
from iotistic.operations.backups.progress import Observe
from iotistic.operations.backups.snapshot import Snapshot, choose_tables, count_alone, snapshot
from iotistic.operations.backups.store import BackupStore, new_id

__all__ = ["BackupOrder", "create_backup"]

_OPERATIONS_WAIT = timedelta(minutes=5)
_SHRUNK = 0.5
"""Less than this part of the backup before is what a broken dump looks like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupOrder:
    """What to save, and how."""

    database: str
    tables: tuple[str, ...] = ()
    """Only these; a partitioned one with its leaves. Empty: everything."""
    compression: Compression | None = None
    """None: zstd where pg_dump can, else gzip at its fastest (17 % larger than the default for half its time)."""
    jobs: int = 2
    """How many tables are read at a time."""
    digests: bool = False
    """Also hash every row; about nine times the work of counting."""


async def create_backup(
    endpoint: Endpoint,
    store: BackupStore,
    order: BackupOrder,
    *,
    observe: Observe | None = None,
    clock: Clock = system_clock,
) -> Manifest:
    """Dumps a database, or some of its tables, and answers what was published in `store`.

    Holds the operations lock of the database meanwhile. Raises LockNotAvailable, TableUnknown, CompressionMissing,
    ClientToolMissing, ClientToolFailed, BackupUnwritable, or what connecting raises; then nothing new is in the store.
    """
    connection = await connect(endpoint, order.database, application_name="iotistic-backup", autocommit=True)
    try:
        async with locks.hold(connection, locks.LockKey.OPERATIONS, wait=_OPERATIONS_WAIT):
            return await _create(connection, endpoint, store, order, observe, clock)
    except OSError as error:
        raise BackupUnwritable(
            f"The backup could not be written to {store.root}: {error.strerror or error}.",
            hint="Make room there, or name another place with --folder. Nothing half-written is left.",
            path=str(store.root),
        ) from error
    finally:
        await connection.close()


async def _create(  # noqa: PLR0917 - one call, in the order of the public function
    connection: Connection,
    endpoint: Endpoint,
    store: BackupStore,
    order: BackupOrder,
    observe: Observe | None,
    clock: Clock,
) -> Manifest:
    started = clock()
    backup_id = new_id(started)
    tool = find_tool("pg_dump", at_least=connection.info.server_version // 10_000, endpoint=endpoint)
    compression = choose_compression(tool, order.compression)
    store.sweep(order.database)
    await count_alone(connection)
    with store.draft(order.database, backup_id) as draft:
        async with snapshot(connection) as seen:
            tables = await seen.catalog.list_tables()
            if order.tables:
                tables = choose_tables(tables, order.tables)
            dump = Dump(
                endpoint=endpoint,
                database=order.database,
                tool=tool,
                compression=compression,
                jobs=order.jobs,
                snapshot=seen.id,
                tables=tables,
                is_partial=bool(order.tables),
                application=f"iotistic-dump-{backup_id}",
            )
            async with dump.watched(observe):
                counts = await _dump_and_count(dump, seen, draft, digests=order.digests)
            facts = await seen.catalog.describe()
            settings, grants = await seen.catalog.list_settings(), await seen.catalog.list_grants()
        sealer = store.sealer
        sealed = None if sealer is None else await asyncio.to_thread(sealer.seal_folder, draft, backup_id)
        manifest = Manifest(
            format=1,
            id=backup_id,
            database=order.database,
            tables_asked=order.tables,
            server_version=connection.info.server_version,
            tool_major=tool.major,
            compression=compression,
            started_at=started,
            finished_at=clock(),
            database_bytes=facts.database_bytes,
            owner=facts.owner,
            extensions=tuple(facts.extensions),
            roles=tuple(facts.roles),
            settings=tuple(settings),
            grants=tuple(grants),
            tables=tuple(counts),
            files=await asyncio.to_thread(list_files, draft),
            sealed_key=sealed,
            warnings=() if order.tables else _shrunk(store.list(order.database), counts),
        )
        await asyncio.to_thread(store.publish, draft, manifest)
    return manifest


async def _dump_and_count(dump: Dump, seen: Snapshot, draft: Path, *, digests: bool) -> list[TableCount]:
    """Both at once: counting is a tenth of the work, and the server has more than one core."""
    writing = asyncio.create_task(dump.write(draft))
    try:
        counts = [await seen.count(table, digest=digests) for table in dump.tables]
        await writing
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError, IotisticError):
            await writing
    return counts


def _shrunk(before: Sequence[Manifest], counts: Sequence[TableCount]) -> tuple[str, ...]:
    full = [each for each in before if each.is_full]
    rows = sum(count.rows for count in counts)
    if full and rows < full[0].rows * _SHRUNK:
        return (f"it has {rows} rows, less than half of the {full[0].rows} of {full[0].id}",)
    return ()
