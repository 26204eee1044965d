"""`iotistic logs`."""

import asyncio
import sys
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer

from iotistic.bootstrap.platform import Platform
from iotistic.cli.device_options import Fleet, Where, opened
from iotistic.cli.metric_question import Asked, meant_devices
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json_lines, run_async
from iotistic.cli.time_range import From, Since, To
from iotistic.telemetry import LogLevel, LogLine
from iotistic.telemetry.logs import LogQuestion

__all__ = ["app"]

app = typer.Typer(add_completion=False, help="Search the log lines of devices, and follow them.")

_EVERY = 1.0
"""Seconds between two looks of a follower."""
_OVERLAP = timedelta(seconds=60)
"""How far back each look reaches: lines come by the clocks of their devices, seconds after they were written."""
_PAGE = 1_000


@app.command()
def logs(
    devices: Annotated[
        list[str] | None,
        typer.Argument(help="Names or uuids of devices; all when none is named.", metavar="[DEVICE...]"),
    ] = None,
    *,
    level: Annotated[LogLevel | None, typer.Option("--level", help="Of this level or worse.")] = None,
    service: Annotated[str | None, typer.Option("--service", help="Only lines of this program.")] = None,
    text: Annotated[
        str | None, typer.Option("--text", help="Only lines with this in them, in any case.")
    ] = None,
    where: Where = None,
    fleet: Fleet = None,
    since: Since = "1h",
    start: From = None,
    end: To = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="The newest so many.")] = 100,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Search the log lines of devices, and follow them.

    The newest lines that fit, oldest of them first (with --json: one object a line).
    """
    asked = Asked(devices, where, fleet, names=None, since=since, start=start, end=end)
    sifted = _Sifted(level=level, service=service, text=text)

    async def work() -> None:
        async with opened(settings_from(data_dir, url)) as platform:
            await _Reading(platform, asked, sifted, as_json=as_json).show(limit, follow=follow)

    run_async(work())


class _Sifted:
    """What lines must be like."""

    def __init__(self, *, level: LogLevel | None, service: str | None, text: str | None) -> None:
        self.level: LogLevel | None = level
        self.service = service
        self.text = text


class _Reading:
    """One command's way through the lines."""

    def __init__(self, platform: Platform, asked: Asked, sifted: _Sifted, *, as_json: bool) -> None:
        self._platform = platform
        self._asked = asked
        self._sifted = sifted
        self._as_json = as_json
        self._names: dict[UUID, str] | None = None

    async def show(self, limit: int, *, follow: bool) -> None:
        question = await self._question()
        async with self._platform.begin(read_only=True) as work:
            lines = await work.telemetry.search.lines(question, limit=limit)
        self._print(reversed(lines))
        if not lines and not follow:
            narrate("No line fits.")
        if follow:
            await self._follow(question, {_key(line) for line in lines})

    async def _question(self) -> LogQuestion:
        start, end = self._asked.span(self._platform.clock())
        if self._asked.devices or not self._asked.which.is_everything:
            async with self._platform.begin(read_only=True) as work:
                self._names = await meant_devices(work, self._asked)
        return LogQuestion(
            devices=None if self._names is None else list(self._names),
            start=start,
            end=end,
            level=self._sifted.level,
            service=self._sifted.service,
            text=self._sifted.text,
        )

    async def _follow(self, question: LogQuestion, seen: set[tuple[UUID, datetime, int]]) -> None:
        """Until interrupted. Each look reads the last minute by its index and prints what was not there before."""
        began = self._platform.clock() - _OVERLAP
        while True:
            await asyncio.sleep(_EVERY)
            now = self._platform.clock()
            span = replace(question, start=max(began, now - 2 * _OVERLAP), end=now + timedelta(minutes=10))
            async with self._platform.begin(read_only=True) as work:
                lines = await work.telemetry.search.lines(span, limit=_PAGE)
            self._print(line for line in reversed(lines) if _key(line) not in seen)
            seen = {key for key in seen if _key_is_near(key, span)} | {_key(line) for line in lines}

    def _print(self, lines: Iterable[LogLine]) -> None:
        if self._as_json:
            print_json_lines(asdict(line) for line in lines)
        else:
            for line in lines:
                name = (self._names or {}).get(line.device_uuid, str(line.device_uuid))
                sys.stdout.write(
                    f"{line.timestamp:%Y-%m-%d %H:%M:%S}  {name}  {line.level:<8}  {line.service}: {_plain(line.message)}\n"
                )
        sys.stdout.flush()


def _key(line: LogLine) -> tuple[UUID, datetime, int]:
    return line.device_uuid, line.timestamp, line.sequence


def _key_is_near(key: tuple[UUID, datetime, int], span: LogQuestion) -> bool:
    return key[1] >= span.start


def _plain(message: str) -> str:
    """On one line, and with nothing in it that moves the cursor: a device's words are not trusted by a terminal."""
    return "".join(character if character.isprintable() else " " for character in message)
