"""`iotistic serve`: the HTTP API as a process."""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import typer
import uvloop

from iotistic.bootstrap.housekeeping import make_housekeeper
from iotistic.bootstrap.platform import Platform, open_platform
from iotistic.bootstrap.provisioning import make_partitions, run_migrations
from iotistic.cli.options import DataDir, Url, settings_from
from iotistic.config import Settings
from iotistic.errors import Unavailable
from iotistic.http import HttpServer, PlatformApp, create_platform_app
from iotistic.logs import configure_logging
from iotistic.operations.housekeeping import Housekeeper

__all__ = ["app"]

app = typer.Typer(add_completion=False)

_log = logging.getLogger("iotistic.serve")

_FIRST_PAUSE = timedelta(milliseconds=200)
_LONGEST_PAUSE = timedelta(seconds=5)

_NEW_OBJECTS = 50_000
"""Between two searches for garbage that only a cycle keeps alive. What waits for a commit is alive and survives every search: at
Python's 700, searching took 28 % of the time of single posts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """What is served, and who keeps house beside it."""

    platform: Platform
    housekeeper: Housekeeper


@app.command()
def serve(
    host: Annotated[str | None, typer.Option("--host", help="The address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="The TCP port; 0 takes a free one.")
    ] = None,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Run the HTTP API.

    Answers at once; `/ready` says no until the database is reached and its schema is at head. SIGTERM or Ctrl-C lets
    running requests finish.
    """
    settings = settings_from(data_dir, url)
    configure_logging(settings.log.level, settings.log.format)
    web = create_platform_app()
    server = HttpServer(
        web,
        host=settings.api.host if host is None else host,
        port=settings.api.port if port is None else port,
        proxies=settings.api.trusted_proxies,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(web, server, settings))


async def _serve(web: PlatformApp, server: HttpServer, settings: Settings) -> None:
    opening = asyncio.create_task(_open(settings), name="open platform")
    opening.add_done_callback(lambda task: _opened(web, server, task))
    _when_told_to_stop(server.stop, opening.cancel, lambda: _dismiss_waiters(web))
    sys.stdout.write(server.url + "\n")
    sys.stdout.flush()
    _log.info("listening", extra={"url": server.url})
    try:
        await server.run()
    finally:
        opening.cancel()  # does nothing once it is done
        web.platform = None
        await _close(opening)
    _log.info("stopped")


def _opened(web: PlatformApp, server: HttpServer, opening: asyncio.Task[_Opened]) -> None:
    if opening.cancelled() or opening.exception() is not None:
        server.stop()
        return
    web.platform = opening.result().platform
    _settle()
    _log.info("ready")


def _settle() -> None:
    """Tells the garbage collector that what is there now stays: the application alone is 140,000 objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 100)


def _dismiss_waiters(web: PlatformApp) -> None:
    if web.platform is not None:
        web.platform.news.dismiss()
        web.platform.ingest.live.dismiss()


async def _close(opening: asyncio.Task[_Opened]) -> None:
    try:
        opened = await opening
    except asyncio.CancelledError:
        return  # stopped before it was open
    await opened.housekeeper.stop()
    await opened.platform.close()


async def _open(settings: Settings) -> _Opened:
    """Waits for the database as long as it takes: a restart of both must not depend on which is first."""
    pause, told = _FIRST_PAUSE, ""
    while True:
        try:
            await run_migrations(settings, _narrate, warn=_warn)
            if settings.startup_migrations == "run":  # else somebody with the owner's rights does both
                await make_partitions(settings, _narrate)
            platform = await open_platform(settings)
            await _warn_of_superuser(platform)
            housekeeper = make_housekeeper(platform)
            await housekeeper.start()
            return _Opened(platform=platform, housekeeper=housekeeper)
        except Unavailable as error:
            if str(error) != told:
                told = str(error)
                _log.warning("waiting for the database", extra={"reason": error.message, "hint": error.hint})
        await asyncio.sleep(pause.total_seconds())
        pause = min(_LONGEST_PAUSE, pause * 2)


async def _warn_of_superuser(platform: Platform) -> None:
    if await platform.is_superuser():
        _log.warning(
            "works as superuser",
            extra={
                "reason": "a hole in this service is a hole in the whole server",
                "hint": "Run `iotistic db roles apply`, then start it with IOTISTIC_DB_ROLES=each.",
            },
        )


def _narrate(line: str) -> None:
    _log.info("prepared", extra={"done": line})


def _warn(line: str) -> None:
    _log.warning("while migrating", extra={"reason": line})


def _when_told_to_stop(*acts: Callable[[], object]) -> None:
    def act() -> None:
        for one in acts:
            one()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, act)
