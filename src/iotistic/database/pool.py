"""Connections: a pool for the services' short transactions, and single direct ones for everything else.

A connection is handed out only if its server accepts writes: after a failover the pool of a demoted primary would
otherwise go on answering reads and failing writes. The server reports `in_hot_standby` by itself, so looking costs no
round trip (PostgreSQL 14 and newer).
"""

import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, final

import psycopg
from psycopg import AsyncConnection, IsolationLevel
from psycopg.pq import ConnStatus
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from iotistic.config import Endpoint, PoolSettings, SessionLimits
from iotistic.database.conninfo import conninfo
from iotistic.database.errors import DatabaseUnavailable, translated
from iotistic.errors import Unavailable

__all__ = ["Connection", "Pool", "PoolExhausted", "connect", "open_pool"]

Connection = AsyncConnection[TupleRow]


class PoolExhausted(DatabaseUnavailable):
    """Every connection of the pool is busy and the wait for one ran out."""

    code = "pool_exhausted"


Source = Callable[[], Endpoint]
"""Where to connect to, asked anew for each connection: passwords change while a service runs."""


@final
class _Login:
    """Notices that another login is in use, by a look a second."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._looked_at = time.monotonic()
        self._user = source().user

    def has_changed(self) -> bool:
        """Whether it is another one than at the last look; a server that is away has none to tell."""
        now, before = time.monotonic(), self._user
        if now - self._looked_at >= 1:
            self._looked_at = now
            with contextlib.suppress(Unavailable):
                self._user = self._source().user
        return self._user != before


@final
class Pool:
    """A bounded set of open connections to one database. Made by `open_pool`."""

    def __init__(
        self, inner: AsyncConnectionPool[Connection], database: str, login: _Login | None = None
    ) -> None:
        self._inner = inner
        self._login = login
        self.database = database

    @asynccontextmanager
    async def connection(
        self, *, read_only: bool = False, one_moment: bool = False
    ) -> AsyncGenerator[Connection]:
        """A connection in a transaction: committed on leaving, rolled back on error; `read_only` refuses writes in it.

        `one_moment`: all its statements see the database as it was at the first.

        Raises PoolExhausted when none is free in time, DatabaseUnavailable when the server cannot be reached.
        """
        connection = await self._take()
        try:
            # Sent along with BEGIN, so it costs no round trip; set every time, since the last user may have set the other.
            await connection.set_read_only(True if read_only else None)
            await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ if one_moment else None)
            with translated():
                async with connection:
                    yield connection
        finally:
            await self._inner.putconn(connection)

    @asynccontextmanager
    async def statement(self) -> AsyncGenerator[Connection]:
        """A connection for a single statement: it is its own transaction, which saves the round trips of BEGIN and COMMIT.

        Raises as `connection` does.
        """
        connection = await self._take()
        try:
            await connection.set_autocommit(True)  # nothing is sent
            with translated():
                yield connection
            await connection.set_autocommit(False)
        except BaseException:
            await connection.close()  # in whatever state it is, the pool makes another
            raise
        finally:
            await self._inner.putconn(connection)

    async def _take(self) -> Connection:
        if self._login is not None and self._login.has_changed():
            await self._inner.drain()  # before somebody ends the sessions of the old login under our hands
        try:
            return await self._inner.getconn()
        except (PoolTimeout, TooManyRequests) as error:
            raise self._exhausted() from error
        except PoolClosed as error:
            raise DatabaseUnavailable(f"The connection pool of {self.database} is closed.") from error

    def stats(self) -> Mapping[str, int]:
        """psycopg_pool's counters: pool_size, pool_available, requests_waiting, requests_errors, ..."""
        return self._inner.get_stats()

    async def close(self) -> None:
        """Gives running work a moment to finish, then closes every connection."""
        await self._inner.close(timeout=5.0)

    def _exhausted(self) -> DatabaseUnavailable:
        stats = self.stats()
        if not stats.get("pool_size"):
            return DatabaseUnavailable(
                f"No connection to database {self.database} could be opened in time.",
                hint="Run `iotistic status`; it says whether the server runs and where it is looked for.",
                retry_after=timedelta(seconds=1),
            )
        return PoolExhausted(
            f"All {stats.get('pool_size')} connections to {self.database} are busy.",
            hint="Raise IOTISTIC_POOL_MAX, or look for slow statements.",
            retry_after=timedelta(seconds=1),
            waiting=stats.get("requests_waiting", 0),
        )


async def _check(connection: Connection) -> None:
    """What the pool asks of a connection before it hands it out; raising makes it open another.

    Reads only what the server has already sent (its farewell after a restart, its change to a standby), so it costs no
    round trip; a peer that vanished silently is found by the keepalives.
    """
    connection.pgconn.consume_input()
    connection.pgconn.is_busy()  # parses what was read
    connection.pgconn.consume_input()  # behind the server's last words comes the end of the stream
    if connection.pgconn.status != ConnStatus.OK:
        raise psycopg.OperationalError("the connection is gone")
    if connection.info.parameter_status("in_hot_standby") == "on":
        raise psycopg.OperationalError("connected to a standby")


async def open_pool(
    endpoint: Endpoint | Source,
    database: str,
    *,
    settings: PoolSettings,
    limits: SessionLimits,
    application_name: str,
    session_settings: dict[str, str] | None = None,
) -> Pool:
    """Opens `settings.min_size` connections and keeps between that and `settings.max_size`.

    Lost connections are replaced in the background, with exponential back-off up to `reconnect_timeout`, for ever: a
    database restart needs no restart here. An endpoint that is a function is asked for each connection, so that a new password
    needs none either. `session_settings` are further server settings for every connection.
    Raises DatabaseUnavailable when the first connections cannot be had within `settings.timeout`.
    """
    source = endpoint if callable(endpoint) else lambda: endpoint
    inner: AsyncConnectionPool[Connection] = AsyncConnectionPool(
        lambda: conninfo(
            source(), database, application_name=application_name, limits=limits, settings=session_settings
        ),
        min_size=settings.min_size,
        max_size=settings.max_size,
        timeout=settings.timeout.total_seconds(),
        max_idle=settings.max_idle.total_seconds(),
        max_lifetime=settings.max_lifetime.total_seconds(),
        reconnect_timeout=30.0,
        check=_check,
        name=f"{application_name}:{database}",
        open=False,
    )
    try:
        await inner.open(wait=True, timeout=settings.timeout.total_seconds())
    except PoolTimeout as error:
        await inner.close()
        # The pool swallows why; one direct attempt tells.
        probe = await connect(source(), database, application_name=application_name)
        await probe.close()
        raise DatabaseUnavailable(
            f"The connections to database {database} could not be opened in time."
        ) from error
    return Pool(inner, database, _Login(source) if callable(endpoint) else None)


async def connect(
    endpoint: Endpoint,
    database: str,
    *,
    application_name: str,
    limits: SessionLimits | None = None,
    autocommit: bool = False,
    session_settings: dict[str, str] | None = None,
    **options: Any,  # noqa: ANN401 - psycopg's own keyword arguments
) -> Connection:
    """One direct connection outside any pool: for migrations, LISTEN, partition work, diagnosis.

    Raises DatabaseUnavailable naming host, port and database.
    """
    where = ", ".join(f"{host}:{port}" for host, port in endpoint.hosts)
    text = conninfo(
        endpoint, database, application_name=application_name, limits=limits, settings=session_settings
    )
    try:
        return await AsyncConnection.connect(text, autocommit=autocommit, **options)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(
            f"No connection to database {database} at {where} as {endpoint.user}: {_first_line(error)}",
            hint="`iotistic doctor connection` walks the way there and says which step fails, and what to do.",
            retry_after=timedelta(seconds=1),
            host=where,
            database=database,
        ) from error


def _first_line(error: BaseException) -> str:
    # libpq repeats itself per address, one line each; the last line is the most specific and never holds the password.
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
