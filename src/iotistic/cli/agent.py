"""`iotistic agent`: this computer as a device."""

import asyncio
import logging
import platform
import re
import signal
import time
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Annotated

import typer

from iotistic.agent import AgentSettings, Events, claim_key_from, open_agent, parse_server
from iotistic.cli.options import settings_from
from iotistic.cli.output import run_async
from iotistic.clock import system_clock
from iotistic.config import environment
from iotistic.config.kinds import DURATION
from iotistic.config.problems import Rejected
from iotistic.data_folder import DataFolder
from iotistic.logs import configure_logging

__all__ = ["app"]

app = typer.Typer(add_completion=False)

_SIZE = re.compile(r"(?P<number>\d{1,6})(?P<unit>KiB|MiB|GiB)")
_SIZE_UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SHORTEST = timedelta(milliseconds=10)
_LONGEST = timedelta(hours=1)


def _interval(text: str) -> timedelta:
    try:
        value = DURATION.parse(text)
    except Rejected as error:
        raise typer.BadParameter(f"{error.reason} {error.suggestion}") from error
    if not _SHORTEST <= value <= _LONGEST:
        raise typer.BadParameter("Give an interval from 10ms to 1h.")
    return value


def _size(text: str) -> int:
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is no size: write 512KiB, 128MiB or 1GiB.")
    return int(match["number"]) * _SIZE_UNITS[match["unit"]]


@app.command()
def agent(
    *,
    server: Annotated[
        str, typer.Option("--server", metavar="URL", help="The API to report to.")
    ] = "http://127.0.0.1:8080",
    state_dir: Annotated[
        Path | None, typer.Option("--state-dir", metavar="PATH", help="Where key, spool and status are kept.")
    ] = None,
    claim_key_file: Annotated[
        Path | None,
        typer.Option(
            "--claim-key-file",
            metavar="FILE",
            help="A file with the key to enrol with; or set IOTISTIC_CLAIM_KEY. Needed the first time only.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="What to call this device; by default its host name.")
    ] = None,
    interval: Annotated[
        timedelta,
        typer.Option("--interval", parser=_interval, metavar="TIME", help="From one report to the next."),
    ] = "5s",  # type: ignore[assignment]  # Typer parses the default as if it were typed
    logs: Annotated[
        str,
        typer.Option(
            "--logs", metavar="WHICH", help="Which log to send: auto, journal, own, none, or a file's path."
        ),
    ] = "auto",
    spool_limit: Annotated[
        int,
        typer.Option(
            "--spool-limit",
            parser=_size,
            metavar="SIZE",
            help="Most disk space for what is not delivered yet.",
        ),
    ] = "128MiB",  # type: ignore[assignment]  # as above
    once: Annotated[bool, typer.Option("--once", help="Send one report and end.")] = False,
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
    )
    run_async(_run(settings, once=once))


async def _run(settings: AgentSettings, *, once: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    events = Events(logging.getLogger("iotistic.agent"), system_clock)
    random = Random()  # noqa: S311 - it spreads retries
    async with open_agent(
        settings, clock=system_clock, monotonic=time.monotonic, random=random, events=events
    ) as device:
        await (device.run_once() if once else device.run(stop))
