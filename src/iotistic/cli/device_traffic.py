"""`iotistic devices traffic`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from iotistic.cli.device_options import opened
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json_lines, print_table, readable_bytes, run_async
from iotistic.cli.time_range import From, Since, To, time_range
from iotistic.config import Settings
from iotistic.devices.traffic import Traffic

__all__ = ["traffic"]


def traffic(
    name: Annotated[str, typer.Argument(help="The device's name or uuid.")],
    *,
    since: Since = "24h",
    start: From = None,
    end: To = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 100,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what a device sends to the API and gets from it, by the hour (with --json: one object a line)."""
    found = run_async(_list(settings_from(data_dir, url), name, (since, start, end), limit))
    if as_json:
        print_json_lines(asdict(one) for one in found)
        return
    rows = [
        {
            "hour": one.timestamp,
            "kind": one.kind,
            "requests": one.requests,
            "refused": one.refused,
            "received": readable_bytes(one.bytes_received),
            "sent": readable_bytes(one.bytes_sent),
        }
        for one in found
    ]
    print_table(rows, ["hour", "kind", "requests", "refused", "received", "sent"], empty="It sent nothing.")
    if len(found) == limit:
        narrate("There may be more: --limit shows up to 1000, --to goes on before an hour.")


async def _list(
    settings: Settings, name: str, said: tuple[str, str | None, str | None], limit: int
) -> Sequence[Traffic]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        first, last = time_range(platform.clock(), *said)
        device = await get_named_device(work, name)
        return await work.traffic.list_traffic(device.uuid, since=first, until=last, limit=limit)
