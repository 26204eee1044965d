"""The postmaster as a process: spawned detached, waited for until it takes connections, signalled to stop."""

import asyncio
import os
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from iotistic.database.server.account import Account
from iotistic.database.server.binaries import Binaries
from iotistic.database.server.command import ENVIRONMENT, refused
from iotistic.database.server.errors import ServerStartFailed
from iotistic.database.server.log import STARTUP, LogWatch
from iotistic.database.server.pidfile import PidFile, read_pid_file
from iotistic.database.server.processes import is_alive, work_done

__all__ = ["collect_ended", "has_ended", "spawn", "wait_until_ready"]

_QUICK, _SLOW = 0.004, 0.05
"""Seconds between looks at the pid file: a warm start takes about 0.1 s, a recovery minutes."""

_PATIENCE = 120.0
"""Seconds without any sign of progress (log, CPU) before a start counts as hanging."""

_NOISE = ("redirecting log output", "starting PostgreSQL", "listening on ")
"""Lines of every start, which say nothing about why one is long."""

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""Answered by a forked backend with one byte, before any authentication, and leaves no line in the log.
https://www.postgresql.org/docs/current/protocol-message-formats.html"""

_spawned: dict[int, subprocess.Popen[bytes]] = {}
# Our own child stays an entry in the process table until it is collected, and a Popen that is dropped while its process runs
# complains: so each is kept here until it has ended.


def spawn(binaries: Binaries, data: Path, log: Path, account: Account) -> int:
    """Start the postmaster in a session of its own, where Ctrl-C of this terminal does not reach it; answers its pid."""
    command = [str(binaries.program("postgres")), "-D", str(data)]
    output = _new_file(log / STARTUP, account)
    try:
        process = subprocess.Popen(  # noqa: S603 - programs are ours to choose
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=ENVIRONMENT,
            cwd="/",
            start_new_session=True,
            umask=0o077,
            **account.credentials,
        )
    except PermissionError as error:
        raise refused(account, error, command[0]) from error
    finally:
        os.close(output)
    _spawned[process.pid] = process
    return process.pid


def collect_ended() -> None:
    """Takes those of our children out of the process table that ended without anybody asking: killed, or stopped by another process."""
    for pid in list(_spawned):
        has_ended(pid)


def has_ended(pid: int) -> bool:
    """Whether the process is gone; one of our own children is collected by asking."""
    process = _spawned.get(pid)
    if process is None:
        return not is_alive(pid)
    if process.poll() is None:
        return False
    del _spawned[pid]
    return True


async def wait_until_ready(pid: int, data: Path, watch: LogWatch, on_event: Callable[[str], None]) -> PidFile:
    """Wait until the server takes connections, however long its recovery goes on making progress.

    Raises ServerStartFailed when it ends, or shows no progress for two minutes.
    """
    begun = time.monotonic()
    progress = _Progress(pid, watch, on_event)
    while True:
        found = read_pid_file(data)
        if found is not None and found.pid == pid and found.takes_connections and await _answers(found):
            return found
        if has_ended(pid):
            raise ServerStartFailed(
                f"PostgreSQL ended while starting. Its last words:\n{watch.tail()}",
                hint=f"The whole log is in {watch.folder}.",
                log=str(watch.folder),
            )
        waited = time.monotonic() - begun
        if waited > 1:
            progress.look()
        await asyncio.sleep(_QUICK if waited < 1 else _SLOW)


class _Progress:
    """Tells what a long start is doing, and when it stopped doing anything."""

    def __init__(self, pid: int, watch: LogWatch, on_event: Callable[[str], None]) -> None:
        self._pid = pid
        self._watch = watch
        self._tell = on_event
        self._told: set[str] = set()
        self._seen: tuple[int, float] = (-1, -1.0)
        self._looked = self._moved = time.monotonic()

    def look(self) -> None:
        """At most once a second. Raises ServerStartFailed when nothing has moved for too long."""
        now = time.monotonic()
        if now - self._looked < 1:
            return
        self._looked = now
        seen = (self._watch.grown(), work_done(self._pid))
        if seen != self._seen:
            self._seen, self._moved = seen, now
            self._relay()
        elif now - self._moved > _PATIENCE:
            raise ServerStartFailed(
                f"PostgreSQL (pid {self._pid}) shows no progress for {_PATIENCE:.0f} s of starting. Its last words:\n"
                f"{self._watch.tail()}",
                hint=f"It was left running: a new start waits for it again. The whole log is in {self._watch.folder}.",
                pid=self._pid,
            )

    def _relay(self) -> None:
        for line in self._watch.lines():
            _, found, message = line.partition(" LOG:  ")
            if found and line not in self._told and not message.startswith(_NOISE):
                self._tell(f"PostgreSQL: {message}")
            self._told.add(line)


async def _answers(found: PidFile) -> bool:
    return await asyncio.to_thread(_ask, found)


def _ask(found: PidFile) -> bool:
    try:
        with _connect(found) as connection:
            connection.sendall(_SSL_REQUEST)
            return connection.recv(1) in {b"N", b"S"}
    except OSError:
        return False


def _connect(found: PidFile) -> socket.socket:
    if found.host is not None and found.port is not None:
        return socket.create_connection((found.host, found.port), timeout=2)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(2)
    connection.connect(f"{found.socket_dir}/.s.PGSQL.{found.port}")
    return connection


def _new_file(path: Path, account: Account) -> int:
    """Made exclusively: the folder is the account's, and root must not follow a link planted there."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    account.adopt(path)
    return descriptor
