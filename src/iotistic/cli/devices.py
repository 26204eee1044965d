"""`iotistic devices ...`."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from iotistic.bootstrap.platform import open_platform
from iotistic.cli import claim_keys, device_sensors
from iotistic.cli.device_acts import clock, create, restore, retire, tag
from iotistic.cli.device_connectivity import expect, find, transitions
from iotistic.cli.device_enrolment import allow_enrolment, enrolment_attempts
from iotistic.cli.device_files import export_devices, import_devices
from iotistic.cli.device_interfaces import interfaces
from iotistic.cli.device_options import (
    Fleet,
    Kind,
    NamePart,
    Status,
    Where,
    device_filter,
    opened,
)
from iotistic.cli.device_traffic import traffic
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import print_json, print_json_lines, print_table, readable_bytes, run_async
from iotistic.cli.sparkline import sparkline
from iotistic.config import Settings
from iotistic.devices import Device, DeviceFilter

__all__ = ["app"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List devices, look at one, register, import and export them.",
)

_IN_STEP = 2.0
"""Seconds that a report may take to get here."""
_CHARTED = (
    "cpu_usage",
    "cpu_temp",
    "memory_percent",
    "storage_percent",
    "network_received_bytes_per_second",
    "network_sent_bytes_per_second",
    "load_1m",
)


app.command("import")(import_devices)
app.command("export")(export_devices)
app.command()(create)
app.command()(retire)
app.command()(restore)
app.command()(tag)
app.command()(allow_enrolment)
app.command()(enrolment_attempts)
app.command()(find)
app.command()(transitions)
app.command()(expect)
app.command()(traffic)
app.command()(interfaces)
app.add_typer(claim_keys.app, name="claim-keys")
app.add_typer(device_sensors.app, name="sensors")
app.command()(clock)


@app.command("list")
def list_devices(
    *,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
    where: Where = None,
    fleet: Fleet = None,
    kind: Kind = None,
    name: NamePart = None,
    status: Status = None,
    retired: Annotated[bool, typer.Option("--retired", help="Those out of service instead.")] = False,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 100,
) -> None:
    """List devices by name (with --json: one object a line)."""
    which = device_filter(where=where, fleet=fleet, kind=kind, name=name, status=status)
    devices = run_async(_list(settings_from(data_dir, url), which, retired=retired, limit=limit))
    rows = [asdict(device) for device in devices]
    if as_json:
        print_json_lines(rows)
    else:
        empty = "There is no device yet." if which.is_everything else "No device is meant by that."
        print_table(rows, ["name", "kind", "fleet", "connection_status", "uuid"], empty=empty)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The device's name or uuid.")],
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show one device: what it is, its newest values, and the last hour as sparklines."""
    seen = run_async(_look(settings_from(data_dir, url), name))
    if as_json:
        print_json(seen)
    else:
        _render(seen)


async def _list(settings: Settings, which: DeviceFilter, *, retired: bool, limit: int) -> Sequence[Device]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        if retired:
            return await work.devices.list_retired_devices(which, limit=limit)
        return await work.devices.list_devices(which, limit=limit)


async def _look(settings: Settings, name: str) -> dict[str, Any]:
    platform = await open_platform(settings, application_name="iotistic-devices", with_ingest=False)
    try:
        async with platform.begin(read_only=True) as work:
            device = await get_named_device(work, name)
            latest = await work.telemetry.latest(device.uuid)
            known = {value.metric for value in latest}
            charted = [metric for metric in _CHARTED if metric in known] or sorted(known)[:8]
            lines = await work.telemetry.sparklines(device.uuid, charted, platform.clock())
            return {
                "device": asdict(device),
                "tags": {tag.key: tag.value for tag in await work.devices.list_tags(device.uuid)},
                "clock": asdict(await work.clocks.find_clock(device.uuid)),
                "interfaces": [asdict(one) for one in await work.network.list_interfaces(device.uuid)],
                "latest": [asdict(value) for value in latest],
                "last_hour": [asdict(line) for line in lines],
            }
    finally:
        await platform.close()


def _render(seen: dict[str, Any]) -> None:
    device = seen["device"]
    sys.stdout.write(f"{device['name']}  {device['kind']}, {device['connection_status']}  {device['uuid']}\n")
    if device["fleet"]:
        sys.stdout.write(f"  {'fleet':<12}{device['fleet']}\n")
    if seen["tags"]:
        tags = ", ".join(f"{key}={value}" for key, value in seen["tags"].items())
        sys.stdout.write(f"  {'tags':<12}{tags}\n")
    for one in seen["interfaces"]:
        addresses = ", ".join(map(str, one["addresses"])) or "no address"
        sys.stdout.write(f"  {one['name']:<12}{addresses}\n")
    sys.stdout.write(f"  clock       {_clock(seen['clock'])}\n")
    sys.stdout.write("\nThe last hour, a character a minute\n")
    units = {value["metric"]: value for value in seen["latest"]}
    for line in seen["last_hour"]:
        newest = units.get(line["metric"])
        shown = "-" if newest is None else _quantity(newest["value"], newest["unit"])
        sys.stdout.write(f"  {line['metric']:<34}{sparkline(line['values'])}  {shown}\n")
    if not seen["last_hour"]:
        sys.stdout.write("  nothing was reported\n")


def _clock(clock: dict[str, Any]) -> str:
    if clock["stamped_on_receipt"]:
        return "not trusted: reports are dated by their receipt"
    if clock["skew"] is None:
        return "not compared with ours yet"
    seconds = clock["skew"].total_seconds()
    if abs(seconds) < _IN_STEP:
        return "in step with ours"
    return f"{abs(seconds):,.0f} s {'ahead of' if seconds > 0 else 'behind'} ours, or delayed by as much"


def _quantity(value: float, unit: str | None) -> str:
    match unit:
        case "percent":
            return f"{value:.1f} %"
        case "bytes":
            return readable_bytes(int(value))
        case "bytes_per_second" | "bytes per second":
            return f"{readable_bytes(int(value))}/s"
        case "celsius":
            return f"{value:.1f} °C"
        case None:
            return f"{value:.2f}"
        case _:
            return f"{value:.2f} {unit}"
