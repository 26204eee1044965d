"""The options of `iotistic agent`."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from iotistic.config.kinds import DURATION
from iotistic.config.problems import Rejected

__all__ = [
    "AllowCommand",
    "ClaimKeyFile",
    "Interval",
    "Logs",
    "Name",
    "Once",
    "Server",
    "SpoolLimit",
    "StateDir",
    "UpdateCommand",
]

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


Server = Annotated[str, typer.Option("--server", metavar="URL", help="The API to report to.")]
StateDir = Annotated[
    Path | None, typer.Option("--state-dir", metavar="PATH", help="Where key, spool and status are kept.")
]
ClaimKeyFile = Annotated[
    Path | None,
    typer.Option(
        "--claim-key-file",
        metavar="FILE",
        help="A file with the key to enrol with; or set IOTISTIC_CLAIM_KEY. Needed the first time only.",
    ),
]
Name = Annotated[
    str | None, typer.Option("--name", help="What to call this device; by default its host name.")
]
Interval = Annotated[
    timedelta,
    typer.Option("--interval", parser=_interval, metavar="TIME", help="From one report to the next."),
]
Logs = Annotated[
    str,
    typer.Option(
        "--logs", metavar="WHICH", help="Which log to send: auto, journal, own, none, or a file's path."
    ),
]
SpoolLimit = Annotated[
    int,
    typer.Option(
        "--spool-limit", parser=_size, metavar="SIZE", help="Most disk space for what is not delivered yet."
    ),
]
AllowCommand = Annotated[
    list[Path] | None,
    typer.Option(
        "--allow-command",
        metavar="PATH",
        help="A program that jobs may run, by its whole path; may be repeated. None by default.",
    ),
]
UpdateCommand = Annotated[
    str | None,
    typer.Option(
        "--update-command",
        metavar="COMMAND",
        help="How a job may update the agent: 'pip install iotistic=={version}'. Not at all by default.",
    ),
]
Once = Annotated[bool, typer.Option("--once", help="Send one report and end.")]
