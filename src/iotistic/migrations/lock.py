"""The lock that lets one runner at a time work on a history.

Polled, never awaited inside the server: a session that sits in a blocking lock function holds a snapshot, and CREATE INDEX
CONCURRENTLY in the session that has the lock would wait for that snapshot for ever. Held by the session that runs the
files, so that it cannot outlive the work nor the work it. A run takes the lock of operations with it, which dumps, restores and
partition work of the same database take too: both or none, in one statement.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from iotistic.database.locks import LockKey, key_of
from iotistic.migrations.blockers import SESSIONS, blocker_of
from iotistic.migrations.errors import Blocker, BusyLock, LockBusy, PoolerBetween
from iotistic.migrations.history import History
from iotistic.migrations.report import Event, EventKind, Observer
from iotistic.migrations.session import Command, Session
from iotistic.migrations.tables import columns_of_ledger
from iotistic.migrations.texts import blocker_text

__all__ = ["Locked", "take_lock", "unlock"]

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 1.0
_SAY_EVERY = 5.0
_PROBES = 3

# A lock taken through a transaction pooler stays behind on a server session that nobody owns: hence the first two conditions.
# A setting that every session of ours has (iotistic.migrations.connecting) and this one lacks was swallowed on the way.
_TRY: Final = """
SELECT CASE
  WHEN current_setting('idle_in_transaction_session_timeout') <> '1min' THEN 'no settings'
  WHEN pg_backend_pid() <> $2 AND NOT $3 THEN 'another session'
  WHEN NOT pg_try_advisory_lock($1) THEN 'migration'
  WHEN $4::bigint IS NULL OR pg_try_advisory_lock($4) THEN 'ours'
  WHEN pg_advisory_unlock($1) THEN 'operations'
END
"""
_UNLOCK: Final = "SELECT pg_advisory_unlock($1), $2::bigint IS NULL OR pg_advisory_unlock($2)"
_DIRECT: Final = (
    "Give migrations a direct connection to the server's own port, as IOTISTIC_MIGRATION_URL or --url."
)

_OF_THE_LOCK = """
JOIN pg_catalog.pg_locks l ON l.pid = a.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  AND (l.classid::bigint << 32) + l.objid::bigint = $1::bigint
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Locked:
    """The lock is ours."""

    columns: dict[str, str]
    """The columns of the history's table, read under the lock; empty: there is no table."""
    waited: timedelta
    """How long it took to get it."""


async def take_lock(
    session: Session,
    history: History,
    *,
    wait: timedelta,
    observe: Observer,
    open_second: Callable[[], Awaitable[Session]],
    operations: bool = False,
    jitter: Callable[[], float] = random.random,
) -> Locked:
    """Takes the lock of `history`, polling for up to `wait`, and looks at the history's table in the same round trip.

    With `operations` the lock of operations is taken too. Every five seconds of waiting `observe` hears who is in the way.
    Raises LockBusy naming the holder, and PoolerBetween when the connection is not one session, or not one with our
    settings (`open_second` opens another one where only that can tell).
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    pause, said = _FIRST_PAUSE, began
    direct = False
    while True:
        answer, columns = await _attempt(session, history, direct=direct, operations=operations)
        if answer == "ours":
            return Locked(columns=columns, waited=timedelta(seconds=loop.time() - began))
        if answer == "another session":
            await _prove_one_session(session, open_second)
            direct = True
            continue
        if answer == "no settings":
            raise PoolerBetween(
                "The connection goes through a pooler that keeps our session settings to itself: no lock timeout would hold "
                "there, and no promise about it.",
                hint=_DIRECT,
            )
        busy = BusyLock.OPERATIONS if answer == "operations" else BusyLock.MIGRATION
        left = wait.total_seconds() - (loop.time() - began)
        if left <= 0:
            holder = await _find_holder(session, history, busy)
            raise LockBusy(history.service, waited=wait, holder=holder, lock=busy)
        if said == began or loop.time() - said >= _SAY_EVERY:
            said = loop.time() + 1e-9
            observe(_waiting(history, await _find_holder(session, history, busy), busy, loop.time() - began))
        await asyncio.sleep(min(left, pause * (0.5 + jitter())))
        pause = min(_LONGEST_PAUSE, pause * 1.5)


async def unlock(session: Session, history: History, *, operations: bool = False) -> bool:
    """Gives the locks back. False: this session did not hold them any more."""
    [row] = await session.rows(
        Command(_UNLOCK, (_key(history, BusyLock.MIGRATION), _operations_key(operations)))
    )
    return row == ("t", "t")


async def _find_holder(session: Session, history: History, lock: BusyLock) -> Blocker | None:
    """The session that holds the lock, or None when it was just given back."""
    rows = await session.rows(Command(SESSIONS + _OF_THE_LOCK, (_key(history, lock),)))
    return blocker_of(rows[0]) if rows else None


async def _attempt(
    session: Session, history: History, *, direct: bool, operations: bool
) -> tuple[str | None, dict[str, str]]:
    keys = (_key(history, BusyLock.MIGRATION), str(session.backend_pid), "t" if direct else "f")
    attempt = Command(_TRY, (*keys, _operations_key(operations)))
    got, columns = await session.pipeline([attempt, Command(columns_of_ledger(history))])
    return got[0][0], {row[0] or "": row[1] or "" for row in columns}


def _key(history: History, lock: BusyLock) -> str:
    return str(LockKey.OPERATIONS.number if lock is BusyLock.OPERATIONS else key_of(history.lock_name))


def _operations_key(operations: bool) -> str | None:  # noqa: FBT001 - the parameter of a statement
    return str(LockKey.OPERATIONS.number) if operations else None


async def _prove_one_session(session: Session, open_second: Callable[[], Awaitable[Session]]) -> None:
    """Something stands between us and the server: makes sure that behind it is one session all the time.

    Another connection that gets the same backend, or makes ours change when it keeps a transaction open, says no. Several,
    because the first may get a session that happened to be idle in the pool.
    """
    ours = await _backend(session)
    async with AsyncExitStack() as others:
        for _ in range(_PROBES):
            other = await others.enter_async_context(await open_second())
            theirs = (await other.pipeline([Command("BEGIN"), Command("SELECT pg_backend_pid()")]))[1][0][0]
            if theirs == ours or await _backend(session) != ours:
                raise PoolerBetween(
                    "The connection goes through a pooler that changes the server session between transactions; "
                    "no migration lock would hold there.",
                    hint=_DIRECT,
                )


async def _backend(session: Session) -> str | None:
    return (await session.rows(Command("SELECT pg_backend_pid()")))[0][0]


def _waiting(history: History, holder: Blocker | None, lock: BusyLock, seconds: float) -> Event:
    who = f"; it is held by {blocker_text(holder)}" if holder else ""
    return Event(
        kind=EventKind.LOCK_WAIT,
        message=f"{history.service}: waiting for the {lock.value} lock, {seconds:.0f} s so far{who}",
        blocker=holder,
    )
