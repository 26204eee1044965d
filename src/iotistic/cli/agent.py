"""`iotistic agent`: this computer as a device."""

import asyncio
import logging
import os
import platform
import shlex
import signal
import sys
import time
from random import Random

import typer

from iotistic.agent import AgentSettings, Events, claim_key_from, open_agent, parse_server
from iotistic.cli.agent_options import (
    AllowCommand,
    ClaimKeyFile,
    Interval,
    Logs,
    Name,
    Once,
    Server,
    SpoolLimit,
    StateDir,
    UpdateCommand,
)
from iotistic.cli.options import settings_from
from iotistic.cli.output import run_async
from iotistic.clock import system_clock
from iotistic.config import environment
from iotistic.data_folder import DataFolder
from iotistic.logs import configure_logging

__all__ = ["app"]

app = typer.Typer(add_completion=False)


@app.command()
def agent(
    *,
    server: Server = "http://127.0.0.1:8080",
    state_dir: StateDir = None,
    claim_key_file: ClaimKeyFile = None,
    name: Name = None,
    interval: Interval = "5s",  # type: ignore[assignment]  # Typer parses the default as if it were typed
    logs: Logs = "auto",
    spool_limit: SpoolLimit = "128MiB",  # type: ignore[assignment]  # as above
    allow_command: AllowCommand = None,
    update_command: UpdateCommand = None,
    once: Once = False,
) -> None:
    """Report this computer as a device.

    Runs until SIGTERM or Ctrl-C. What the server cannot take now is kept on disk and sent later, each thing once.
    """
    variables = environment()
    ours = settings_from()
    configure_logging(ours.log.level, ours.log.format)
    for chatty in ("httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)  # they would log every request
    settings = AgentSettings(
        server=parse_server(server),
        state_dir=(state_dir or DataFolder(ours.data_dir).agent).expanduser().absolute(),
        name=name or platform.node() or "device",
        find_claim_key=claim_key_from(claim_key_file, variables.get("IOTISTIC_CLAIM_KEY")),
        interval=interval,
        logs=logs,
        spool_limit=spool_limit,
        commands=tuple(str(path) for path in allow_command or ()),
        update_command=tuple(shlex.split(update_command or "")),
    )
    if run_async(_run(settings, once=once)):
        # A job wants the agent to start anew, of whatever version it is now: the same words, the same process id.
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - our own command line


async def _run(settings: AgentSettings, *, once: bool) -> bool:
    """Whether it is to be started anew."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    events = Events(logging.getLogger("iotistic.agent"), system_clock)
    random = Random()  # noqa: S311 - it spreads retries
    async with open_agent(
        settings, clock=system_clock, monotonic=time.monotonic, random=random, events=events
    ) as device:
        if not once:
            return await device.run(stop)
        await device.run_once()
    return False
