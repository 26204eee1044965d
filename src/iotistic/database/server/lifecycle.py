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
from iotistic.database.server.account import Account, choose_account
from iotistic.database.server.binaries import Binaries, find_binaries
from iotistic.database.server.cluster import create_cluster, data_owner, existing_major, sweep_drafts
from iotistic.database.server.errors import (
    PortTaken,
    ServerBinariesMissing,
    ServerNotStopped,
    ServerStartFailed,
)
from iotistic.database.server.folders import (
    disk_full,
    filing,
    log_folder,
    prepare_root,
    prepare_run_and_log,
    socket_folder,
)
from iotistic.database.server.lock import exclusive
from iotistic.database.server.log import LogWatch
from iotistic.database.server.machine import disk_free, measure
from iotistic.database.server.orphans import clear_leftovers, refuse_other_servers
from iotistic.database.server.pidfile import PidFile
from iotistic.database.server.ports import LOOPBACK, choose_port, is_free
from iotistic.database.server.process import has_ended, spawn, wait_until_ready
from iotistic.database.server.reachable import make_reachable
from iotistic.database.server.running import RunningServer, find_postmaster, running_server
from iotistic.database.server.settings_file import remembered_port, render_settings, write_settings
from iotistic.database.server.tuning import MB, settings_for

__all__ = ["Stopped", "start", "stop"]

_LOCK = "server.lock"
_POLL = 0.01
_START_NEEDS = 48 * MB
"""Bytes: three WAL segments. With less, a start that failed failed for want of room."""

_PORT_ATTEMPTS = 5

_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopped:
    """A server that was stopped."""

    pid: int
    took: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """Everything a start has decided."""

    folder: DataFolder
    account: Account
    binaries: Binaries
    port: int | None
    """The configured one, None when any free one will do."""
    durable: bool
    on_event: Callable[[str], None]


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
    who = choose_account(account, owner=data_owner(folder))
    prepare_root(folder, who)
    with filing(folder.root):
        lock = exclusive(folder.root / _LOCK, tell)
        async with lock:
            running = await _adopt(folder, tell)
            if running is not None:
                tell(running.describe())
                return running
            plan = _Plan(
                folder=folder,
                account=who,
                binaries=_choose(binaries, existing_major(folder.postgres)),
                port=port,
                durable=durable,
                on_event=tell,
            )
            return await _start(plan)


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
        return None
    with filing(folder.root):
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
    """The server that runs already, once it takes connections; None when there is none, or once a stopping one is gone."""
    found = find_postmaster(folder)
    if found is None:
        return None
    if found.status == "stopping":
        tell(f"The last server (pid {found.pid}) is stopping; waiting for it.")
        await _gone(found.pid, None)
        return None
    if not found.takes_connections:
        tell(f"PostgreSQL (pid {found.pid}) is already starting; waiting for it.")
        found = await wait_until_ready(found.pid, folder.postgres, LogWatch.begin(log_folder(folder)), tell)
    return running_server(folder, found, adopted=True)


async def _start(plan: _Plan) -> RunningServer:
    data = plan.folder.postgres
    sweep_drafts(plan.folder)
    prepare_run_and_log(plan.folder, plan.account)
    binaries = await make_reachable(plan.binaries, plan.folder, plan.account, plan.on_event)
    if existing_major(data) is None:
        await create_cluster(
            plan.folder, binaries, plan.account, durable=plan.durable, on_event=plan.on_event
        )
    else:
        await clear_leftovers(data, plan.on_event)
    found = await _launch(plan, binaries)
    server = running_server(plan.folder, found, adopted=False, binaries=binaries)
    plan.on_event(server.describe())
    return server


async def _launch(plan: _Plan, binaries: Binaries) -> PidFile:
    """Start the postmaster; on another port when somebody took the chosen one between the look and the server's own bind."""
    remembered = remembered_port(plan.folder.postgres)
    for _ in range(_PORT_ATTEMPTS):
        port, told = choose_port(plan.port, remembered, free=is_free)
        if told:
            plan.on_event(told)
        _write_settings(plan, binaries, port)
        watch = LogWatch.begin(log_folder(plan.folder))
        pid = spawn(binaries, plan.folder.postgres, log_folder(plan.folder), plan.account)
        try:
            return await wait_until_ready(pid, plan.folder.postgres, watch, plan.on_event)
        except ServerStartFailed as error:
            if is_free(port) or not has_ended(pid):
                _explain(plan.folder, error)
                raise
            remembered = port
    raise PortTaken(
        f"Other programs took {_PORT_ATTEMPTS} ports in a row.", hint="Name a port in IOTISTIC_SERVER_PORT."
    )


def _write_settings(plan: _Plan, binaries: Binaries, port: int) -> None:
    settings = settings_for(
        measure(plan.folder.root),
        major=binaries.major,
        durable=plan.durable,
        statements=binaries.has_library("pg_stat_statements"),
    )
    places = {
        "listen_addresses": LOOPBACK,
        "port": str(port),
        "unix_socket_directories": f'"{socket_folder(plan.folder, plan.account)}"',
        "log_directory": str(log_folder(plan.folder)),
    }
    text = render_settings(settings | places)
    write_settings(plan.folder.postgres, text, plan.account)


def _explain(folder: DataFolder, error: ServerStartFailed) -> None:
    """Raises the better-known cause of a failed start, if there is one."""
    if disk_free(folder.root) < _START_NEEDS:
        raise disk_full(folder.root, _START_NEEDS, doing="start the server") from error
    refuse_other_servers(folder.postgres)


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
