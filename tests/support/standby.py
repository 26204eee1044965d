"""A server and its streaming standby, for tests that kill the first and promote the second."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import psycopg

from iotistic.config import Endpoint
from iotistic.database.conninfo import conninfo
from iotistic.database.pool import Connection, connect
from iotistic.database.server import RunningServer, Source, find_binaries, start
from tests.support.server import start_test_server, stop_test_server, throw_away, throw_away_folder

__all__ = ["Pair", "standing_by"]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Both servers run."""

    primary: RunningServer
    standby: RunningServer

    @property
    def endpoint(self) -> Endpoint:
        """Both hosts, as a service is given them."""
        hosts = (*self.primary.endpoint.hosts, *self.standby.endpoint.hosts)
        return replace(self.primary.endpoint, hosts=hosts)

    async def wait_for_each_other(self) -> None:
        """From now on a commit is acknowledged once the standby has applied it."""
        async with await _superuser(self.primary) as connection:
            await connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            await connection.execute("ALTER SYSTEM SET synchronous_commit = 'remote_apply'")
            await connection.execute("SELECT pg_reload_conf()")
            async with asyncio.timeout(60):
                while not await _is_synchronous(connection):
                    await asyncio.sleep(0.02)

    async def kill_primary(self) -> None:
        """With SIGKILL, and until nothing of it answers."""
        os.kill(self.primary.pid, signal.SIGKILL)
        async with asyncio.timeout(60):
            while True:
                try:
                    await (await _superuser(self.primary)).close()
                except psycopg.Error:
                    return
                except Exception as error:
                    if isinstance(error.__cause__, psycopg.Error):
                        return
                    raise
                await asyncio.sleep(0.02)

    async def promote(self) -> None:
        """The standby, which waits for nobody then; returns once it takes writes."""
        async with await _superuser(self.standby) as connection:
            await connection.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
            await connection.execute("SELECT pg_promote(true, 60)")


@asynccontextmanager
async def standing_by(prefer: Source | None = None) -> AsyncIterator[Pair]:
    """A server with a standby that streams from it."""
    primary = await start_test_server(prefer)
    folder = throw_away_folder()
    try:
        await _let_replicate(primary)
        shutil.copytree(primary.folder.secrets, folder.secrets)
        await _copy(primary, str(folder.postgres), prefer)
        owner = primary.folder.postgres.stat()
        for path in (folder.postgres, *folder.postgres.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
        standby = await start(folder, binaries=find_binaries(prefer), durable=False)
        yield Pair(primary=primary, standby=standby)
    finally:
        await throw_away(folder)
        await stop_test_server(primary)


async def _superuser(server: RunningServer) -> Connection:
    return await connect(server.endpoint, "postgres", application_name="test-standby", autocommit=True)


async def _let_replicate(primary: RunningServer) -> None:
    with (primary.folder.postgres / "pg_hba.conf").open("a") as file:
        file.write("host replication all 127.0.0.1/32 scram-sha-256\n")
    async with await _superuser(primary) as connection:
        await connection.execute("SELECT pg_reload_conf()")


async def _copy(primary: RunningServer, place: str, prefer: Source | None) -> None:
    where = conninfo(primary.endpoint, "postgres", application_name="standby", read_write=False)
    words = ["-d", where, "-D", place, "-R", "-X", "stream", "-c", "fast", "--no-sync"]
    program = find_binaries(prefer).bin_dir / "pg_basebackup"
    process = await asyncio.create_subprocess_exec(program, *words)
    assert await process.wait() == 0


async def _is_synchronous(connection: Connection) -> bool:
    cursor = await connection.execute("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")
    row = await cursor.fetchone()
    return row is not None and row[0] == 1
