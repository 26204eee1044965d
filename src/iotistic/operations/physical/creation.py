"""Taking a base backup: the server's files while it runs, complete or what changed since another, checked as soon as written."""

import asyncio
from pathlib import Path

from iotistic.clock import Clock, system_clock
from iotistic.config import Endpoint
from iotistic.database import locks
from iotistic.database.client_tools import ClientTool, ClientToolFailed, environment, find_tool, run_tool
from iotistic.database.pool import Connection, connect
from iotistic.operations.backups import Observe, Progress
from iotistic.operations.backups.progress import watched
from iotistic.operations.backups.store import new_id
from iotistic.operations.physical.base_backups import DATA, BaseBackup, BaseBackups, fingerprint
from iotistic.operations.physical.errors import BaseBackupDamaged
from iotistic.operations.physical.summaries import require_summaries

__all__ = ["create_base_backup", "verify_base_backup"]

_APPLICATION = "iotistic-base-backup"
_MAINTENANCE = "postgres"
_SENT = """
SELECT coalesce(sum(progress.backup_streamed), 0), (SELECT sum(pg_database_size(oid)) FROM pg_database)
FROM pg_stat_progress_basebackup AS progress JOIN pg_stat_activity AS session USING (pid)
WHERE session.application_name = %s
"""


async def create_base_backup(
    endpoint: Endpoint,
    backups: BaseBackups,
    *,
    since: BaseBackup | None = None,
    observe: Observe | None = None,
    clock: Clock = system_clock,
) -> BaseBackup:
    """Copies the whole server, or what changed `since` another base backup (PostgreSQL 17 and newer, with summarize_wal on).

    `endpoint` may replicate. The log of the time it takes is in it, so it is whole without an archive. Raises IncrementImpossible,
    ClientToolMissing, ClientToolFailed, BaseBackupDamaged; then nothing new is in the store.
    """
    started = clock()
    connection = await connect(endpoint, _MAINTENANCE, application_name=_APPLICATION, autocommit=True)
    try:
        version = connection.info.server_version
        if since is not None:
            await require_summaries(connection)
            backups.require_same_manifest(since)
        async with locks.hold(connection, locks.LockKey.BASE_BACKUP):
            with backups.draft(new_id(started)) as draft:
                async with watched(observe, lambda: _look(connection, whole=since is None)):
                    await _copy(
                        endpoint, draft / DATA, version, backups.manifest_of(since) if since else None
                    )
                written = BaseBackup(
                    format=1,
                    id=draft.name.removeprefix(".").removesuffix(".part"),
                    parent=since.id if since else None,
                    server_version=version,
                    started_at=started,
                    finished_at=clock(),
                    bytes=await asyncio.to_thread(_bytes, draft),
                    fingerprint=fingerprint(draft / DATA / "backup_manifest") or "",
                )
                await verify_base_backup(draft / DATA, written)
                await asyncio.to_thread(backups.publish, draft, written)
    finally:
        await connection.close()
    return written


async def verify_base_backup(data: Path, backup: BaseBackup) -> None:
    """Reads every file and compares it with PostgreSQL's manifest. Raises BaseBackupDamaged, ClientToolMissing."""
    try:
        await run_tool(_tool("pg_verifybackup", backup.server_version), ["--quiet", str(data)], {})
    except ClientToolFailed as failed:
        raise BaseBackupDamaged(
            f"The base backup {backup.id} is damaged: {failed.message}",
            hint="Take another one, and look after the disk this one lies on.",
        ) from failed


async def _copy(endpoint: Endpoint, target: Path, version: int, since: Path | None) -> None:
    await run_tool(
        find_tool("pg_basebackup", at_least=version // 10_000, endpoint=endpoint),
        [
            f"--pgdata={target}",
            "--checkpoint=fast",
            "--wal-method=stream",
            "--manifest-checksums=SHA256",
            *([f"--incremental={since}"] if since else ()),
        ],
        environment(endpoint, _MAINTENANCE, application_name=_APPLICATION),
    )


async def _look(connection: Connection, *, whole: bool) -> Progress:
    """How much was sent of all databases; of what changed nobody knows how much it is."""
    cursor = await connection.execute(_SENT, (_APPLICATION,))
    row = await cursor.fetchone()
    done, total = row or (0, 0)
    return Progress(bytes_done=int(done), bytes_total=int(total) if whole else None)


def _tool(name: str, version: int) -> ClientTool:
    return find_tool(name, at_least=version // 10_000)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
