"""`iotistic vpn ...`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.vpn import VpnCertificate

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Certificates of the VPN.")


@app.callback()
def _group() -> None:
    """Certificates of the VPN."""


@app.command()
def certificates(
    *,
    device: Annotated[
        str | None, typer.Option("--device", metavar="NAME|UUID", help="Only those of this device.")
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="FINGERPRINT", help="Only those behind this one.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="The most of them.")] = 100,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List certificates, also those that ended or were taken back (with --json: one object a line)."""
    rows = [asdict(one) for one in run_async(_list(settings_from(data_dir, url), device, after, limit))]
    if as_json:
        print_json_lines(rows)
        return
    columns = ["common_name", "state", "not_after", "serial", "issuer"]
    print_table(rows, columns, empty="No certificate was issued.")
    if len(rows) == limit:
        narrate(f"There may be more: --after {rows[-1]['fingerprint']} goes on.")


async def _list(
    settings: Settings, device: str | None, after: str | None, limit: int
) -> Sequence[VpnCertificate]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        uuid = None if device is None else (await get_named_device(work, device)).uuid
        return await work.vpn.list_certificates(device_uuid=uuid, after=after, limit=limit)
