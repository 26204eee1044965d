"""`iotistic logs`."""

import logging
import sys
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from iotistic.bootstrap.following import Meant, follow_lines
from iotistic.bootstrap.platform import Platform, Work
from iotistic.cli.device_options import Fleet, Where, opened
from iotistic.cli.metric_question import Asked, meant_devices
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json_lines, run_async
from iotistic.cli.time_range import From, Since, TimeUnreadable, To
from iotistic.errors import Unavailable
from iotistic.telemetry import LogLevel, LogLine
from iotistic.telemetry.logs import LogQuestion, LogSift, Reached

__all__ = ["app"]

app = typer.Typer(add_completion=False, help="Search the log lines of devices, and follow them.")


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

    The newest lines that fit, oldest of them first (with --json: one object a line). A follower sees each line once, in the order in
    which they were stored, and goes on when the server was away.
    """
    if follow and end is not None:
        raise TimeUnreadable(
            "--follow goes on with what comes, and --to ends.", hint="Leave one of them out."
        )
    asked = Asked(devices, where, fleet, names=None, since=since, start=start, end=end)
    sift = LogSift(devices=None, level=level, service=service, text=text)

    async def work() -> None:
        async with opened(settings_from(data_dir, url)) as platform:
            await _Reading(platform, asked, sift, as_json=as_json).show(limit, follow=follow)

    run_async(work())


class _Reading:
    """One command's way through the lines."""

    def __init__(self, platform: Platform, asked: Asked, sift: LogSift, *, as_json: bool) -> None:
        self._platform = platform
        self._asked = asked
        self._sift = sift
        self._as_json = as_json
        self._names: dict[UUID, str] = {}

    async def show(self, limit: int, *, follow: bool) -> None:
        start, end = self._asked.span(self._platform.clock())
        # Of one moment: whatever is not among the newest lines follows, and nothing is in both.
        async with self._platform.begin(read_only=True, one_moment=True) as work:
            sift = await self._meant(work)
            lines = await work.telemetry.search.lines(_question(sift, start, end), limit=limit)
            reached = await work.telemetry.following.here()
            await self._name(work, lines)
        self._print(reversed(lines))
        if follow:
            await self._follow(reached)
        elif not lines:
            narrate("No line fits.")

    async def _follow(self, reached: Reached) -> None:
        """Until interrupted, over any number of restarts of the server, which are told once and not at each attempt."""
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
        logging.getLogger("iotistic.database.news").setLevel(logging.ERROR)
        await self._platform.news.start()
        is_away = False
        async for found in follow_lines(self._platform, reached, self._ask):
            if isinstance(found, Unavailable):
                if not is_away:
                    narrate("The database is away; going on from here when it is back.")
                is_away = True
                continue
            is_away = False
            if found.lost_since is not None:
                narrate(
                    f"Lines may be missing since {found.lost_since:%Y-%m-%d %H:%M:%S}; `iotistic logs` has them."
                )
            lines = [one.line for one in found.lines]
            if not self._as_json and any(line.device_uuid not in self._names for line in lines):
                async with self._platform.begin(read_only=True) as work:
                    await self._name(work, lines)
            self._print(lines)

    async def _ask(self) -> Meant:
        return self._meant

    async def _meant(self, work: Work) -> LogSift:
        if not self._asked.devices and self._asked.which.is_everything:
            return self._sift
        meant = await meant_devices(work, self._asked)
        self._names |= meant
        return replace(self._sift, devices=list(meant))

    async def _name(self, work: Work, lines: Iterable[LogLine]) -> None:
        """Looks up what the devices of these lines are called; one that is not in the registry goes by its uuid."""
        unknown = {line.device_uuid for line in lines} - self._names.keys()
        if unknown and not self._as_json:
            self._names |= {uuid: str(uuid) for uuid in unknown} | await work.devices.list_names(unknown)

    def _print(self, lines: Iterable[LogLine]) -> None:
        if self._as_json:
            print_json_lines(asdict(line) for line in lines)
        else:
            for line in lines:
                name = self._names[line.device_uuid]
                sys.stdout.write(
                    f"{line.timestamp:%Y-%m-%d %H:%M:%S}  {name}  {line.level:<8}  {line.service}: {_plain(line.message)}\n"
                )
        sys.stdout.flush()


def _question(sift: LogSift, start: datetime, end: datetime) -> LogQuestion:
    return LogQuestion(
        devices=sift.devices, level=sift.level, service=sift.service, text=sift.text, start=start, end=end
    )


def _plain(message: str) -> str:
    """On one line, and with nothing in it that moves the cursor: a device's words are not trusted by a terminal."""
    return "".join(character if character.isprintable() else " " for character in message)
