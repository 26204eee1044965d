"""`iotistic devices interfaces`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.devices import NetworkInterface
from iotistic.devices.network import InterfaceChange

__all__ = ["interfaces"]


def interfaces(
    name: Annotated[str, typer.Argument(help="The device's name or uuid.")],
    *,
    history: Annotated[
        bool, typer.Option("--history", help="What changed about them instead, newest first.")
    ] = False,
    limit: Annotated[int, typer.Option(help="At most so many changes.", min=1, max=1000)] = 100,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List the network interfaces of a device, or how they changed (with --json: one object a line)."""
    settings = settings_from(data_dir, url)
    rows = run_async(_changes(settings, name, limit) if history else _present(settings, name))
    if as_json:
        print_json_lines(rows)
        return
    shown = [row | {"addresses": ", ".join(map(str, row["addresses"])) or "-"} for row in rows]
    columns = ["name", "mac", "addresses", "is_up", "ssid", "signal_dbm"]
    print_table(
        shown,
        ["occurred_at", "change", *columns] if history else columns,
        empty="Nothing changed." if history else "The device names no interface.",
    )
    if history and len(rows) == limit:
        narrate("There may be more: --limit shows up to 1000.")


async def _present(settings: Settings, name: str) -> list[dict[str, Any]]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        device = await get_named_device(work, name)
        found: Sequence[NetworkInterface] = await work.network.list_interfaces(device.uuid)
    return [asdict(one) for one in found]


async def _changes(settings: Settings, name: str, limit: int) -> list[dict[str, Any]]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        device = await get_named_device(work, name)
        found: Sequence[InterfaceChange] = await work.network.list_changes(device.uuid, limit=limit)
    return [asdict(one) for one in found]
