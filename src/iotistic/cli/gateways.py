"""`iotistic gateways ...`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.devices.gateways import GrantedDevice

__all__ = ["app"]

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Say which devices a gateway may send telemetry for."
)

Gateway = Annotated[str, typer.Argument(help="The gateway's name or uuid.", metavar="GATEWAY")]
Devices = Annotated[list[str], typer.Argument(help="Names or uuids of devices.", metavar="DEVICE...")]


@app.command("list")
def list_granted(
    gateway: Gateway, data_dir: DataDir = None, url: Url = None, as_json: AsJson = False
) -> None:
    """List the devices a gateway may send for (with --json: one object a line)."""
    rows = [asdict(one) for one in run_async(_list(settings_from(data_dir, url), gateway))]
    if as_json:
        print_json_lines(rows)
    else:
        print_table(
            rows,
            ["name", "device_uuid", "retired", "granted_at"],
            empty="It may send for no device but itself.",
        )


@app.command()
def grant(gateway: Gateway, devices: Devices, data_dir: DataDir = None, url: Url = None) -> None:
    """Let a gateway send for devices."""
    count = run_async(_change(settings_from(data_dir, url), gateway, devices, granted=True))
    narrate(f"{count} devices more")


@app.command()
def revoke(gateway: Gateway, devices: Devices, data_dir: DataDir = None, url: Url = None) -> None:
    """Take grants back; from the next body on nothing is taken for these devices."""
    count = run_async(_change(settings_from(data_dir, url), gateway, devices, granted=False))
    narrate(f"{count} devices fewer")


async def _list(settings: Settings, gateway: str) -> Sequence[GrantedDevice]:
    granted: list[GrantedDevice] = []
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        uuid = (await get_named_device(work, gateway)).uuid
        after: UUID | None = None
        while page := await work.gateways.list_granted(uuid, after=after, limit=1000):
            granted += page
            after = page[-1].device_uuid
    return granted


async def _change(settings: Settings, gateway: str, devices: Sequence[str], *, granted: bool) -> int:
    async with opened(settings) as platform, platform.begin() as work:
        uuid = (await get_named_device(work, gateway)).uuid
        uuids = [(await get_named_device(work, name)).uuid for name in devices]
        change = work.gateways.grant if granted else work.gateways.revoke
        return await change(uuid, uuids)
