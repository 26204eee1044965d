"""`iotistic events ...`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from iotistic.bootstrap.following import follow_events
from iotistic.cli.device_options import opened
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.events import Event, EventFilter, EventType

__all__ = ["app"]

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Show what happened, and follow it as it comes."
)

_COLUMNS = ["recorded_at", "type", "about", "actor", "data"]
_WIDEST = 60

Type = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="TYPE", help="Only events of this type; may be repeated."),
]
DeviceName = Annotated[
    str | None, typer.Option("--device", metavar="NAME|UUID", help="Only what is about this device.")
]


@app.command("list")
def list_events(
    *,
    device: DeviceName = None,
    type: Type = None,  # noqa: A002 - the option's name
    correlation: Annotated[
        str | None, typer.Option("--correlation", metavar="ID", help="Only what came of one cause.")
    ] = None,
    since: Annotated[datetime | None, typer.Option("--since", help="From this moment (UTC) on.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="The most events.")] = 50,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List events, newest first (with --json: one object a line)."""
    which = EventFilter(
        types=tuple(type) if type else None,
        correlation_id=correlation,
        start=None if since is None else since.replace(tzinfo=since.tzinfo or UTC),
    )
    _print(run_async(_list(settings_from(data_dir, url), which, device, limit)), as_json=as_json)


@app.command()
def chain(
    event: Annotated[UUID, typer.Argument(help="The id of an event.")],
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what led to an event and what came of it, oldest first."""
    _print(run_async(_chain(settings_from(data_dir, url), event)), as_json=as_json)


@app.command()
def types(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """List the kinds of events and how long each is kept."""
    rows = [asdict(kind) for kind in run_async(_types(settings_from(data_dir, url)))]
    if as_json:
        print_json_lines(rows)
    else:
        print_table(rows, ["name", "retention_days", "description"], empty="There are no kinds of events.")


@app.command()
def follow(
    *,
    device: DeviceName = None,
    type: Type = None,  # noqa: A002 - the option's name
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Print events as they come, as one JSON object a line, until interrupted."""
    which = EventFilter(types=tuple(type) if type else None)
    run_async(_follow(settings_from(data_dir, url), which, device))


def _print(events: Sequence[Event], *, as_json: bool) -> None:
    rows = [asdict(event) for event in events]
    if as_json:
        print_json_lines(rows)
        return
    for row in rows:
        text = json.dumps(row["data"], ensure_ascii=False)
        row["data"] = text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."
        row["about"] = f"{row['aggregate']} {row['aggregate_id']}"
    print_table(rows, _COLUMNS, empty="Nothing that fits has happened.")


async def _list(settings: Settings, which: EventFilter, device: str | None, limit: int) -> Sequence[Event]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        uuid = None if device is None else (await get_named_device(work, device)).uuid
        return await work.events.list_events(replace(which, device_uuid=uuid), limit=limit)


async def _chain(settings: Settings, event: UUID) -> Sequence[Event]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.events.list_chain(event)


async def _types(settings: Settings) -> Sequence[EventType]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.events.list_types()


async def _follow(settings: Settings, which: EventFilter, device: str | None) -> None:
    async with opened(settings) as platform:
        async with platform.begin(read_only=True) as work:
            uuid = None if device is None else (await get_named_device(work, device)).uuid
            cursor = await work.events.now()
        await platform.news.start()
        narrate("Waiting for events; Ctrl-C ends it.")
        async for stretch in follow_events(platform, cursor, replace(which, device_uuid=uuid)):
            print_json_lines(asdict(event) for event in stretch.events)
            sys.stdout.flush()
