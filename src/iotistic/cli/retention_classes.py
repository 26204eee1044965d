"""`iotistic partitions classes|retain`: whose rows stay longer or shorter than the others'."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.errors import Invalid
from iotistic.partitioning import DeviceClass, RetentionClasses

__all__ = ["classes", "retain"]


class RetentionUnclear(Invalid):
    """A word that says no retention class."""

    code = "retention_class_unclear"


def classes(data_dir: DataDir = None, url: Url = None, as_json: AsJson = False) -> None:
    """List the devices whose rows stay longer or shorter than the policy of their table says."""
    found, names = run_async(_classes(settings_from(data_dir, url)))
    if as_json:
        print_json_lines(asdict(one) for one in found)
    else:
        empty = "The rows of every device stay as long as the policies say."
        rows = [{**asdict(one), "device": names.get(one.device_uuid, one.device_uuid)} for one in found]
        print_table(rows, ["parent", "device", "keep_days", "changed_at"], empty=empty)


def retain(
    device: Annotated[str, typer.Argument(help="Name or uuid of a device.")],
    days: Annotated[
        str, typer.Argument(help="7, 30, 90 or 400; or `policy` for what the table's policy says.")
    ],
    table: Annotated[str, typer.Option("--table", help="Whose rows.")] = "device_metrics",
    data_dir: DataDir = None,
    url: Url = None,
) -> None:
    """Let the rows of one device stay longer or shorter than those of the others, also rows that are there already."""
    if days != "policy" and not days.isdecimal():
        raise RetentionUnclear(f"{days!r} is no number of days.", hint="Say 7, 30, 90, 400 or policy.")
    keep_days = None if days == "policy" else int(days)
    changed = run_async(_retain(settings_from(data_dir, url), device, keep_days, table))
    narrate("That holds from the next night on." if changed else "That was so already.")


async def _classes(settings: Settings) -> tuple[list[DeviceClass], dict[UUID, str]]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        found = await RetentionClasses(work.connection).list_devices(limit=1000)
        return found, await work.devices.list_names({one.device_uuid for one in found})


async def _retain(settings: Settings, device: str, keep_days: int | None, table: str) -> bool:
    async with opened(settings) as platform, platform.begin() as work:
        found = await get_named_device(work, device)
        return await RetentionClasses(work.connection).set_class(table, found.uuid, keep_days)
