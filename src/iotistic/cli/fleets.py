"""`iotistic fleets ...`."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Annotated, Any, cast

import typer

from iotistic.cli.claim_keys import lasting
from iotistic.cli.device_options import opened, parse_tag
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.devices.fleets import Fleet, FleetDraft
from iotistic.errors import Invalid

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Group devices that are run alike.")

Name = Annotated[str, typer.Argument(help="The fleet's name.")]
Devices = Annotated[list[str], typer.Argument(help="Names or uuids of devices.", metavar="DEVICE...")]
Description = Annotated[str | None, typer.Option("--description", help="What it is for.")]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="KEY=VALUE", help="A tag its devices have by default; may be repeated."),
]
SettingsText = Annotated[
    str | None, typer.Option("--settings", metavar="JSON", help="Default settings of its devices, an object.")
]

Pace = Annotated[
    timedelta | None,
    typer.Option(
        "--expect", parser=lasting, metavar="TIME", help="How often its devices are expected, 15s to 366d."
    ),
]


class SettingsUnreadable(Invalid):
    """Default settings that are no JSON object."""

    code = "settings_unreadable"


@app.command("list")
def list_fleets(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """List fleets by name (with --json: one object a line)."""
    rows = [asdict(fleet) for fleet in run_async(_list(settings_from(data_dir, url)))]
    if as_json:
        print_json_lines(rows)
    else:
        for row in rows:
            row["default_tags"] = ", ".join(f"{key}={value}" for key, value in row["default_tags"].items())
        print_table(
            rows,
            ["name", "devices", "default_tags", "expected_every", "description"],
            empty="There is no fleet yet.",
        )


@app.command()
def show(name: Name, data_dir: DataDir = None, url: Url = None) -> None:
    """Show one fleet, as JSON."""
    print_json(asdict(run_async(_get(settings_from(data_dir, url), name))))


@app.command()
def create(
    name: Name,
    *,
    description: Description = None,
    tag: Tags = None,
    settings: SettingsText = None,
    expect: Pace = None,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Make a fleet."""
    draft = _changed(FleetDraft(), description, tag, settings, expect)
    run_async(_create(settings_from(data_dir, url), name, draft))
    narrate(f"The fleet {name} is there. `iotistic fleets add {name} DEVICE` puts devices into it.")


@app.command()
def change(
    name: Name,
    *,
    description: Description = None,
    tag: Tags = None,
    settings: SettingsText = None,
    expect: Pace = None,
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Change what a fleet gives its devices; what no option names stays."""

    def changed(draft: FleetDraft) -> FleetDraft:
        return _changed(draft, description, tag, settings, expect)

    fleet = run_async(_change(settings_from(data_dir, url), name, changed))
    narrate(f"{fleet.devices} devices have it so.")


@app.command()
def add(name: Name, devices: Devices, data_dir: DataDir = None, url: Url = None) -> None:
    """Move devices to a fleet."""
    _tell_moved(run_async(_assign(settings_from(data_dir, url), name, devices)))


@app.command()
def remove(devices: Devices, data_dir: DataDir = None, url: Url = None) -> None:
    """Take devices out of their fleets."""
    _tell_moved(run_async(_assign(settings_from(data_dir, url), None, devices)))


@app.command()
def delete(name: Name, data_dir: DataDir = None, url: Url = None) -> None:
    """Delete a fleet without devices."""
    run_async(_delete(settings_from(data_dir, url), name))
    narrate(f"The fleet {name} is gone.")


def _changed(
    draft: FleetDraft,
    description: str | None,
    tags: Sequence[str] | None,
    settings: str | None,
    expect: timedelta | None,
) -> FleetDraft:
    if description is not None:
        draft = replace(draft, description=description)
    if tags is not None:
        draft = replace(draft, default_tags=dict(map(parse_tag, tags)))
    if settings is not None:
        draft = replace(draft, default_settings=_object(settings))
    if expect is not None:
        draft = replace(draft, expected_every=expect)
    return draft


def _object(text: str) -> dict[str, Any]:
    try:
        value: object = json.loads(text)
    except ValueError as error:
        raise SettingsUnreadable(f"--settings is no JSON: {error}.") from error
    if not isinstance(value, dict):
        raise SettingsUnreadable("--settings is no JSON object.", hint='Write {"report_every_seconds": 60}.')
    return cast("dict[str, Any]", value)


async def _list(settings: Settings) -> Sequence[Fleet]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.fleets.list_fleets(limit=1000)


async def _get(settings: Settings, name: str) -> Fleet:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        return await work.fleets.get_fleet(name)


async def _create(settings: Settings, name: str, draft: FleetDraft) -> None:
    async with opened(settings) as platform, platform.begin() as work:
        await work.fleets.create_fleet(name, draft)


async def _change(settings: Settings, name: str, changed: Callable[[FleetDraft], FleetDraft]) -> Fleet:
    async with opened(settings) as platform, platform.begin() as work:
        fleet = await work.fleets.get_fleet(name)
        draft = FleetDraft(
            description=fleet.description,
            default_tags=fleet.default_tags,
            default_settings=fleet.default_settings,
            expected_every=fleet.expected_every,
        )
        return await work.fleets.replace_fleet(name, changed(draft))


def _tell_moved(count: int) -> None:
    narrate(f"{count} {'device' if count == 1 else 'devices'} moved")


async def _assign(settings: Settings, fleet: str | None, names: Sequence[str]) -> int:
    async with opened(settings) as platform, platform.begin() as work:
        uuids = [(await get_named_device(work, name)).uuid for name in names]
        return await work.fleets.assign(fleet, uuids)


async def _delete(settings: Settings, name: str) -> None:
    async with opened(settings) as platform, platform.begin() as work:
        await work.fleets.delete_fleet(name)
