"""Every advisory lock this platform takes, in one place, so that no two purposes share a key.

Locks are polled with `pg_try_advisory_lock`, never awaited inside the server: a session that sits in a blocking lock
function holds a snapshot, and CREATE INDEX CONCURRENTLY in the session that has the lock would wait for it for ever.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from hashlib import blake2b
from typing import final

from iotistic.database.errors import LockNotAvailable
from iotistic.database.pool import Connection

__all__ = ["Holder", "LockKey", "find_holder", "hold", "key_of", "list_holders", "try_lock", "unlock"]


@final
class LockKey(Enum):
    """The purposes for which a session lock is taken; the value is the name the key is computed from."""

    PROVISIONING = "iotistic.provisioning"
    """Creating roles and databases of one server."""
    PARTITIONS = "iotistic.partitions"
    """Creating and retiring partitions of one database."""
    LEAVES = "iotistic.leaves"
    """Long work on single partitions: sealing, thinning out, archiving."""
    HOUSEKEEPER = "iotistic.housekeeper"
    """The one leader among the services that runs periodic work."""
    BASE_BACKUP = "iotistic.base_backup"
    """One base backup of a server at a time; taken in its database `postgres`. It keeps nothing else from being done."""
    OPERATIONS = "iotistic.operations"
    """Dump, restore, migration and partition work on one database exclude one another: whoever begins such work takes it with
    `hold` on the connection that does the work, or on one that is kept open beside it. Migrations take it for a run that
    changes something, together with the lock of their history."""

    @property
    def number(self) -> int:
        """The 64-bit signed key PostgreSQL knows the lock by."""
        return key_of(self.value)


def key_of(name: str) -> int:
    """A stable 64-bit signed number for a lock's name: the first eight octets of BLAKE2b."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """The session that has a lock."""

    pid: int
    """Its server process."""
    application: str | None
    """What it calls itself; None when it says nothing, or when we may not see it."""
    user: str | None
    """Its role."""
    since: datetime | None
    """When its present transaction began, or else when it connected; None when we may not see it."""

    def __str__(self) -> str:
        since = f", since {self.since:%H:%M:%S} UTC" if self.since else ""
        return (
            f"process {self.pid} ({self.application or 'no name'}, role {self.user or 'not visible'}{since})"
        )


async def find_holder(connection: Connection, key: LockKey) -> Holder | None:
    """Who has the lock in this database; None when nobody has, or it was just given back."""
    return (await list_holders(connection, key)).get(connection.info.dbname)


async def list_holders(connection: Connection, key: LockKey) -> dict[str, Holder]:
    """Who has the lock, by database of the whole server; a database where nobody has is not in it."""
    cursor = await connection.execute(_HOLDERS, (key.number,))
    return {
        database: Holder(pid=pid, application=application or None, user=user, since=since)
        for database, pid, application, user, since in await cursor.fetchall()
    }


_HOLDERS = """
SELECT d.datname, l.pid, a.application_name, a.usename, coalesce(a.xact_start, a.backend_start)
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_database AS d ON d.oid = l.database
LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND (l.classid::bigint << 32) + l.objid::bigint = %s
"""


async def try_lock(connection: Connection, key: LockKey) -> bool:
    """Takes the session lock if it is free. The lock lives until `unlock` or the end of the session, not of a transaction."""
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (key.number,))
    row = await cursor.fetchone()
    return bool(row and row[0])


async def unlock(connection: Connection, key: LockKey) -> bool:
    """Gives the lock back. False means this session did not hold it: a pooler stands between, or somebody else unlocked."""
    cursor = await connection.execute("SELECT pg_advisory_unlock(%s)", (key.number,))
    row = await cursor.fetchone()
    return bool(row and row[0])


@asynccontextmanager
async def hold(
    connection: Connection,
    key: LockKey,
    *,
    wait: timedelta = timedelta(0),
    jitter: Callable[[], float] = random.random,
) -> AsyncGenerator[None]:
    """Holds the lock while inside, on a direct autocommit connection.

    Polls from every 100 ms to every second for up to `wait`; raises LockNotAvailable after that.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait.total_seconds()
    pause = 0.1
    while not await try_lock(connection, key):
        left = deadline - loop.time()
        if left <= 0:
            holder = await find_holder(connection, key)
            raise LockNotAvailable(
                f"The lock {key.value} is held by {holder or 'another session'}.",
                hint="Wait for it, or end its holder"
                + (f": SELECT pg_terminate_backend({holder.pid});" if holder else "."),
                lock=key.value,
                holder=holder.pid if holder else None,
            )
        await asyncio.sleep(min(left, pause * (0.5 + jitter())))
        pause = min(1.0, pause * 1.5)
    try:
        yield
    finally:
        if not connection.closed:
            await unlock(connection, key)
