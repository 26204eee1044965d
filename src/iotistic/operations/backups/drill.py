"""Proving a backup: restored into a server made for the purpose, compared row by row of the manifest, checked page by page.

A backup that was never restored is a hope. The scratch server is this program's own, in a folder of its own, and goes away.
"""

import time
from collections.abc import Callable, Iterable

from psycopg import sql

from iotistic.clock import Clock, system_clock
from iotistic.config import Endpoint
from iotistic.database.client_tools import ClientToolMissing, environment, find_tool, run_tool
from iotistic.database.errors import translated
from iotistic.database.pool import connect
from iotistic.operations.backups.model import Manifest
from iotistic.operations.backups.records import BackupRecords, Proof
from iotistic.operations.backups.repository import CatalogRepository
from iotistic.operations.backups.restoration import Narrate, Restoration
from iotistic.operations.backups.scratch_server import scratch_server
from iotistic.operations.backups.store import BackupStore

__all__ = ["drill"]

_APPLICATION = "iotistic-drill"
_DATABASE = "drill"


async def drill(
    store: BackupStore,
    manifest: Manifest,
    *,
    narrate: Narrate,
    amcheck: bool = True,
    jobs: int = 2,
    clock: Clock = system_clock,
    monotonic: Callable[[], float] = time.monotonic,
) -> Proof:
    """Restores the backup into a scratch server, compares, checks, and records the proof in the store's folder.

    Raises what `Restoration.into` raises, ClientToolFailed where pg_amcheck finds damage, and the errors of starting a server.
    """
    begun = monotonic()
    async with scratch_server(narrate, manifest.server_version // 10_000) as endpoint:
        version = await _make_roles(endpoint, {*manifest.roles, manifest.owner})
        outcome = await Restoration(endpoint, store, manifest, jobs=jobs, narrate=narrate).into(_DATABASE)
        checked = amcheck and await _check_pages(endpoint, version, jobs, narrate)
    proof = Proof(
        backup=manifest.id,
        proved_at=clock(),
        server_version=version,
        seconds=round(monotonic() - begun, 1),
        tables=outcome.tables,
        rows=outcome.rows,
        amcheck=checked,
    )
    BackupRecords(store.root).prove(manifest, proof)
    return proof


async def _make_roles(endpoint: Endpoint, names: Iterable[str]) -> int:
    """Makes the roles the backup refers to, without any right to log in; answers the server's version."""
    connection = await connect(endpoint, "postgres", application_name=_APPLICATION, autocommit=True)
    try:
        with translated():
            missing = await CatalogRepository(connection).missing_roles(names)
            for name in missing:
                await connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
        return connection.info.server_version
    finally:
        await connection.close()


async def _check_pages(endpoint: Endpoint, version: int, jobs: int, narrate: Narrate) -> bool:
    """Whether pg_amcheck was there and found nothing. Raises ClientToolFailed where it found something."""
    try:
        tool = find_tool("pg_amcheck", at_least=version // 10_000)
    except ClientToolMissing as missing:
        narrate(f"pages are not checked: {missing.message}")
        return False
    narrate("checking every page of tables and indexes")
    await run_tool(
        tool,
        [f"--jobs={jobs}", "--install-missing", "--heapallindexed", f"--database={_DATABASE}"],
        environment(endpoint, _DATABASE, application_name=_APPLICATION),
    )
    return True
