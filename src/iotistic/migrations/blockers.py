"""Who stands in the way of a statement: asked while it waits, because afterwards nobody knows."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from iotistic.errors import IotisticError
from iotistic.migrations.answers import CommandFailed, ConnectionLost
from iotistic.migrations.errors import Blocker
from iotistic.migrations.session import Command, Session

__all__ = ["SESSIONS", "Watch", "blocker_of", "watch_blockers"]

SESSIONS = """
SELECT a.pid, a.usename, a.application_name, coalesce(host(a.client_addr), a.client_hostname), a.state,
       extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.backend_start)),
       extract(epoch FROM clock_timestamp() - a.query_start), left(a.query, 200)
FROM pg_catalog.pg_stat_activity a
"""
"""What `blocker_of` reads; to be narrowed by what follows."""

_BLOCKERS = f"""{SESSIONS}
WHERE a.pid = ANY (pg_blocking_pids($1::integer)) ORDER BY a.xact_start NULLS LAST
"""

_POLL = 0.2


class Watch:
    """What a look beside a running statement has found so far."""

    def __init__(self) -> None:
        self.blockers: tuple[Blocker, ...] = ()


@asynccontextmanager
async def watch_blockers(
    session: Session, open_second: Callable[[], Awaitable[Session]], *, after: timedelta
) -> AsyncGenerator[Watch]:
    """While inside, looks from a second connection who blocks `session`; opened only when the work takes longer than `after`."""
    watch = Watch()
    task = asyncio.create_task(_look(watch, session.backend_pid, open_second, after))
    try:
        yield watch
    finally:
        task.cancel()
        # Looking is a courtesy: a second connection that cannot be had must not fail the work.
        with contextlib.suppress(asyncio.CancelledError, IotisticError, CommandFailed, ConnectionLost):
            await task


def blocker_of(row: Sequence[str | None]) -> Blocker:
    """A blocker from `SESSIONS`."""
    pid, user, application, host, state, age, query_age, query = row
    return Blocker(
        pid=int(pid or 0),
        user=user,
        application=application or None,
        host=host,
        state=state,
        age=_seconds(age),
        query_age=_seconds(query_age),
        query=" ".join(query.split())[:80] if query else None,
    )


def _seconds(text: str | None) -> timedelta | None:
    return timedelta(seconds=float(text)) if text is not None else None


async def _look(
    watch: Watch, backend_pid: int, open_second: Callable[[], Awaitable[Session]], after: timedelta
) -> None:
    await asyncio.sleep(after.total_seconds())
    async with await open_second() as second:
        while True:
            rows = await second.rows(Command(_BLOCKERS, (str(backend_pid),)))
            if rows:
                watch.blockers = tuple(blocker_of(row) for row in rows)
            await asyncio.sleep(_POLL)
