"""Stopping a statement or a session of somebody else: never our own, never the server's."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import final

from iotistic.database.pool import Connection
from iotistic.database.queries import Statements
from iotistic.errors import Conflict, Denied, NotFound
from iotistic.operations.inspection.inspector import QUERIES

__all__ = ["Ending", "EndingDenied", "EndingRefused", "SessionEnder", "SessionMissing"]

_CLIENT = "client backend"
# What a client stands behind, though the server names it otherwise: a standby or a base backup.
_ENDABLE = (_CLIENT, "walsender")
_LOOK_EVERY = 0.05


class SessionMissing(NotFound):
    """No process of the server has that number."""

    code = "session_missing"


class EndingRefused(Conflict):
    """That process is not to be ended, or does nothing that could be stopped."""

    code = "session_ending_refused"


class EndingDenied(Denied):
    """The role may not end sessions of others."""

    code = "session_ending_denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A session as it was found, to be shown before anything is done to it."""

    pid: int
    kind: str
    role: str | None
    database: str | None
    application: str
    state: str | None
    began_at: datetime | None
    """With the pid, the identity of a session; None: we may not see it."""
    is_ours: bool
    statement_seconds: float | None
    query: str | None


@final
class SessionEnder:
    """Acts on one autocommit connection, as a role with pg_signal_backend or as the session's own role."""

    def __init__(self, connection: Connection) -> None:
        self._sql = Statements(connection, QUERIES)

    async def find(self, pid: int, *, terminate: bool) -> Ending:
        """The session, when it may be ended. Raises SessionMissing, EndingRefused, EndingDenied."""
        found = await self._sql.one("find_session", Ending, pid=pid)
        if found is None:
            raise SessionMissing(
                f"The server has no process {pid}.",
                hint="`iotistic db activity --all` lists them; it may have ended by itself.",
                pid=pid,
            )
        _check(found, terminate=terminate)
        return found

    async def cancel(self, found: Ending, *, wait: timedelta) -> bool:
        """Stops its statement; answers whether it has stopped within `wait`. The session stays. Raises SessionMissing, DatabaseDenied."""
        if await self._sql.value("cancel_session", pid=found.pid, began_at=found.began_at) is None:
            raise _gone(found)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait.total_seconds()
        while await self._runs_still(found):
            if loop.time() > deadline:
                return False
            await asyncio.sleep(_LOOK_EVERY)
        return True

    async def terminate(self, found: Ending, *, wait: timedelta) -> bool:
        """Ends it; answers whether it has ended within `wait`. Raises SessionMissing, DatabaseDenied."""
        ended = await self._sql.value(
            "terminate_session",
            pid=found.pid,
            began_at=found.began_at,
            wait_ms=max(1, round(wait / timedelta(milliseconds=1))),
        )
        if ended is None:
            raise _gone(found)
        return bool(ended)

    async def _runs_still(self, found: Ending) -> bool:
        """Whether the very statement goes on: another one of the same session began later."""
        now = await self._sql.one("find_session", Ending, pid=found.pid)
        if now is None or now.began_at != found.began_at or now.state != "active":
            return False
        return (now.statement_seconds or 0) >= (found.statement_seconds or 0)


def _check(found: Ending, *, terminate: bool) -> None:
    if found.is_ours:
        raise EndingRefused(
            f"Process {found.pid} is the session that runs this very command.",
            hint="Name another one: `iotistic db activity` lists them.",
            pid=found.pid,
        )
    if found.began_at is None:
        raise EndingDenied(
            f"Our role may neither see nor end process {found.pid} of role {found.role}.",
            hint="Use that role itself, or one that was granted pg_signal_backend, by --url.",
            pid=found.pid,
        )
    if found.kind not in _ENDABLE:
        raise EndingRefused(
            f"Process {found.pid} is the server's own {found.kind or 'process'}, not a session.",
            hint="Only sessions of clients are ended; the server starts its own processes anew, or restarts as a whole.",
            pid=found.pid,
        )
    if not terminate and found.state != "active":
        raise EndingRefused(
            f"Process {found.pid} runs no statement now; it is {found.state or 'in a state we may not see'}.",
            hint="--terminate ends the session, and rolls back what it has open.",
            pid=found.pid,
        )


def _gone(found: Ending) -> SessionMissing:
    return SessionMissing(
        f"Process {found.pid} ended, or its statement did, before it could be stopped.", pid=found.pid
    )
