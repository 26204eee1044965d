"""Direct connections for migrations: with the session settings a file may rely on, and with patience where it is due."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from iotistic.config import Endpoint
from iotistic.database.conninfo import milliseconds
from iotistic.database.errors import DatabaseUnavailable
from iotistic.database.pool import connect
from iotistic.migrations.errors import PoolerBetween, ServerUnreachable
from iotistic.migrations.files import Folder, look_into
from iotistic.migrations.history import History
from iotistic.migrations.report import RunLimits
from iotistic.migrations.session import Session

__all__ = ["Target", "folder_ahead", "open_session", "reopen_session", "server_name"]

_PAUSE_FIRST: Final = 0.1
_PAUSE_LONGEST: Final = 2.0
_READ_ONLY: Final = {"default_transaction_read_only": "on"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One history in one database."""

    endpoint: Endpoint
    """Which server, as whom."""
    database: str
    """Which database there."""
    history: History
    """Which files and which table."""
    limits: RunLimits
    """How patient to be."""


def server_name(endpoint: Endpoint) -> str:
    """The server for people: host:port, or the socket folder; never a password."""
    return ", ".join(host if host.startswith("/") else f"{host}:{port}" for host, port in endpoint.hosts)


async def open_session(target: Target, *, purpose: str = "", read_only: bool = False) -> Session:
    """A direct session whose settings are the same wherever it runs. `RESET ALL` brings them back.

    Raises ServerUnreachable, and PoolerBetween when a pooler refuses the settings.
    """
    name = f"migrate:{target.history.service}{':' + purpose if purpose else ''}"
    try:
        connection = await connect(
            target.endpoint,
            target.database,
            application_name=name,
            autocommit=True,
            session_settings=_settings(target) | (_READ_ONLY if read_only else {}),
        )
    except DatabaseUnavailable as error:
        if "unsupported startup parameter" in error.message:
            raise PoolerBetween(
                f"{server_name(target.endpoint)} is a pooler that does not pass session settings on.",
                hint="Give migrations a direct connection to the server's own port, as IOTISTIC_MIGRATION_URL or --url.",
            ) from error
        raise ServerUnreachable(
            error.message, hint=error.hint, retry_after=error.retry_after, **error.facts
        ) from error
    return Session(connection)


async def reopen_session(target: Target) -> Session:
    """As `open_session`, waiting up to `limits.reconnect_for` for a server that went away."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + target.limits.reconnect_for.total_seconds()
    pause = _PAUSE_FIRST
    while True:
        try:
            return await open_session(target)
        except ServerUnreachable:
            if loop.time() + pause > deadline:
                raise
        await asyncio.sleep(pause)
        pause = min(_PAUSE_LONGEST, pause * 2)


def _settings(target: Target) -> dict[str, str]:
    limits = target.limits
    return {
        # After a kill -9 of ours the server would go on until the end of the statement, with the lock.
        "client_connection_check_interval": "2s",
        "lock_timeout": str(milliseconds(limits.lock_timeout)),
        "statement_timeout": str(milliseconds(limits.statement_timeout)),
        "idle_in_transaction_session_timeout": str(milliseconds(timedelta(seconds=60))),
        "search_path": target.history.search_path,
        # A migration that was reported as applied must survive a crash, also where the server is told not to care.
        "synchronous_commit": "on",
        # What a file's text means must not depend on the role or the machine that runs it.
        "client_encoding": "UTF8",
        "TimeZone": "UTC",
        "DateStyle": "ISO, MDY",
    }


@asynccontextmanager
async def folder_ahead(target: Target) -> AsyncGenerator[asyncio.Task[Folder]]:
    """The folder, being read while the server prepares a connection and looks at the history: neither waits for the other."""
    reading = asyncio.create_task(_read(target.history))
    try:
        yield reading
    finally:
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await reading


async def _read(history: History) -> Folder:
    if isinstance(history.folder, Folder):
        return history.folder
    return await asyncio.to_thread(look_into, history.folder, service=history.service)
