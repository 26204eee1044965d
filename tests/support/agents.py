"""Agents for tests: in this process, or in one that can be killed."""

import asyncio
import logging
import multiprocessing
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random
from types import ModuleType

from iotistic.agent.events import Events
from iotistic.agent.runtime import Agent, open_agent
from iotistic.agent.settings import AgentSettings
from iotistic.agent.status import AgentStatus, find_status
from iotistic.clock import system_clock
from iotistic.secret import Secret
from tests.support.device_api import CLAIM_KEY

__all__ = ["Impatient", "agent_settings", "opened_agent", "running_agent", "start_agent_process", "status_of"]


class Impatient(Random):
    """Waits hardly at all between attempts."""

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * 0.01


def agent_settings(
    state_dir: Path,
    server: str,
    *,
    claim_key: str | None = CLAIM_KEY,
    interval: timedelta = timedelta(milliseconds=20),
    logs: str = "none",
    patience: timedelta = timedelta(seconds=5),
    spool_limit: int = 16 << 20,
) -> AgentSettings:
    """Settings of an agent in a hurry."""
    return AgentSettings(
        server=server,
        state_dir=state_dir,
        name="test-host",
        find_claim_key=lambda: Secret(claim_key) if claim_key is not None else None,
        interval=interval,
        logs=logs,
        patience=patience,
        spool_limit=spool_limit,
        rest_after_enrolment=timedelta(milliseconds=10),
    )


@asynccontextmanager
async def opened_agent(settings: AgentSettings) -> AsyncIterator[Agent]:
    """An agent that holds its folder and does nothing yet."""
    events = Events(logging.getLogger("iotistic.agent"), system_clock)
    async with open_agent(
        settings, clock=system_clock, monotonic=time.monotonic, random=Impatient(), events=events
    ) as agent:
        yield agent


@asynccontextmanager
async def running_agent(settings: AgentSettings) -> AsyncIterator[Agent]:
    """An agent at work; stopped afterwards as by SIGTERM."""
    async with opened_agent(settings) as agent:
        stop = asyncio.Event()
        work = asyncio.create_task(agent.run(stop))
        try:
            yield agent
        finally:
            stop.set()
            await work


def status_of(state_dir: Path) -> AgentStatus:
    """What the status file says."""
    status = find_status(state_dir / "status.json")
    assert status is not None
    return status


def start_agent_process(state_dir: Path, server: str, logs: str) -> ForkServerProcess:
    """An agent in a process of its own, started in a few milliseconds because its imports are forked."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.agents"])
    process = context.Process(target=_run_agent, args=(state_dir, server, logs))
    # A child imports its parent's main module anew, which is pytest here and half a second.
    main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        process.start()
    finally:
        sys.modules["__main__"] = main
    return process


def _run_agent(state_dir: Path, server: str, logs: str) -> None:
    asyncio.run(_run_until_signal(agent_settings(state_dir, server, logs=logs, spool_limit=256 << 20)))


async def _run_until_signal(settings: AgentSettings) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with opened_agent(settings) as agent:
        await agent.run(stop)
