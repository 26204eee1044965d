"""What an earlier server left behind: a stale postmaster.pid, and backends that outlived their postmaster."""

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path

from iotistic.database.server.errors import ServerStillAlive
from iotistic.database.server.pidfile import NAME, read_pid_file
from iotistic.database.server.processes import find_leftovers, signal_all

__all__ = ["clear_leftovers", "refuse_other_servers"]

_STEPS = ((2.0, signal.SIGQUIT), (3.0, signal.SIGKILL), (5.0, None))
"""Seconds to wait for orphaned backends, then the signal for those that remain: most end by themselves once they notice that the
postmaster is gone; SIGQUIT is what a postmaster sends them after a crash; a backend deep in computation needs SIGKILL."""

_POLL = 0.02


async def clear_leftovers(data: Path, sockets: Path, on_event: Callable[[str], None]) -> None:
    """Make way for a new server after one that did not stop properly. Call it only when no living postmaster is named.

    Ends only processes that run PostgreSQL in this very folder; `sockets` is the folder of its Unix sockets, which no other
    server uses. Raises ServerStillAlive.
    """
    refuse_other_servers(data)
    children = find_leftovers(data).children
    if children:
        on_event(f"The last server died; waiting for {len(children)} of its processes to end.")
        await _end(data, children, on_event)
    _remove_traces(data, sockets)


def refuse_other_servers(data: Path) -> None:
    """Raises ServerStillAlive when a server that `find_postmaster` does not see works in the folder."""
    others = find_leftovers(data).postmasters
    if not others:
        return
    found = read_pid_file(data)
    if found is not None and found.single_user and found.pid in others:
        raise ServerStillAlive(
            f"A single-user PostgreSQL (pid {found.pid}) is at work on {data}.",
            hint="Let it finish, or end it, then start again.",
            pid=found.pid,
        )
    raise ServerStillAlive(
        f"A PostgreSQL server (pid {others[0]}) still runs in {data}, though its {NAME} does not say so.",
        hint=f"Stop it with `kill -INT {others[0]}`, wait until it is gone, then start again.",
        pid=others[0],
    )


async def _end(data: Path, children: tuple[int, ...], on_event: Callable[[str], None]) -> None:
    for seconds, step in _STEPS:
        deadline = time.monotonic() + seconds
        while children and time.monotonic() < deadline:
            await asyncio.sleep(_POLL)
            children = find_leftovers(data).children
        if not children:
            return
        if step is not None:
            on_event(f"Ending {len(children)} processes of the last server ({step.name}).")
            signal_all(children, step)
    raise ServerStillAlive(
        f"Processes of the last server still use {data}: {', '.join(map(str, children))}.",
        hint="They hang in the kernel, usually on a disk that does not answer; see `ps -o pid,stat,wchan`.",
        pids=list(children),
    )


def _remove_traces(data: Path, sockets: Path) -> None:
    """Lock files name a pid, and PostgreSQL takes any process of its account that got the number meanwhile for their owner.

    Should a server live after all, its shared memory, keyed by the folder's inode, still refuses a second one.
    """
    (data / NAME).unlink(missing_ok=True)
    for socket in sockets.glob(".s.PGSQL.*"):
        socket.unlink(missing_ok=True)
