"""Start, find and stop the embedded server of a data folder."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from iotistic.data_folder import DataFolder
from iotistic.database.server.account import choose_account
from iotistic.database.server.binaries import Binaries, find_binaries
from iotistic.database.server.cluster import data_owner, existing_major
from iotistic.database.server.errors import ServerBinariesMissing, ServerNotStopped, ServerStartFailed
from iotistic.database.server.folders import log_folder, prepare_root
from iotistic.database.server.launch import Launch, launch
from iotistic.database.server.lock import exclusive
from iotistic.database.server.log import LogWatch
from iotistic.database.server.pidfile import PidFile
from iotistic.database.server.process import collect_ended, has_ended, wait_until_ready
from iotistic.database.server.running import RunningServer, find_postmaster, running_server

__all__ = ["Stopped", "start", "stop"]

_LOCK = "server.lock"
_POLL = 0.01
_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopped:
    """A server that was stopped."""

    pid: int
    took: timedelta


async def start(
    folder: DataFolder,
    *,
    binaries: Binaries | None = None,
    port: int | None = None,
    account: str | None = None,
    durable: bool = True,
    on_event: Callable[[str], None] | None = None,
) -> RunningServer:
    """The server of this data folder, taking connections: started, created first where there is none, adopted where it runs.

    `binaries` default to what `find_binaries` takes for the data's major version, `port` to the last one or a free one,
    `account` (root only) to the data's owner or an unprivileged account. `durable=False` is for throw-away servers.
    `on_event` is told in sentences what happens. Raises the errors of `iotistic.database.server.errors`.
    """
    tell = on_event or _silent
    folder = DataFolder(folder.root.absolute())
    who = choose_account(account, owner=data_owner(folder), uid=os.geteuid())
    prepare_root(folder, who)
    async with exclusive(folder.root / _LOCK, tell):
        running = await _adopt(folder, tell)
        if running is None:
            plan = Launch(
                folder=folder,
                account=who,
                binaries=_choose(binaries, existing_major(folder.postgres)),
                port=port,
                durable=durable,
                on_event=tell,
            )
            running = await launch(plan)
        tell(running.describe())
        return running


async def stop(
    folder: DataFolder,
    *,
    mode: Literal["fast", "immediate"] = "fast",
    timeout: timedelta = timedelta(minutes=5),  # noqa: ASYNC109 - part of what is asked: how long a checkpoint may take
) -> Stopped | None:
    """End the server and wait until it is gone; None when none ran.

    `fast` cuts connections and writes a checkpoint; `immediate` leaves recovery to the next start. Raises ServerNotStopped.
    """
    folder = DataFolder(folder.root.absolute())
    if find_postmaster(folder) is None:
        collect_ended()
        return None
    async with exclusive(folder.root / _LOCK, _silent):
        found = find_postmaster(folder)
        if found is None:
            return None
        begun = time.monotonic()
        _signal(found, mode)
        if not await _gone(found.pid, timeout):
            raise ServerNotStopped(
                f"PostgreSQL (pid {found.pid}) still runs {timeout.total_seconds():.0f} s after it was asked to stop.",
                hint=f"It may be writing its last checkpoint; the log is in {log_folder(folder)}. `immediate` ends it at once.",
                pid=found.pid,
            )
        return Stopped(pid=found.pid, took=timedelta(seconds=time.monotonic() - begun))


async def _adopt(folder: DataFolder, tell: Callable[[str], None]) -> RunningServer | None:
    """The server that runs already, once it takes connections; None when there is none, or when it is on its way out."""
    found = find_postmaster(folder)
    if found is None:
        return None
    if found.status == "stopping":
        tell(f"The last server (pid {found.pid}) is stopping; waiting for it.")
        await _gone(found.pid, None)
        return None
    if not found.takes_connections:
        tell(f"PostgreSQL (pid {found.pid}) is already starting; waiting for it.")
    try:
        # Asked even when its file says ready: one that was just killed looks alive until the kernel has taken it apart.
        found = await wait_until_ready(found.pid, folder.postgres, LogWatch.begin(log_folder(folder)), tell)
    except ServerStartFailed:
        if not has_ended(found.pid):
            raise
        return None
    return running_server(folder, found, adopted=True)


def _choose(binaries: Binaries | None, major: int | None) -> Binaries:
    if binaries is None:
        return find_binaries(major=major)
    if major not in {None, binaries.major}:
        raise ServerBinariesMissing(
            f"The data was made by PostgreSQL {major}, and {binaries.describe()} cannot open it.",
            hint=f"Use binaries of major version {major}, or another --data-dir.",
            major=major,
        )
    return binaries


def _signal(found: PidFile, mode: Literal["fast", "immediate"]) -> None:
    try:
        os.kill(found.pid, _SIGNALS[mode])
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise ServerNotStopped(
            f"PostgreSQL (pid {found.pid}) belongs to another user.",
            hint="Stop it as the user that started it, or as root.",
            pid=found.pid,
        ) from error


async def _gone(pid: int, limit: timedelta | None) -> bool:
    begun = time.monotonic()
    while not has_ended(pid):
        if limit is not None and time.monotonic() - begun > limit.total_seconds():
            return False
        await asyncio.sleep(_POLL)
    return True


def _silent(_event: str) -> None:
    """For callers that do not want to know."""
