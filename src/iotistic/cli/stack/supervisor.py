"""Keeps a handful of child processes alive: starts them, restarts the ones that die, stops them in order.

A child runs in a session of its own, so Ctrl-C at the terminal reaches only the supervisor, which then stops the children
itself, last started first.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import final

from iotistic.cli.stack.state import ProcessMark

__all__ = ["Service", "Supervisor", "restart_pause"]

_STABLE = 10.0
"""Seconds a child must live for its earlier deaths to be forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One child process."""

    name: str
    command: Sequence[str]
    log: Path
    """Where its stdout and stderr go, appended."""
    grace: timedelta = timedelta(seconds=10)
    """How long it may take to end after SIGTERM before it is killed."""


def restart_pause(deaths: int) -> timedelta:
    """How long to wait before the restart after the n-th death in a row: 0.1 s doubling to 5 s."""
    return timedelta(seconds=min(5.0, 0.1 * 2 ** max(0, deaths - 1)))


@final
class Supervisor:
    """Runs services until `stop`. `tell` gets a line for each death and restart; `changed` after each (re)start."""

    def __init__(self, *, tell: Callable[[str], None], changed: Callable[[], None] = lambda: None) -> None:
        self._tell = tell
        self._changed = changed
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._services: dict[str, Service] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}

    async def start(self, service: Service) -> None:
        """Starts the service and keeps it running from now on."""
        self._services[service.name] = service
        await self._spawn(service)
        self._keepers[service.name] = asyncio.create_task(self._keep(service), name=f"keep {service.name}")

    def marks(self) -> dict[str, ProcessMark]:
        """The live children by name."""
        found: dict[str, ProcessMark] = {}
        for name, process in self._running.items():
            if process.returncode is None:
                with contextlib.suppress(Exception):  # it may die while we look
                    found[name] = ProcessMark.of(process.pid)
        return found

    async def stop(self) -> None:
        """Ends every child, last started first, each within its grace."""
        for name in reversed(list(self._services)):
            keeper = self._keepers.pop(name)
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            await self._end(self._services[name])
        self._services.clear()

    async def _spawn(self, service: Service) -> None:
        service.log.parent.mkdir(parents=True, exist_ok=True)
        with service.log.open("ab") as log:
            self._running[service.name] = await asyncio.create_subprocess_exec(
                *service.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._changed()

    async def _keep(self, service: Service) -> None:
        loop = asyncio.get_running_loop()
        deaths = 0
        while True:
            born = loop.time()
            code = await self._running[service.name].wait()
            deaths = 1 if loop.time() - born > _STABLE else deaths + 1
            pause = restart_pause(deaths)
            self._tell(f"{service.name} ended ({_why(code)}); starting it again. Its log: {service.log}")
            await asyncio.sleep(pause.total_seconds())
            await self._spawn(service)

    async def _end(self, service: Service) -> None:
        process = self._running.pop(service.name, None)
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), service.grace.total_seconds())
        except TimeoutError:
            self._tell(f"{service.name} did not end in {service.grace.total_seconds():.0f} s and is killed.")
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _why(code: int) -> str:
    if code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
