"""`iotistic devices find`, `transitions` and `expect`."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer

from iotistic.cli.claim_keys import lasting
from iotistic.cli.device_options import opened
from iotistic.cli.duration import readable_time
from iotistic.cli.named_device import get_named_device
from iotistic.cli.options import AsJson, DataDir, Url, settings_from
from iotistic.cli.output import narrate, print_json, print_json_lines, print_table, run_async
from iotistic.config import Settings
from iotistic.devices.connectivity import Connectivity, Transition
from iotistic.devices.network import InterfaceFound
from iotistic.errors import Invalid

__all__ = ["expect", "find", "transitions"]


class SearchUnclear(Invalid):
    """What to look for is not said, or twice."""

    code = "search_unclear"


def find(
    *,
    ip: Annotated[
        str | None, typer.Option("--ip", metavar="ADDRESS", help="An address, or a network: 192.0.2.0/24.")
    ] = None,
    mac: Annotated[
        str | None, typer.Option("--mac", metavar="ADDRESS", help="A MAC address in any of its usual forms.")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 100,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Find devices by an address of their interfaces (with --json: one object a line)."""
    if (ip is None) == (mac is None):
        raise SearchUnclear(
            "Give --ip or --mac.", hint="For example: iotistic devices find --ip 192.0.2.0/24"
        )
    found = run_async(_find(settings_from(data_dir, url), ip, mac, limit))
    if as_json:
        print_json_lines(asdict(one) for one in found)
    else:
        rows = [asdict(one) | {"addresses": ", ".join(one.addresses) or "-"} for one in found]
        columns = ["device_name", "interface", "mac", "addresses", "is_up", "device_uuid"]
        print_table(rows, columns, empty="No device has that.")


def transitions(
    name: Annotated[str, typer.Argument(help="The device's name or uuid.")],
    *,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 20,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show how a device stands, and when it came and went (with --json: one object a line)."""
    stands, found = run_async(_transitions(settings_from(data_dir, url), name, limit))
    rows: list[dict[str, Any]] = [asdict(one) for one in found]
    if as_json:
        print_json_lines(row | {"lasted": row["lasted"].total_seconds()} for row in rows)
        return
    heard = "never" if stands.last_contact_at is None else f"{stands.last_contact_at:%Y-%m-%d %H:%M:%S}"
    narrate(
        f"{stands.status} since {stands.since:%Y-%m-%d %H:%M:%S}, last heard of {heard},"
        f" expected every {readable_time(stands.expected_every)}"
    )
    shown = [row | {"lasted": readable_time(row["lasted"])} for row in rows]
    print_table(shown, ["occurred_at", "was", "lasted", "became"], empty="It never came.")


def expect(
    name: Annotated[str, typer.Argument(help="The device's name or uuid.")],
    every: Annotated[
        timedelta | None,
        typer.Argument(
            parser=lasting, metavar="[TIME]", help="15s to 366d; as often as others when left out."
        ),
    ] = None,
    *,
    data_dir: DataDir = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Say how often a device is expected: after twice that time it is offline."""
    stands = run_async(_expect(settings_from(data_dir, url), name, every))
    if as_json:
        print_json(asdict(stands) | {"expected_every": stands.expected_every.total_seconds()})
    else:
        narrate(f"It is offline after {readable_time(2 * stands.expected_every)} of silence.")


async def _find(settings: Settings, ip: str | None, mac: str | None, limit: int) -> Sequence[InterfaceFound]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        if ip is not None:
            return await work.network.find_by_address(ip, limit=limit)
        return await work.network.find_by_mac(mac or "", limit=limit)


async def _transitions(
    settings: Settings, name: str, limit: int
) -> tuple[Connectivity, Sequence[Transition]]:
    async with opened(settings) as platform, platform.begin(read_only=True) as work:
        device = await get_named_device(work, name)
        stands = await work.connectivity.get_connectivity(device.uuid)
        return stands, await work.connectivity.list_transitions(device.uuid, limit=limit)


async def _expect(settings: Settings, name: str, every: timedelta | None) -> Connectivity:
    async with opened(settings) as platform, platform.begin() as work:
        device = await get_named_device(work, name)
        return await work.connectivity.expect(device.uuid, every)
